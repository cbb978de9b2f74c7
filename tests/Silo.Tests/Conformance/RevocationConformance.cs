using System.Text.Json;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Faults;
using Assay.Silo.Tests.Running;
using static Assay.Silo.Tests.Conformance.TokenQuestions;

namespace Assay.Silo.Tests.Conformance;

/// <summary>Checks 10.2: revocation (RFC 7009).</summary>
public sealed class RevocationConformance(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task Check_10_2_1_A_client_ends_its_own_token_and_repeating_it_or_sending_garbage_is_no_error()
    {
        var token = await Silo.TokenOf("payments-exporter");
        var sibling = await Silo.TokenOf("payments-exporter");

        var first = await Silo.Revoke("payments-exporter", token);

        Assert.Equal((200, ""), (first.Status, first.Body));
        Assert.False(await IsActive(token));
        Assert.True(await IsActive(sibling));
        Assert.Equal(200, (await Silo.Revoke("payments-exporter", token)).Status);
        Assert.Equal(200, (await Silo.Revoke("payments-exporter", "garbage")).Status);
        Assert.False(await IsActive(token));
    }

    [Fact]
    public async Task Check_10_2_2_A_wrong_hint_changes_nothing_and_without_a_token_the_request_is_invalid()
    {
        var token = await Silo.TokenOf("payments-exporter");

        var hinted = await Silo.Revoke("payments-exporter", token, ("token_type_hint", "refresh_token"));
        var missing = await Silo.PostAs("payments-exporter", "/oauth/revoke", []);

        Assert.Equal((200, false), (hinted.Status, await IsActive(token)));
        Assert.Equal((400, "invalid_request"), (missing.Status, missing.Error));
    }

    [Fact]
    public async Task Check_10_2_3_Another_clients_token_stays_active_and_the_attempt_is_recorded()
    {
        var token = await Silo.TokenOf("payments-exporter");
        var jti = Jti(token);

        var answer = await Silo.Revoke("acme-crm", token);

        Assert.Equal((200, true), (answer.Status, await IsActive(token)));
        var acts = (await Silo.Admin("GET", "evidence?identity=acme-crm&kind=admin")).Body.GetProperty("records").EnumerateArray();
        Assert.Contains(acts, act => act.GetProperty("action").GetString() == "revoke token (refused: another client's)" && act.GetProperty("target").GetString() == jti);
    }

    [Fact]
    public async Task Check_10_2_4_Who_does_not_authenticate_is_refused()
    {
        var token = await Silo.TokenOf("payments-exporter");

        var nobody = await Silo.PostForm("/oauth/revoke", [("token", token)]);
        var forged = await Silo.PostForm("/oauth/revoke", [.. Proof(Assertion.For(Silo, "acme-crm").With("iss", "payments-exporter").With("sub", "payments-exporter").Sign()), ("token", token)]);

        Assert.Equal((401, "invalid_client"), (nobody.Status, nobody.Error));
        Assert.Equal((401, "invalid_client"), (forged.Status, forged.Error));
        Assert.True(await IsActive(token));
    }

    [Fact]
    public async Task Check_10_2_6_While_the_store_is_out_the_answer_is_503_and_says_when_to_try_again()
    {
        var silo = Silo;
        var token = await silo.TokenOf("payments-exporter");

        using (BrokenTable.Break(silo, "state.db", "feed"))
        {
            var refused = await silo.Revoke("payments-exporter", token);

            Assert.Equal((503, "temporarily_unavailable", true), (refused.Status, refused.Error, refused.Response.Headers.RetryAfter is not null));
        }

        Assert.True((await silo.Introspect(ResourceServer, token)).Json.GetProperty("active").GetBoolean()); // "the client must assume the token is still valid"
        Assert.Equal(200, (await silo.Revoke("payments-exporter", token)).Status);
        Assert.Equal(Inactive, (await silo.Introspect(ResourceServer, token)).Body);
    }

    [Fact]
    public async Task The_end_of_a_token_is_recorded_under_its_client()
    {
        var token = await Silo.TokenOf("payments-exporter");

        await Silo.Revoke("payments-exporter", token);

        var acts = (await Silo.Admin("GET", "evidence?identity=payments-exporter&kind=admin")).Body.GetProperty("records").EnumerateArray();
        var act = acts.Single(act => act.GetProperty("target").GetString() == Jti(token));
        Assert.Equal(("revoke token", true), (act.GetProperty("action").GetString(), act.GetProperty("number").GetInt64() > 0));
    }

    [Fact]
    public async Task The_metadata_names_both_endpoints_and_how_clients_prove_themselves_there()
    {
        using var metadata = JsonDocument.Parse(await Silo.Http.GetStringAsync(Silo.Url + "/.well-known/oauth-authorization-server"));

        var root = metadata.RootElement;
        Assert.Equal((Silo.Url + "/oauth/introspect", Silo.Url + "/oauth/revoke"), (root.GetProperty("introspection_endpoint").GetString(), root.GetProperty("revocation_endpoint").GetString()));
        Assert.Equal("""["ES256"]""", root.GetProperty("introspection_signing_alg_values_supported").GetRawText());
        foreach (var endpoint in new[] { "introspection", "revocation" })
        {
            Assert.Equal(
                root.GetProperty("token_endpoint_auth_methods_supported").GetRawText(), root.GetProperty(endpoint + "_endpoint_auth_methods_supported").GetRawText());
            Assert.Equal(
                root.GetProperty("token_endpoint_auth_signing_alg_values_supported").GetRawText(),
                root.GetProperty(endpoint + "_endpoint_auth_signing_alg_values_supported").GetRawText());
        }
    }

    private async Task<bool> IsActive(string token) => (await Silo.Introspect(ResourceServer, token)).Json.GetProperty("active").GetBoolean();

    private static string Jti(string token)
    {
        using var claims = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]));
        return claims.RootElement.GetProperty("jti").GetString()!;
    }
}
