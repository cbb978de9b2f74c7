using System.Text.Json;
using Assay.Bundle;
using Assay.Client;
using Assay.Core.Registry;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Admin;

/// <summary>From a stored policy set to the one in force: shadow, activation by a second person, and the history of it all.</summary>
public sealed class PolicyLifeTests
{
    private const string Payments = "https://payments.example";
    private const string PermitAll = """permit (principal, action, resource == Assay::Api::"https://payments.example");""";
    private const string Tokens = """{"domain":"tokens"}""";

    [Fact]
    public async Task A_shadow_is_asked_on_live_traffic_shown_in_evidence_and_changes_no_answer()
    {
        await using var silo = await RunningSilo.Start();
        var version = await Store(silo, PermitAll);

        var begun = await silo.Admin("POST", $"policies/{version}/shadow", """{"domain":"tokens","reason":"wider for a week"}""");
        var again = await silo.Admin("POST", $"policies/{version}/shadow", Tokens);
        Assert.Equal((200, true, false), (begun.Status, begun.Body.GetProperty("changed").GetBoolean(), again.Body.GetProperty("changed").GetBoolean()));

        var (scopes, jti) = await Ask(silo, "payments:read payments:refund");
        Assert.Equal("payments:read", scopes);
        Assert.Equal("payments:read", (await Ask(silo, "payments:read")).Scopes);

        var said = (await silo.Admin("GET", $"evidence/{jti}")).Body;
        Assert.Equal("""{"same":true}""", said.GetProperty("reDecision").GetRawText());
        Assert.Equal(
            $$"""{"version":"{{version}}","kinds":["gained"],"scopes":[{"scope":"payments:refund","before":"noPermit","after":"granted","stepUp":[]}]}""",
            said.GetProperty("record").GetProperty("shadow").GetRawText());

        var status = Assert.Single((await silo.Admin("GET", "policies/shadow")).Body.GetProperty("shadows").EnumerateArray());
        Assert.Equal(
            (version, false, "wider for a week", jti),
            (status.GetProperty("version").GetString(), status.GetProperty("inForce").GetBoolean(), status.GetProperty("begun").GetProperty("reason").GetString(),
                Assert.Single(status.GetProperty("differences").EnumerateArray()).GetProperty("id").GetString()));
        Assert.Equal((2, 1, 1, 0), (Count(status, "asked"), Count(status, "same"), Count(status, "gained"), Count(status, "failed")));
        Assert.Contains("assay_policy_shadow_decisions_total{", await silo.Http.GetStringAsync(silo.Url + "/metrics"), StringComparison.Ordinal);

        Assert.True((await silo.Admin("DELETE", "policies/shadow?domain=tokens&reason=enough")).Body.GetProperty("changed").GetBoolean());
        Assert.False((await silo.Admin("DELETE", "policies/shadow")).Body.GetProperty("changed").GetBoolean());
        var (_, after) = await Ask(silo, "payments:read payments:refund");
        Assert.False((await silo.Admin("GET", $"evidence/{after}")).Body.GetProperty("record").TryGetProperty("shadow", out _));
        Assert.Empty((await silo.Admin("GET", "policies/shadow")).Body.GetProperty("shadows").EnumerateArray());
    }

    [Fact]
    public async Task History_tells_who_did_what_to_which_set_and_why()
    {
        await using var silo = await RunningSilo.Start();
        var first = (await silo.Admin("GET", "policies")).Body.GetProperty("domains")[0].GetProperty("active").GetString();
        var version = await Store(silo, PermitAll);
        await silo.Admin("POST", $"policies/{version}/shadow", """{"domain":"tokens","reason":"a look"}""");
        await silo.Admin("POST", $"policies/{version}/activate", """{"domain":"tokens","reason":"all: may do all"}""");
        await silo.Admin("POST", "policies/rollback", """{"domain":"tokens"}""");
        await silo.Admin("POST", $"policies/{version}/shadow", Tokens);
        await silo.Admin("DELETE", "policies/shadow?reason=enough");

        var events = (await silo.Admin("GET", "policies/history?domain=tokens")).Body.GetProperty("events").EnumerateArray().ToArray();

        string Tell(JsonElement found) =>
            $"{found.GetProperty("event").GetString()} {(found.GetProperty("version").GetString() == first ? "first" : "new")} by {found.GetProperty("by").GetString()}: {Text(found, "reason")}{Text(found, "through")}";
        Assert.Equal(
            [
                "shadowEnded new by assay-bootstrap: enough", "shadowed new by assay-bootstrap: ", "rolledBack first by assay-bootstrap: ",
                "activated new by assay-bootstrap: all: may do all", "shadowed new by assay-bootstrap: a look", "stored new by assay-bootstrap: ",
                "stored first by system: bundle quickstart applied", "activated first by system: bundle quickstart applied",
            ],
            events.Select(Tell).Take(6).Concat(events.Select(Tell).Skip(6).Order(StringComparer.Ordinal).Reverse()));
        Assert.Equal(events.Select(found => found.GetProperty("number").GetInt64()).OrderDescending(), events.Select(found => found.GetProperty("number").GetInt64()));

        var page = (await silo.Admin("GET", $"policies/history?domain=tokens&limit=1&before={events[2].GetProperty("number").GetInt64()}")).Body.GetProperty("events");
        Assert.Equal(Tell(events[3]), Tell(Assert.Single(page.EnumerateArray())));
    }

    [Fact]
    public async Task With_the_two_person_rule_whoever_stored_a_set_does_not_put_it_in_force()
    {
        await using var silo = await RunningSilo.Start(("Assay:Policies:TwoPersonRule", "true"));
        var second = await silo.Create("second", "assay-admin");
        Task<string> Second() => silo.TokenFor("second", second, AdminCalls.Resource, AdminCalls.Everything);
        var version = await Store(silo, PermitAll);

        var own = await silo.Admin("POST", $"policies/{version}/activate", Tokens);
        Assert.Equal(403, own.Status);
        Assert.Equal(
            $"two-person rule: 'assay-bootstrap' stored policy set {version[..12]} and may not put it in force too; any other identity with the scope policy.activate may (Assay:Policies:TwoPersonRule; a rollback is exempt)",
            own.Detail);
        Assert.Equal("payments:read", (await Ask(silo, "payments:read payments:refund")).Scopes);

        Assert.Equal(201, (await silo.AdminWith(await Second(), "POST", "policies", Upload(PermitAll))).Status); // the same content is the same set, and still the first one's
        Assert.Equal(200, (await silo.AdminWith(await Second(), "POST", $"policies/{version}/activate", Tokens)).Status);
        Assert.Equal("payments:read payments:refund", (await Ask(silo, "payments:read payments:refund")).Scopes);

        Assert.Equal(200, (await silo.Admin("POST", "policies/rollback", Tokens)).Status);
        Assert.Equal("payments:read", (await Ask(silo, "payments:read payments:refund")).Scopes);
    }

    [Fact]
    public async Task The_two_person_rule_holds_for_bundles_too()
    {
        await using var silo = await RunningSilo.Start(("Assay:Policies:TwoPersonRule", "true"));
        var second = await silo.Create("second", "assay-admin");
        var declared = BundleReader.Read(Path.Combine(RunningSilo.Checkout(), "samples", "quickstart")).Declarations!;
        declared = declared with { Policies = declared.Policies! with { Files = [.. declared.Policies.Files, new("policies/all.cedar", PermitAll)] } };
        var bundle = System.Text.Encoding.UTF8.GetString(BundleJson.Encode(declared));
        var version = declared.Policies.ContentHash();
        async Task<AdminAnswer> Apply(string token, bool activate, bool dryRun = false)
        {
            var dry = await silo.AdminWith(token, "POST", "apply", $$"""{"bundle":{{bundle}},"dryRun":true}""");
            return await silo.AdminWith(
                token, "POST", "apply",
                $$"""{"bundle":{{bundle}},"dryRun":{{(dryRun ? "true" : "false")}},"activate":{{(activate ? "true" : "false")}},"comparedWith":{{dry.Body.GetProperty("comparedWith").GetInt64()}},"reason":"wider"}""");
        }

        Assert.Equal((403, 403), ((await Apply(await silo.AdminToken(), activate: true)).Status, (await Apply(await silo.AdminToken(), activate: true, dryRun: true)).Status));
        Assert.Equal(404, (await silo.Admin("GET", $"policies/{version}")).Status); // nothing was written

        Assert.Equal(200, (await Apply(await silo.AdminToken(), activate: false)).Status);
        var own = await Apply(await silo.AdminToken(), activate: true);
        Assert.Equal(403, own.Status);
        Assert.Contains($"Apply without activate, and let somebody else activate {version}.", own.Detail, StringComparison.Ordinal);

        Assert.Equal(200, (await Apply(await silo.TokenFor("second", second, AdminCalls.Resource, AdminCalls.Everything), activate: true)).Status);
        var newest = (await silo.Admin("GET", "policies/history?limit=1")).Body.GetProperty("events")[0];
        Assert.Equal(("activated", "second"), (newest.GetProperty("event").GetString(), newest.GetProperty("by").GetString()));
    }

    [Fact]
    public async Task What_cannot_be_shadowed_or_told_is_refused()
    {
        await using var silo = await RunningSilo.Start();
        var active = (await silo.Admin("GET", "policies")).Body.GetProperty("domains")[0].GetProperty("active").GetString();
        var (longest, tooLong) = (new string('x', 500), new string('x', 501));

        Assert.Equal(404, (await silo.Admin("POST", "policies/0000/shadow", Tokens)).Status);
        Assert.Equal(422, (await silo.Admin("POST", $"policies/{active}/shadow", Tokens)).Status);
        Assert.Equal(422, (await silo.Admin("POST", $"policies/{active}/shadow", """{"domain":"other"}""")).Status);
        Assert.Equal(422, (await silo.Admin("POST", $"policies/{active}/activate", $$"""{"domain":"tokens","reason":"{{tooLong}}"}""")).Status);
        Assert.Equal(422, (await silo.Admin("POST", $"policies/{active}/activate", """{"domain":"tokens","reason":""}""")).Status);
        Assert.Equal(422, (await silo.Admin("POST", $"policies/{active}/activate", """{"domain":"tokens","reason":"a\nb"}""")).Status);
        Assert.Equal(200, (await silo.Admin("POST", $"policies/{active}/activate", $$"""{"domain":"tokens","reason":"{{longest}}"}""")).Status);
        Assert.Equal(422, (await silo.Admin("DELETE", $"policies/shadow?reason={tooLong}")).Status);
        Assert.Equal(400, (await silo.Admin("GET", "policies/history?limit=201")).Status);
        Assert.Equal(400, (await silo.Admin("GET", "policies/history?before=x")).Status);
        Assert.Equal(422, (await silo.Admin("GET", "policies/history?domain=other")).Status);
        Assert.Equal(403, (await silo.AdminWith(await silo.AdminToken("policy.read"), "GET", "policies/shadow")).Status);
        Assert.Equal(403, (await silo.AdminWith(await silo.AdminToken("policy.read"), "DELETE", "policies/shadow")).Status);
    }

    private static string Upload(string text) => JsonSerializer.Serialize(new { domain = "tokens", files = new[] { new { path = "policies/new.cedar", text } } });

    private static async Task<string> Store(RunningSilo silo, string text)
    {
        var stored = await silo.Admin("POST", "policies", Upload(text));
        Assert.Equal(201, stored.Status);
        return stored.Body.GetProperty("version").GetString()!;
    }

    private static async Task<(string Scopes, string Jti)> Ask(RunningSilo silo, string scopes)
    {
        using var client = new AssayClient(new AssayClientOptions { Issuer = new Uri(silo.Url), ClientId = "payments-exporter", Credential = AssayCredential.FromKeyFile(silo.KeyFile("payments-exporter")) });
        var token = await client.RequestTokenAsync(Payments, scopes.Split(' '));
        var payload = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.AccessToken.Split('.')[1])).RootElement;
        return (string.Join(' ', token.Scopes), payload.GetProperty("jti").GetString()!);
    }

    private static long Count(JsonElement status, string kind) => status.GetProperty("counts").GetProperty(kind).GetInt64();

    private static string? Text(JsonElement found, string name) => found.TryGetProperty(name, out var text) ? text.GetString() : "";
}
