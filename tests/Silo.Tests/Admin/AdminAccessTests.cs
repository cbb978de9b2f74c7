using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Assay.Client;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Admin;

/// <summary>Who gets into the admin API, and for how long.</summary>
public sealed class AdminAccessTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    /// <summary>Every route, and the scopes it takes.</summary>
    public static TheoryData<string, string, string> Routes => new()
    {
        { "GET", "identities", "identity.read" },
        { "GET", "identities/payments-exporter", "identity.read" },
        { "PUT", "identities/nobody", "identity.write" },
        { "DELETE", "identities/nobody", "identity.write" },
        { "POST", "identities/nobody/disable", "identity.write" },
        { "POST", "identities/nobody/enable", "identity.write" },
        { "POST", "identities/nobody/credentials", "identity.write" },
        { "DELETE", "identities/nobody/credentials/x", "identity.write" },
        { "PUT", "identities/nobody/memberships", "identity.write" },
        { "DELETE", "identities/nobody/memberships?group=x", "identity.write" },
        { "PUT", "identities/nobody/signals/x", "signal.write" },
        { "DELETE", "identities/nobody/signals/x", "signal.write" },
        { "GET", "policies", "policy.read" },
        { "GET", "policies/x", "policy.read" },
        { "POST", "policies", "policy.write" },
        { "POST", "policies/x/activate", "policy.activate" },
        { "POST", "policies/rollback", "policy.activate" },
        { "GET", "policies/history", "policy.read" },
        { "GET", "policies/shadow", "policy.read evidence.read" },
        { "POST", "policies/x/shadow", "policy.write" },
        { "DELETE", "policies/shadow", "policy.write" },
        { "POST", "policies/replay", "policy.read evidence.read" },
        { "GET", "keys", "key.read" },
        { "POST", "keys/rotate", "key.rotate" },
        { "POST", "keys/x/withdraw", "key.rotate" },
        { "GET", "evidence", "evidence.read" },
        { "GET", "evidence/x", "evidence.read" },
        { "GET", "evidence/x/proof", "evidence.read" },
        { "GET", "evidence/export", "evidence.read" },
        { "POST", "evidence/drop", "evidence.drop" },
        { "POST", "evidence/examine", "evidence.read" },
        { "GET", "blast-radius", "evidence.read" },
        { "POST", "containments", "token.revoke" },
        { "POST", "containments/1/undo", "token.revoke" },
        { "GET", "containments", "evidence.read" },
        { "POST", "explain", "identity.read policy.read" },
        { "POST", "apply", "identity.read policy.read api.read" },
        { "GET", "apis", "api.read" },
        { "GET", "groups", "api.read" },
        { "GET", "silos", "evidence.read" },
        { "GET", "revocations", "evidence.read" },
        { "POST", "revocations", "token.revoke" },
        { "POST", "introspect", "evidence.read" },
        { "GET", "event-streams", "identity.read" },
        { "POST", "event-streams/x/status", "identity.write" },
        { "DELETE", "event-streams/x", "identity.write" },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Without_a_token_a_call_is_only_told_that_one_is_needed(string method, string path, string scopes)
    {
        var answer = await Silo.AdminWith(null, method, path, "not even JSON");

        Assert.NotEqual("", scopes);
        Assert.Equal((401, "Bearer realm=\"assay-admin\""), (answer.Status, answer.Challenge));
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Each_scope_is_needed_and_the_body_is_not_read_before(string method, string path, string scopes)
    {
        foreach (var missing in scopes.Split(' '))
        {
            var others = string.Join(' ', AdminCalls.Everything.Split(' ').Where(scope => scope != missing));

            var answer = await Silo.AdminWith(await Silo.AdminToken(others), method, path, "not even JSON");

            Assert.Equal(403, answer.Status);
            Assert.Equal(
                $"Bearer realm=\"assay-admin\", error=\"insufficient_scope\", error_description=\"The token does not hold the scope.\", scope=\"{scopes}\"", answer.Challenge);
        }
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task With_its_scopes_a_call_gets_further(string method, string path, string scopes)
    {
        if (path == "keys/rotate")
            return; // what it does is tested on a silo of its own

        var answer = await Silo.AdminWith(await Silo.AdminToken(scopes), method, path, method == "GET" || method == "DELETE" ? null : "not even JSON");

        Assert.Contains(answer.Status, (int[])[200, 400, 404]);
    }

    [Fact]
    public async Task A_token_for_another_api_is_no_admin_token()
    {
        var token = await Silo.TokenFor("payments-exporter", Silo.KeyFile("payments-exporter"), "https://payments.example", "payments:read");

        var answer = await Silo.AdminWith(token, "GET", "identities");

        Assert.Equal(401, answer.Status);
        Assert.Contains("error=\"invalid_token\"", answer.Challenge);
    }

    [Fact]
    public async Task A_workload_without_an_admin_role_gets_no_admin_token()
    {
        var refused = await Assert.ThrowsAsync<AssayTokenException>(
            () => Silo.TokenFor("payments-exporter", Silo.KeyFile("payments-exporter"), AdminCalls.Resource, "identity.read"));

        Assert.Equal("invalid_scope", refused.Error);
    }

    [Fact]
    public async Task Tampered_unsigned_and_cut_tokens_are_refused()
    {
        var good = await Silo.AdminToken("identity.read");
        var parts = good.Split('.');
        string Encoded(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
        var claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1]));
        string[] bad =
        [
            $"{parts[0]}.{Encoded(claims.Replace("identity.read", "key.rotate", StringComparison.Ordinal))}.{parts[2]}",
            $"{Encoded("""{"alg":"none","typ":"at+jwt"}""")}.{parts[1]}.",
            $"{parts[0].Replace(parts[0], Encoded("""{"alg":"HS256","typ":"at+jwt"}"""), StringComparison.Ordinal)}.{parts[1]}.{parts[2]}",
            $"{parts[0]}.{parts[1]}",
            "x",
            new string('a', 100_000),
        ];

        foreach (var token in bad)
        {
            var answer = await Silo.AdminWith(token, "GET", "identities");
            Assert.True(answer.Status is 401 or 431, $"{token[..Math.Min(40, token.Length)]}: {answer.Status}"); // 431: longer than a header may be
        }

        Assert.Equal(200, (await Silo.AdminWith(good, "GET", "identities")).Status);
    }

    [Fact]
    public async Task An_admin_right_that_was_removed_is_gone_at_once()
    {
        var key = await Silo.Create("operator-1", "assay-admin");
        var token = await Silo.TokenFor("operator-1", key, AdminCalls.Resource, "identity.read");
        Assert.Equal(200, (await Silo.AdminWith(token, "GET", "identities")).Status);

        Assert.Equal(200, (await Silo.Admin("DELETE", $"identities/operator-1/memberships?group={Uri.EscapeDataString("Assay::Role::\"assay-admin\"")}")).Status);

        var answer = await Silo.AdminWith(token, "GET", "identities");
        Assert.Equal((403, "The right behind this token was withdrawn."), (answer.Status, answer.Detail));
        Assert.Contains("error=\"insufficient_scope\"", answer.Challenge);
    }

    [Fact]
    public async Task A_disabled_administrator_is_out_at_once_and_once_enabled_needs_a_new_token()
    {
        var key = await Silo.Create("operator-2", "assay-admin");
        var token = await Silo.TokenFor("operator-2", key, AdminCalls.Resource, "identity.read");

        await Silo.Admin("POST", "identities/operator-2/disable", """{"reason":"left"}""");
        var disabled = await Silo.AdminWith(token, "GET", "identities");
        await Silo.Admin("POST", "identities/operator-2/enable");
        var old = await Silo.AdminWith(token, "GET", "identities");
        var renewed = await Silo.AdminWith(await Silo.TokenFor("operator-2", key, AdminCalls.Resource, "identity.read"), "GET", "identities");

        Assert.Equal((401, 401, 200), (disabled.Status, old.Status, renewed.Status));
        Assert.Contains("error=\"invalid_token\"", disabled.Challenge);
        Assert.Contains("The token was revoked.", old.Challenge);
    }

    [Fact]
    public async Task A_revoked_credential_takes_the_tokens_with_it_that_it_obtained()
    {
        var key = await Silo.Create("operator-3", "assay-admin");
        var token = await Silo.TokenFor("operator-3", key, AdminCalls.Resource, "identity.read");
        var handle = (await Silo.Admin("GET", "identities/operator-3")).Body.GetProperty("credentials")[0].GetProperty("handle").GetString();

        await Silo.Admin("DELETE", $"identities/operator-3/credentials/{handle}");

        Assert.Equal(401, (await Silo.AdminWith(token, "GET", "identities")).Status);
    }

    [Fact]
    public async Task A_deleted_administrator_is_out()
    {
        var key = await Silo.Create("operator-4", "assay-admin");
        var token = await Silo.TokenFor("operator-4", key, AdminCalls.Resource, "identity.read");

        await Silo.Admin("DELETE", "identities/operator-4");

        Assert.Equal(401, (await Silo.AdminWith(token, "GET", "identities")).Status);
    }

    [Fact]
    public async Task At_risk_an_administrator_looks_and_does_not_touch()
    {
        var key = await Silo.Create("operator-5", "assay-admin");
        var token = await Silo.TokenFor("operator-5", key, AdminCalls.Resource, "identity.read identity.write");

        await Silo.Admin("PUT", "identities/operator-5/signals/unusual-country", """{"weight":60}""");

        Assert.Equal(200, (await Silo.AdminWith(token, "GET", "identities")).Status);
        Assert.Equal(403, (await Silo.AdminWith(token, "POST", "identities/acme-crm/enable")).Status);
    }

    [Fact]
    public async Task An_auditor_reads_and_changes_nothing()
    {
        var key = await Silo.Create("auditor-1", "assay-auditor");

        Assert.Equal(200, (await Silo.AdminWith(await Silo.TokenFor("auditor-1", key, AdminCalls.Resource, "evidence.read"), "GET", "evidence")).Status);
        await Assert.ThrowsAsync<AssayTokenException>(() => Silo.TokenFor("auditor-1", key, AdminCalls.Resource, "identity.write"));
    }

    [Fact]
    public async Task A_shared_secret_never_administers()
    {
        await Silo.Create("operator-6", "assay-admin");
        var secret = (await Silo.Admin("POST", "identities/operator-6/credentials", """{"generateSecret":true}""")).Body.GetProperty("secret").GetString()!;
        using var client = new AssayClient(new AssayClientOptions { Issuer = new Uri(Silo.Url), ClientId = "operator-6", Credential = AssayCredential.FromSecret(secret) });

        var refused = await Assert.ThrowsAsync<AssayTokenException>(() => client.RequestTokenAsync(AdminCalls.Resource, ["identity.read"]));

        Assert.Equal("invalid_scope", refused.Error);
    }

    [Fact]
    public async Task The_description_names_every_route_with_its_scopes()
    {
        using var document = JsonDocument.Parse(await Silo.Http.GetStringAsync(Silo.Url + "/admin/v1/openapi.json"));

        var described = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => (
                Route: $"{operation.Name.ToUpperInvariant()} {path.Name["/admin/v1/".Length..]}",
                Scopes: string.Join(' ', operation.Value.GetProperty("security")[0].GetProperty("token").EnumerateArray().Select(scope => scope.GetString())))))
            .ToDictionary(entry => entry.Route, entry => entry.Scopes);
        string Template(string path) => path.Split('?')[0] switch
        {
            "identities/payments-exporter" or "identities/nobody" => "identities/{id}",
            "identities/nobody/signals/x" => "identities/{id}/signals/{name}",
            "identities/nobody/credentials/x" => "identities/{id}/credentials/{handle}",
            "policies/x" => "policies/{version}",
            "policies/x/activate" => "policies/{version}/activate",
            "policies/x/shadow" => "policies/{version}/shadow",
            "keys/x/withdraw" => "keys/{kid}/withdraw",
            "evidence/x" => "evidence/{id}",
            "evidence/x/proof" => "evidence/{id}/proof",
            "containments/1/undo" => "containments/{act}/undo",
            "event-streams/x" => "event-streams/{id}",
            "event-streams/x/status" => "event-streams/{id}/status",
            var other => other.Replace("nobody", "{id}", StringComparison.Ordinal),
        };
        Assert.Equal(
            Routes.Select(row => ($"{row.Data.Item1} {Template(row.Data.Item2)}", row.Data.Item3)).Order(),
            described.Select(entry => (entry.Key, entry.Value)).Order());
    }
}
