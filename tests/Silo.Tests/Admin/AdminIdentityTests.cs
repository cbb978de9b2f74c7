using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Assay.Client;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Admin;

/// <summary>Identities and what happens to them.</summary>
public sealed class AdminIdentityTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private const string Payments = "https://payments.example";
    private const string Reader = """Assay::Role::"payments-reader" """;

    private RunningSilo Silo => fixture.Silo;

    private async Task<string> Scopes(string id, string keyFile, string asked)
    {
        try
        {
            using var client = new AssayClient(new AssayClientOptions { Issuer = new Uri(Silo.Url), ClientId = id, Credential = AssayCredential.FromKeyFile(keyFile) });
            return string.Join(' ', (await client.RequestTokenAsync(Payments, asked.Split(' '))).Scopes);
        }
        catch (AssayTokenException refused)
        {
            return refused.Error ?? "";
        }
    }

    [Fact]
    public async Task Identities_come_in_pages()
    {
        var first = await Silo.Admin("GET", "identities?limit=2");
        var rest = await Silo.Admin("GET", $"identities?limit=500&after={first.Body.GetProperty("next").GetString()}");

        string[] Ids(AdminAnswer page) => [.. page.Body.GetProperty("identities").EnumerateArray().Select(found => found.GetProperty("id").GetString()!)];
        Assert.Equal(["acme-crm", "assay-bootstrap"], Ids(first));
        Assert.Equal(["ledgerly-sync", "payments-exporter"], Ids(rest).Where(id => id is "ledgerly-sync" or "payments-exporter" or "acme-crm" or "assay-bootstrap"));
        Assert.False(rest.Body.TryGetProperty("next", out _));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("501")]
    [InlineData("many")]
    [InlineData("1&limit=2")]
    public async Task A_limit_out_of_bounds_is_a_bad_query(string limit)
    {
        Assert.Equal(400, (await Silo.Admin("GET", $"identities?limit={limit}")).Status);
    }

    [Fact]
    public async Task An_unknown_identity_is_not_found()
    {
        foreach (var (method, path, body) in ((string, string, string?)[])[
            ("GET", "identities/nobody", null),
            ("DELETE", "identities/nobody", null),
            ("POST", "identities/nobody/enable", null),
            ("POST", "identities/nobody/disable", """{"reason":"x"}"""),
            ("PUT", "identities/nobody/memberships", $$"""{"group":{{JsonSerializer.Serialize(Reader.Trim())}}}"""),
            ("DELETE", $"identities/nobody/memberships?group={Uri.EscapeDataString(Reader.Trim())}", null),
            ("PUT", "identities/nobody/signals/x", """{"weight":1}"""),
            ("DELETE", "identities/nobody/signals/x", null),
            ("POST", "identities/nobody/credentials", """{"generateSecret":true}"""),
            ("DELETE", "identities/nobody/credentials/x", null),
            ("POST", "explain", """{"identity":"nobody"}""")])
        {
            var answer = await Silo.Admin(method, path, body);
            Assert.True(answer.Status == 404, $"{method} {path}: {answer.Status} {answer.Detail}");
        }
    }

    [Fact]
    public async Task An_identity_is_created_shown_replaced_and_deleted()
    {
        var created = await Silo.Admin("PUT", "identities/batch%2Fnightly", """{"name":"Nightly","owner":"ops","defaultResource":"https://payments.example","requestsPerSecond":5,"attributes":{"env":"prod","level":3}}""");
        var shown = await Silo.Admin("GET", "identities/batch%2Fnightly");
        var again = await Silo.Admin("PUT", "identities/batch%2Fnightly", "{}");
        var stale = await Silo.AdminWith(await Silo.AdminToken(), "PUT", "identities/batch%2Fnightly", "{}", "\"1\"");
        var replaced = await Silo.AdminWith(await Silo.AdminToken(), "PUT", "identities/batch%2Fnightly", """{"owner":"someone else"}""", $"\"{created.Number}\"");
        var after = await Silo.Admin("GET", "identities/batch%2Fnightly");
        var deleted = await Silo.Admin("DELETE", "identities/batch%2Fnightly");

        Assert.Equal((200, 200, 409, 409, 200, 200), (created.Status, shown.Status, again.Status, stale.Status, replaced.Status, deleted.Status));
        Assert.Equal("batch/nightly", shown.Body.GetProperty("id").GetString());
        Assert.Equal("""{"env":"prod","level":3}""", shown.Body.GetProperty("attributes").GetRawText());
        Assert.Equal(created.Number, shown.Body.GetProperty("number").GetInt64());
        Assert.Equal(("someone else", false), (after.Body.GetProperty("owner").GetString(), after.Body.TryGetProperty("name", out _)));
        Assert.Equal(404, (await Silo.Admin("GET", "identities/batch%2Fnightly")).Status);
    }

    [Fact]
    public async Task A_wrong_declaration_is_told_all_its_faults()
    {
        var answer = await Silo.Admin("PUT", "identities/not%20an%20id", """
            {"kind":"robot","grantTypes":["password"],"defaultResource":"payments","requestsPerSecond":0,"attributes":[1],
             "memberships":[{"group":"payments-reader"},{"group":"Assay::Role::\"nowhere\""}]}
            """);

        Assert.Equal(422, answer.Status);
        Assert.Equal(7, answer.Errors.Length);
    }

    [Fact]
    public async Task What_a_bundle_declares_is_edited_there()
    {
        var replaced = await Silo.AdminWith(
            await Silo.AdminToken(), "PUT", "identities/payments-exporter", "{}", $"\"{(await Silo.Admin("GET", "identities/payments-exporter")).Body.GetProperty("number").GetInt64()}\"");
        var deleted = await Silo.Admin("DELETE", "identities/payments-exporter");

        Assert.Equal((409, "Managed by a bundle"), (replaced.Status, replaced.Title));
        Assert.Equal((409, "Managed by a bundle"), (deleted.Status, deleted.Title));
        Assert.Contains("'quickstart'", replaced.Detail);
    }

    [Fact]
    public async Task The_next_token_sees_a_membership_and_its_removal()
    {
        var key = await Silo.Create("reader-1");
        Assert.Equal("invalid_scope", await Scopes("reader-1", key, "payments:read"));

        var added = await Silo.Admin("PUT", "identities/reader-1/memberships", $$"""{"group":{{JsonSerializer.Serialize(Reader.Trim())}}}""");
        Assert.Equal("payments:read", await Scopes("reader-1", key, "payments:read"));

        var removed = await Silo.Admin("DELETE", $"identities/reader-1/memberships?group={Uri.EscapeDataString(Reader.Trim())}");
        Assert.Equal("invalid_scope", await Scopes("reader-1", key, "payments:read"));

        Assert.Equal((200, true, 200, true), (added.Status, added.Body.GetProperty("changed").GetBoolean(), removed.Status, removed.Body.GetProperty("changed").GetBoolean()));
    }

    [Fact]
    public async Task The_same_membership_twice_changes_nothing_the_second_time()
    {
        await Silo.Create("reader-2", "payments-reader");

        var answer = await Silo.Admin("PUT", "identities/reader-2/memberships", $$"""{"group":{{JsonSerializer.Serialize(Reader.Trim())}}}""");

        Assert.Equal((200, false), (answer.Status, answer.Body.GetProperty("changed").GetBoolean()));
    }

    [Fact]
    public async Task A_membership_in_a_role_that_does_not_exist_is_refused()
    {
        await Silo.Create("reader-3");

        var answer = await Silo.Admin("PUT", "identities/reader-3/memberships", """{"group":"Assay::Role::\"payments-raeder\""}""");

        Assert.Equal((422, "There is no Assay::Role::\"payments-raeder\": a bundle declares roles and teams."), (answer.Status, answer.Detail));
    }

    [Fact]
    public async Task Risk_takes_a_scope_away_and_its_end_gives_it_back()
    {
        var key = Silo.KeyFile("acme-crm");
        Assert.Equal("payments:read payments:write", await Scopes("acme-crm", key, "payments:read payments:write"));

        await Silo.Admin("PUT", "identities/acme-crm/signals/unusual-country", """{"weight":80,"halfLife":"1h"}""");
        var shown = await Silo.Admin("GET", "identities/acme-crm");
        Assert.Equal("payments:read", await Scopes("acme-crm", key, "payments:read payments:write"));

        await Silo.Admin("DELETE", "identities/acme-crm/signals/unusual-country");
        Assert.Equal("payments:read payments:write", await Scopes("acme-crm", key, "payments:read payments:write"));
        var signal = shown.Body.GetProperty("signals")[0];
        Assert.Equal(("unusual-country", "admin", 80, "1h"), (signal.GetProperty("name").GetString(), signal.GetProperty("source").GetString(), signal.GetProperty("weight").GetInt32(), signal.GetProperty("halfLife").GetString()));
        Assert.Equal("critical", shown.Body.GetProperty("risk").GetProperty("level").GetString());
    }

    [Theory]
    [InlineData("""{"weight":0}""")]
    [InlineData("""{"weight":101}""")]
    [InlineData("""{"weight":50,"halfLife":"soon"}""")]
    [InlineData("""{"weight":50,"halfLife":"0s"}""")]
    public async Task A_signal_out_of_bounds_is_refused(string signal)
    {
        Assert.Equal(422, (await Silo.Admin("PUT", "identities/ledgerly-sync/signals/x", signal)).Status);
    }

    [Fact]
    public async Task A_secret_is_shown_once_works_and_is_revoked()
    {
        await Silo.Create("partner-1", "payments-reader");
        var made = await Silo.Admin("POST", "identities/partner-1/credentials", """{"generateSecret":true}""");
        var secret = made.Body.GetProperty("secret").GetString()!;
        using var client = new AssayClient(new AssayClientOptions { Issuer = new Uri(Silo.Url), ClientId = "partner-1", Credential = AssayCredential.FromSecret(secret) });

        Assert.Equal("payments:read", Assert.Single((await client.RequestTokenAsync(Payments, ["payments:read"])).Scopes));
        var shown = (await Silo.Admin("GET", "identities/partner-1")).Body.GetRawText();
        await Silo.Admin("DELETE", $"identities/partner-1/credentials/{made.Body.GetProperty("handle").GetString()}");
        var refused = await Assert.ThrowsAsync<AssayTokenException>(() => client.RequestTokenAsync(Payments, ["payments:read"]));

        Assert.Equal("invalid_client", refused.Error);
        Assert.DoesNotContain(secret, shown);
        Assert.DoesNotContain("hash", shown, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_secret_works_as_soon_as_it_is_shown_also_when_another_was_tried_a_moment_ago()
    {
        await Silo.Create("partner-4", "payments-reader");

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(401, (await Ask("wrong")).Status); // what is known of the client is as new as can be
            var made = await Silo.Admin("POST", "identities/partner-4/credentials", """{"generateSecret":true}""");
            Assert.Equal(200, (await Ask(made.Body.GetProperty("secret").GetString()!)).Status);
        }

        Task<Answer> Ask(string secret) => Silo.Post([
            ("grant_type", "client_credentials"), ("client_id", "partner-4"), ("client_secret", secret), ("resource", Payments)]);
    }

    [Fact]
    public async Task A_key_belongs_to_one_identity_and_does_not_come_back_once_revoked()
    {
        await Silo.Create("partner-2");
        await Silo.Create("partner-3");
        var (_, jwk) = AdminCalls.NewKey(Silo);
        var added = await Silo.Admin("POST", "identities/partner-2/credentials", $$"""{"publicJwk":{{jwk}}}""");

        var taken = await Silo.Admin("POST", "identities/partner-3/credentials", $$"""{"publicJwk":{{jwk}}}""");
        await Silo.Admin("DELETE", $"identities/partner-2/credentials/{added.Body.GetProperty("handle").GetString()}");
        var back = await Silo.Admin("POST", "identities/partner-2/credentials", $$"""{"publicJwk":{{jwk}}}""");

        Assert.Equal((200, 409, 409), (added.Status, taken.Status, back.Status));
        Assert.Contains("revoked", back.Detail);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"generateSecret":true,"publicJwk":{}}""")]
    [InlineData("""{"publicJwk":"text"}""")]
    [InlineData("""{"publicJwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}""")]
    [InlineData("""{"publicJwk":{"kty":"oct","k":"AA"}}""")]
    public async Task A_credential_that_is_none_is_refused(string credential)
    {
        Assert.Equal(422, (await Silo.Admin("POST", "identities/ledgerly-sync/credentials", credential)).Status);
    }

    [Theory]
    [InlineData("""{"weight":5,"wieght":5}""")]
    [InlineData("""{"weight":5,"weight":6}""")]
    [InlineData("""{"Weight":5}""")]
    [InlineData("""{"weight":"5"}""")]
    [InlineData("""{"weight":5.5}""")]
    [InlineData("""{"weight":null}""")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"weight":5} x""")]
    public async Task A_malformed_body_is_a_bad_request(string body)
    {
        var answer = await Silo.Admin("PUT", "identities/ledgerly-sync/signals/x", body);

        Assert.Equal((400, "Malformed body"), (answer.Status, answer.Title));
    }

    [Fact]
    public async Task Bodies_have_a_size_a_type_and_a_depth()
    {
        var token = await Silo.AdminToken();
        Task<AdminAnswer> Send(HttpContent content) => Silo.AdminWith(token, "PUT", "identities/ledgerly-sync/signals/x", content);

        Assert.Equal(413, (await Send(new StringContent($$"""{"weight":5,"halfLife":"{{new string('1', 70_000)}}"}""", Encoding.UTF8, "application/json"))).Status);
        Assert.Equal(413, (await Send(new ChunkedContent(80_000))).Status);
        Assert.Equal(415, (await Send(new StringContent("weight=5", Encoding.UTF8, "application/x-www-form-urlencoded"))).Status);
        Assert.Equal(400, (await Send(new StringContent(new string('[', 20_000), Encoding.UTF8, "application/json"))).Status);
        var invalid = new ByteArrayContent([(byte)'{', (byte)'"', 0xff, 0xfe, (byte)'"', (byte)'}']);
        invalid.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        Assert.Equal(400, (await Send(invalid)).Status);
    }

    [Fact]
    public async Task A_body_that_is_not_utf8_is_a_bad_request_also_where_its_parts_are_read_late()
    {
        var invalid = new ByteArrayContent([.. """{"publicJwk":{"kty":" """u8, 0xff, .. "\"}}"u8]);
        invalid.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        var answer = await Silo.AdminWith(await Silo.AdminToken(), "POST", "identities/ledgerly-sync/credentials", invalid);

        Assert.Equal((400, "it is not UTF-8"), (answer.Status, answer.Detail));
    }

    private sealed class ChunkedContent : HttpContent
    {
        private readonly int length;

        public ChunkedContent(int length)
        {
            this.length = length;
            Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => stream.WriteAsync(Encoding.ASCII.GetBytes(new string(' ', length))).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
