using System.Text.Json;
using Assay.Silo.Tests.Conformance;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Admin;

/// <summary>Administrators end tokens by what they hang on, and ask why one is dead.</summary>
public sealed class AdminRevocationTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task An_identity_s_tokens_end_with_one_call_and_new_ones_are_issued()
    {
        var token = await Silo.TokenOf("acme-crm");
        var other = await Silo.TokenOf("ledgerly-sync");

        var revoked = await Silo.Admin("POST", "revocations", """{"kind":"identity","name":"acme-crm","reason":"laptop stolen"}""");

        Assert.Equal((200, true), (revoked.Status, revoked.Body.GetProperty("changed").GetBoolean()));
        Assert.Equal("""{"active":false,"because":"revoked"}""", (await Report(token)).ToString());
        Assert.True((await Report(other)).GetProperty("active").GetBoolean());
        Assert.True((await Report(await Silo.TokenOf("acme-crm"))).GetProperty("active").GetBoolean());
        var listed = (await Silo.Admin("GET", "revocations?limit=500")).Body.GetProperty("revocations").EnumerateArray().Single(one => one.GetProperty("number").GetInt64() == revoked.Number);
        Assert.Equal(
            ("identity", "acme-crm", "assay-bootstrap", "laptop stolen", true),
            (Text(listed, "kind"), Text(listed, "name"), Text(listed, "actor"), Text(listed, "reason"), listed.GetProperty("matters").GetBoolean()));
        var acts = (await Silo.Admin("GET", "evidence?identity=acme-crm&kind=admin")).Body.GetProperty("records").EnumerateArray();
        Assert.Contains(acts, act => Text(act, "action") == "revoke identity" && act.GetProperty("number").GetInt64() == revoked.Number);
    }

    [Fact]
    public async Task A_token_ends_by_its_jti_and_a_policy_version_by_its_hash()
    {
        var (first, second) = (await Silo.TokenOf("ledgerly-sync"), await Silo.TokenOf("ledgerly-sync"));
        var jti = Text(await Report(first), "jti");

        Assert.Equal(200, (await Silo.Admin("POST", "revocations", $$"""{"kind":"jti","name":"{{jti}}","reason":"seen"}""")).Status);
        Assert.Equal((false, true), ((await Report(first)).GetProperty("active").GetBoolean(), (await Report(second)).GetProperty("active").GetBoolean()));
        var again = await Silo.Admin("POST", "revocations", $$"""{"kind":"jti","name":"{{jti}}","reason":"seen"}""");
        Assert.Equal((200, false), (again.Status, again.Body.GetProperty("changed").GetBoolean()));

        var domains = (await Silo.Admin("GET", "policies")).Body.GetProperty("domains").EnumerateArray();
        var version = Text(domains.Single(domain => Text(domain, "domain") == "tokens"), "active");
        Assert.Equal(200, (await Silo.Admin("POST", "revocations", $$"""{"kind":"policy-version","name":"{{version}}","reason":"wrong"}""")).Status);
        Assert.False((await Report(second)).GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task A_withdrawn_key_and_a_revoked_credential_take_their_tokens_along()
    {
        var key = await Silo.Create("clerk-2", "payments-reader");
        var token = await Silo.TokenFor("clerk-2", key, TokenRequests.Payments, "payments:read");
        var handle = Text((await Silo.Admin("GET", "identities/clerk-2")).Body.GetProperty("credentials")[0], "handle");

        Assert.Equal(200, (await Silo.Admin("DELETE", $"identities/clerk-2/credentials/{handle}")).Status);

        Assert.Equal("revoked", Text(await Report(token), "because"));
        var kinds = (await Silo.Admin("GET", "revocations?limit=500")).Body.GetProperty("revocations").EnumerateArray();
        Assert.Contains(kinds, one => Text(one, "kind") == "credential" && Text(one, "name") == handle);
    }

    [Theory]
    [InlineData("""{"kind":"planet","name":"mars","reason":"x"}""", 422), InlineData("""{"kind":"identity","name":"acme-crm","reason":""}""", 422)]
    [InlineData("""{"kind":"identity","name":"","reason":"x"}""", 422), InlineData("""{"kind":"identity","name":"nobody","reason":"x"}""", 404)]
    [InlineData("""{"kind":"jti","name":"AAAAAAAAAAAAAAAAAAAAAA","reason":"x"}""", 404), InlineData("""{"kind":"key","name":"k","reason":"x"}""", 404)]
    [InlineData("""{"kind":"policy-version","name":"f00d","reason":"x"}""", 404), InlineData("""{"kind":"identity","name":"acme-crm"}""", 400)]
    [InlineData("""{"kind":"jti","name":"x","reason":"x","since":"2026-01-01T00:00:00Z"}""", 422)]
    [InlineData("""{"kind":"identity","name":"acme-crm","reason":"x","until":"2100-01-01T00:00:00Z"}""", 422)]
    [InlineData("""{"kind":"identity","name":"acme-crm","reason":"x","since":"2026-01-02T00:00:00Z","until":"2026-01-01T00:00:00Z"}""", 422)]
    public async Task What_names_nothing_or_what_is_to_come_is_refused(string body, int status) => Assert.Equal(status, (await Silo.Admin("POST", "revocations", body)).Status);

    [Fact]
    public async Task An_administrator_is_told_why_a_token_is_dead()
    {
        var token = await Silo.TokenOf("payments-exporter");
        Assert.Equal(200, (await Silo.Admin("PUT", "identities/payments-exporter/signals/credential-leaked", """{"weight":1}""")).Status);

        Assert.True((await Report(token)).GetProperty("active").GetBoolean());
        Assert.Equal("no-longer-granted", Text(await Report(token, isContinuous: true), "because"));
        Assert.Equal("not-ours", Text(await Report("a.b.c"), "because"));
        Assert.Equal(200, (await Silo.Admin("DELETE", "identities/payments-exporter/signals/credential-leaked")).Status);
        Assert.True((await Report(token, isContinuous: true)).GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task Revocations_come_in_pages()
    {
        for (var i = 0; i < 3; i++)
            Assert.Equal(200, (await Silo.Admin("POST", "revocations", """{"kind":"identity","name":"ledgerly-sync","reason":"page"}""")).Status);

        var first = (await Silo.Admin("GET", "revocations?limit=2")).Body;
        var second = (await Silo.Admin("GET", $"revocations?limit=2&before={first.GetProperty("next").GetInt64()}")).Body;

        long[] Numbers(JsonElement page) => [.. page.GetProperty("revocations").EnumerateArray().Select(one => one.GetProperty("number").GetInt64())];
        var numbers = Numbers(first).Concat(Numbers(second)).ToArray();
        Assert.Equal(numbers.OrderDescending().Distinct(), numbers);
        Assert.Equal(400, (await Silo.Admin("GET", "revocations?before=x")).Status);
    }

    private async Task<JsonElement> Report(string token, bool isContinuous = false)
    {
        var answer = await Silo.Admin("POST", "introspect", JsonSerializer.Serialize(new { token, continuous = isContinuous }));
        Assert.Equal(200, answer.Status);
        return answer.Body;
    }

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
