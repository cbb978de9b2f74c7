using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Running;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using static Assay.Silo.Tests.Conformance.TokenQuestions;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Conformance;

/// <summary>Checks 10.1: introspection (RFC 7662, RFC 9701).</summary>
public sealed class IntrospectionConformance(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private const string Signed = "application/token-introspection+jwt";

    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task Check_10_1_1_A_live_token_is_active_with_its_claims_and_exactly_inactive_once_it_is_revoked()
    {
        var issued = await Silo.AskAs("payments-exporter", ("resource", Payments), ("scope", "payments:read payments:export"));

        var live = await Silo.Introspect(ResourceServer, issued.Token);

        var claims = issued.Claims;
        Assert.Equal((200, "application/json", "no-store"), (live.Status, live.MediaType, live.Response.Headers.CacheControl?.ToString()));
        Assert.Equal(
            $$"""{"active":true,"scope":"payments:read payments:export","client_id":"payments-exporter","token_type":"Bearer","exp":{{claims.GetProperty("exp")}},"iat":{{claims.GetProperty("iat")}},"sub":"payments-exporter","aud":"https://payments.example","iss":"{{Silo.Url}}","jti":"{{claims.GetProperty("jti").GetString()}}"}""",
            live.Body);
        Assert.Equal(200, (await Silo.Revoke("payments-exporter", issued.Token)).Status);
        var dead = await Silo.Introspect(ResourceServer, issued.Token);
        Assert.Equal((200, Inactive), (dead.Status, dead.Body));
    }

    [Fact]
    public async Task Check_10_1_2_Who_does_not_authenticate_is_refused_and_who_is_not_of_the_audience_learns_nothing()
    {
        var token = await Silo.TokenOf("payments-exporter");

        var nobody = await Silo.PostForm("/oauth/introspect", [("token", token)]);
        var another = await Silo.Introspect("acme-crm", token);
        var owner = await Silo.Introspect("payments-exporter", token);
        var random = await Silo.Introspect(ResourceServer, Base64Url.EncodeToString(Guid.NewGuid().ToByteArray()));
        var likeOne = await Silo.Introspect(ResourceServer, token[..^4] + (token.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA"));

        Assert.Equal((401, "invalid_client", true), (nobody.Status, nobody.Error, nobody.Response.Headers.WwwAuthenticate.Count > 0));
        foreach (var answer in new[] { another, owner, random, likeOne })
            Assert.Equal((200, Inactive, "no-store"), (answer.Status, answer.Body, answer.Response.Headers.CacheControl?.ToString()));
    }

    [Fact]
    public async Task Check_10_1_3_Without_a_token_the_request_is_invalid()
    {
        foreach (var parameters in new (string, string)[][] { [], [("token", "")], [("token", "a"), ("token", "b")] })
        {
            var answer = await Silo.PostAs(ResourceServer, "/oauth/introspect", parameters);
            Assert.Equal((400, "invalid_request"), (answer.Status, answer.Error));
        }
    }

    [Fact]
    public async Task Check_10_1_4_Asked_for_it_signed_the_answer_is_a_JWT_for_the_caller_that_can_pass_for_no_access_token()
    {
        var token = await Silo.TokenOf("payments-exporter");
        var plain = await Silo.Introspect(ResourceServer, token);

        var signed = await Silo.PostAs(ResourceServer, "/oauth/introspect", [("token", token)], Signed);

        Assert.Equal((200, Signed), (signed.Status, signed.MediaType));
        var keys = new JsonWebKeySet(await Silo.Http.GetStringAsync(Silo.Url + "/oauth/jwks")).GetSigningKeys();
        var validated = await new JsonWebTokenHandler().ValidateTokenAsync(signed.Body, new TokenValidationParameters
        {
            ValidIssuer = Silo.Url, ValidAudience = ResourceServer, ValidTypes = ["token-introspection+jwt"], ValidAlgorithms = ["ES256"], IssuerSigningKeys = keys,
            RequireExpirationTime = false,
        });
        Assert.True(validated.IsValid, validated.Exception?.ToString());
        var (header, claims) = Parts(signed.Body);
        Assert.Equal(["aud", "iat", "iss", "token_introspection"], claims.EnumerateObject().Select(claim => claim.Name).Order(StringComparer.Ordinal));
        Assert.Equal(plain.Body, claims.GetProperty("token_introspection").GetRawText());
        Assert.NotEqual(Parts(token).Header.GetProperty("kid").GetString(), header.GetProperty("kid").GetString());
    }

    [Fact]
    public async Task Check_10_1_5_Signed_about_a_dead_token_the_answer_says_that_and_no_more()
    {
        var token = await Silo.TokenOf("payments-exporter");
        Assert.Equal(200, (await Silo.Revoke("payments-exporter", token)).Status);

        foreach (var dead in new[] { token, "no token at all" })
        {
            var signed = await Silo.PostAs(ResourceServer, "/oauth/introspect", [("token", dead)], Signed);
            Assert.Equal((200, Signed), (signed.Status, signed.MediaType));
            Assert.Equal(Inactive, Parts(signed.Body).Claims.GetProperty("token_introspection").GetRawText());
        }
    }

    [Theory]
    [InlineData("*/*", "application/json"), InlineData("application/json", "application/json"), InlineData("application/json, application/token-introspection+jwt;q=0.5", "application/json")]
    [InlineData("application/token-introspection+jwt, application/json;q=0.9", Signed), InlineData("application/token-introspection+jwt;q=0", "application/json")]
    public async Task The_form_the_caller_likes_best_is_the_form_of_the_answer(string accept, string mediaType) =>
        Assert.Equal(mediaType, (await Silo.PostAs(ResourceServer, "/oauth/introspect", [("token", "x")], accept)).MediaType);

    [Fact]
    public async Task An_assertion_opens_one_door_once()
    {
        var assertion = Assertion.For(Silo, ResourceServer).Sign();

        Assert.Equal(200, (await Silo.PostForm("/oauth/introspect", [.. Proof(assertion), ("token", "x")])).Status);

        Assert.Equal((401, "invalid_client"), Status(await Silo.PostForm("/oauth/introspect", [.. Proof(assertion), ("token", "x")])));
        Assert.Equal((401, "invalid_client"), Status(await Silo.PostForm("/oauth/revoke", [.. Proof(assertion), ("token", "x")])));
        Assert.Equal((401, "invalid_client"), ((await Silo.Ask(assertion)).Status, (await Silo.Ask(assertion)).Error));
    }

    [Fact]
    public async Task A_resource_server_may_prove_itself_with_a_secret()
    {
        var made = await Silo.Admin("POST", $"identities/{ResourceServer}/credentials", """{"generateSecret":true}""");
        var secret = made.Body.GetProperty("secret").GetString();
        var token = await Silo.TokenOf("payments-exporter");

        var right = await Silo.PostForm("/oauth/introspect", [("token", token)], basic: $"{ResourceServer}:{secret}");
        var wrong = await Silo.PostForm("/oauth/introspect", [("token", token)], basic: $"{ResourceServer}:{secret}x");

        Assert.True(right.Json.GetProperty("active").GetBoolean());
        Assert.Equal((401, "invalid_client"), Status(wrong));
    }

    [Fact]
    public async Task Continuous_evaluation_answers_with_what_would_be_granted_now()
    {
        await Silo.Create("clerk", "payments-reader", "payments-writer");
        var file = (await Silo.Admin("GET", "identities/clerk")).Status; // there
        Assert.Equal(200, file);
        var key = AdminCalls.NewKey(Silo);
        Assert.Equal(200, (await Silo.Admin("POST", "identities/clerk/credentials", $$"""{"publicJwk":{{key.PublicJwk}}}""")).Status);
        var token = await Silo.TokenFor("clerk", key.File, Payments, "payments:read payments:write");
        Task<RawAnswer> Ask() => Silo.Introspect(ResourceServer, token, ("evaluation", "continuous"));
        Assert.Equal("payments:read payments:write", (await Ask()).Json.GetProperty("scope").GetString());

        Assert.Equal(200, (await Silo.Admin("DELETE", "identities/clerk/memberships?group=Assay%3A%3ARole%3A%3A%22payments-writer%22")).Status);
        Assert.Equal("payments:read", (await Ask()).Json.GetProperty("scope").GetString());
        Assert.Equal("payments:read payments:write", (await Silo.Introspect(ResourceServer, token)).Json.GetProperty("scope").GetString()); // what the token says
        Assert.Equal(200, (await Silo.Admin("PUT", "identities/clerk/signals/credential-leaked", """{"weight":1}""")).Status);
        Assert.Equal(Inactive, (await Ask()).Body);
        Assert.Equal(200, (await Silo.Admin("DELETE", "identities/clerk/signals/credential-leaked")).Status);
        Assert.Equal("payments:read", (await Ask()).Json.GetProperty("scope").GetString());
        Assert.Equal(200, (await Silo.Admin("POST", "identities/clerk/disable", """{"reason":"gone"}""")).Status);
        Assert.Equal(Inactive, (await Ask()).Body);
    }

    [Fact]
    public async Task Another_evaluation_is_invalid() =>
        Assert.Equal((400, "invalid_request"), Status(await Silo.Introspect(ResourceServer, "x", ("evaluation", "sometimes"))));

    private static (int, string?) Status(RawAnswer answer) => (answer.Status, answer.Error);

    private static (JsonElement Header, JsonElement Claims) Parts(string jwt)
    {
        var parts = jwt.Split('.');
        using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
        return (header.RootElement.Clone(), claims.RootElement.Clone());
    }
}
