using System.Text.Json;
using Assay.Client;
using Assay.Core.Registry;
using Assay.Bundle;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Admin;

/// <summary>Policy sets, bundles and keys. What leaves another policy set or signing key behind has a silo of its own: what is in force is for all.</summary>
public sealed class AdminPolicyTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private const string Payments = "https://payments.example";

    private const string PermitAll = """permit (principal, action, resource == Assay::Api::"https://payments.example");""";

    private static string Upload(string text, string domain = "tokens") =>
        JsonSerializer.Serialize(new { domain, files = new[] { new { path = "policies/new.cedar", text } } });

    private static async Task<string> Scopes(RunningSilo silo, string asked)
    {
        using var client = new AssayClient(new AssayClientOptions { Issuer = new Uri(silo.Url), ClientId = "payments-exporter", Credential = AssayCredential.FromKeyFile(silo.KeyFile("payments-exporter")) });
        return string.Join(' ', (await client.RequestTokenAsync(Payments, asked.Split(' '))).Scopes);
    }

    [Fact]
    public async Task A_policy_set_is_stored_activated_and_rolled_back()
    {
        var silo = fixture.Silo;
        var before = (await silo.Admin("GET", "policies")).Body.GetProperty("domains")[0].GetProperty("active").GetString();
        Assert.Equal("payments:read", await Scopes(silo, "payments:read payments:refund"));

        var stored = await silo.Admin("POST", "policies", Upload(PermitAll));
        var version = stored.Body.GetProperty("version").GetString()!;
        var twice = await silo.Admin("POST", "policies", Upload(PermitAll));
        Assert.Equal((201, 201, version), (stored.Status, twice.Status, twice.Body.GetProperty("version").GetString()));
        Assert.Equal("payments:read", await Scopes(silo, "payments:read payments:refund"));

        var activated = await silo.Admin("POST", $"policies/{version}/activate", """{"domain":"tokens"}""");
        Assert.Equal((200, version), (activated.Status, activated.Body.GetProperty("active").GetString()));
        Assert.Equal("payments:read payments:refund", await Scopes(silo, "payments:read payments:refund"));
        var shown = await silo.Admin("GET", $"policies/{version}");
        Assert.Equal((true, PermitAll), (shown.Body.GetProperty("active").GetBoolean(), shown.Body.GetProperty("files")[0].GetProperty("text").GetString()));

        var back = await silo.Admin("POST", "policies/rollback", """{"domain":"tokens"}""");
        Assert.Equal((200, before), (back.Status, back.Body.GetProperty("active").GetString()));
        Assert.Equal("payments:read", await Scopes(silo, "payments:read payments:refund"));
        Assert.Equal(404, (await silo.Admin("POST", "policies/rollback", """{"domain":"tokens"}""")).Status);
    }

    [Fact]
    public async Task Wrong_policies_bundles_and_versions_are_refused_and_change_nothing()
    {
        var silo = fixture.Silo;

        var faulty = await silo.Admin("POST", "policies", Upload("permit (principal, action, resource)\nwhen { context.risk.score > };\n@max_tll(\"5m\")\npermit (principal, action, resource);"));
        Assert.Equal(422, faulty.Status);
        Assert.Contains(faulty.Errors, fault => fault.StartsWith("policies/new.cedar:2:", StringComparison.Ordinal));
        Assert.Equal(422, (await silo.Admin("POST", "policies", Upload(PermitAll, "other"))).Status);
        Assert.Equal(422, (await silo.Admin("POST", "policies", """{"domain":"tokens","files":[]}""")).Status);
        Assert.Equal(400, (await silo.Admin("POST", "policies", """{"domain":"tokens"}""")).Status);
        Assert.Equal(404, (await silo.Admin("GET", "policies/0000")).Status);
        Assert.Equal(404, (await silo.Admin("POST", "policies/0000/activate", """{"domain":"tokens"}""")).Status);
        Assert.Equal(422, (await silo.Admin("POST", "policies/0000/activate", """{"domain":"other"}""")).Status);

        Assert.Equal(400, (await silo.Admin("POST", "apply", """{"bundle":{"v":1,"name":"b","identities":[{"id":"x","secret":"y"}]},"dryRun":true}""")).Status);
        var reference = await silo.Admin("POST", "apply", """{"bundle":{"v":1,"name":"b","identities":[{"id":"x","kind":"workload","grantTypes":["client_credentials"],"memberships":[{"group":"Assay::Role::\"nowhere\""}]}]},"dryRun":true}""");
        Assert.Equal(422, reference.Status);
        Assert.NotEmpty(reference.Errors);
    }

    [Fact]
    public async Task A_bundle_is_compared_applied_whole_and_only_at_the_version_it_was_compared_with()
    {
        var silo = fixture.Silo;
        const string Bundle = """{"v":1,"name":"more","groups":[{"uid":"Assay::Role::\"extra\""}],"identities":[{"id":"extra-1","kind":"workload","grantTypes":["client_credentials"],"memberships":[{"group":"Assay::Role::\"extra\""}]}]}""";

        var dry = await silo.Admin("POST", "apply", $$"""{"bundle":{{Bundle}},"dryRun":true}""");
        Assert.Equal(
            (200, false, "group,identity"),
            (dry.Status, dry.Body.GetProperty("applied").GetBoolean(), string.Join(',', dry.Body.GetProperty("plan").EnumerateArray().Select(step => step.GetProperty("kind").GetString()))));
        Assert.Equal(404, (await silo.Admin("GET", "identities/extra-1")).Status);

        var compared = dry.Body.GetProperty("comparedWith").GetInt64();
        Assert.Equal(422, (await silo.Admin("POST", "apply", $$"""{"bundle":{{Bundle}}}""")).Status);
        Assert.Equal(409, (await silo.Admin("POST", "apply", $$"""{"bundle":{{Bundle}},"comparedWith":{{compared - 1}}}""")).Status);
        Assert.Equal(403, (await silo.AdminWith(await silo.AdminToken("identity.read policy.read api.read policy.write"), "POST", "apply", $$"""{"bundle":{{Bundle}},"comparedWith":{{compared}}}""")).Status);
        Assert.Equal(403, (await silo.AdminWith(await silo.AdminToken("identity.read policy.read api.read policy.write identity.write"), "POST", "apply", $$"""{"bundle":{{Bundle}},"activate":true,"comparedWith":{{compared}}}""")).Status);
        Assert.Equal(404, (await silo.Admin("GET", "identities/extra-1")).Status);

        var applied = await silo.Admin("POST", "apply", $$"""{"bundle":{{Bundle}},"comparedWith":{{compared}}}""");
        Assert.Equal((200, true), (applied.Status, applied.Body.GetProperty("applied").GetBoolean()));
        Assert.Equal("more", (await silo.Admin("GET", "identities/extra-1")).Body.GetProperty("managedBy").GetString());
        Assert.Equal(409, (await silo.Admin("POST", "apply", $$"""{"bundle":{{Bundle}},"comparedWith":{{compared}}}""")).Status);
        Assert.Empty((await silo.Admin("POST", "apply", $$"""{"bundle":{{Bundle}},"dryRun":true}""")).Body.GetProperty("plan").EnumerateArray());
    }

    [Fact]
    public async Task Policies_are_stored_by_apply_and_put_in_force_by_its_activate()
    {
        await using var silo = await RunningSilo.Start();
        var declared = BundleReader.Read(Path.Combine(RunningSilo.Checkout(), "samples", "quickstart")).Declarations!;
        declared = declared with { Policies = new([new("policies/all.cedar", PermitAll)], declared.Policies!.Schema) { Actions = declared.Policies.Actions } };
        var bundle = System.Text.Encoding.UTF8.GetString(BundleJson.Encode(declared));
        async Task<JsonElement> Apply(bool activate)
        {
            var dry = await silo.Admin("POST", "apply", $$"""{"bundle":{{bundle}},"dryRun":true,"activate":{{(activate ? "true" : "false")}}}""");
            var done = await silo.Admin("POST", "apply", $$"""{"bundle":{{bundle}},"activate":{{(activate ? "true" : "false")}},"comparedWith":{{dry.Body.GetProperty("comparedWith").GetInt64()}}}""");
            Assert.Equal(200, done.Status);
            return done.Body;
        }

        var stored = await Apply(activate: false);
        Assert.Equal("upload", Assert.Single(stored.GetProperty("plan").EnumerateArray()).GetProperty("action").GetString());
        Assert.Equal("payments:read", await Scopes(silo, "payments:read payments:refund"));

        var again = await Apply(activate: false);
        Assert.Empty(again.GetProperty("plan").EnumerateArray());
        Assert.Contains(again.GetProperty("notes").EnumerateArray(), note => note.GetString()!.Contains("--activate", StringComparison.Ordinal));

        var activated = await Apply(activate: true);
        Assert.Equal(declared.Policies.ContentHash(), activated.GetProperty("activates").GetString());
        Assert.Equal("payments:read payments:refund", await Scopes(silo, "payments:read payments:refund"));

        await silo.Admin("POST", "policies/rollback", """{"domain":"tokens"}""");
        Assert.Equal("payments:read", await Scopes(silo, "payments:read payments:refund"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Keys_rotate_and_a_withdrawn_one_takes_its_tokens_with_it()
    {
        await using var silo = await RunningSilo.Start();
        JsonElement[] Keys(AdminAnswer answer) => [.. answer.Body.GetProperty("keys").EnumerateArray()];
        var token = await silo.AdminToken();
        var first = Keys(await silo.AdminWith(token, "GET", "keys?purpose=access-token")).Single(key => key.GetProperty("state").GetString() == "active").GetProperty("kid").GetString();

        var rotated = await silo.AdminWith(token, "POST", "keys/rotate");
        Assert.Equal(200, rotated.Status);
        Assert.NotEqual(first, rotated.Body.GetProperty("kid").GetString());

        Assert.Equal(404, (await silo.AdminWith(token, "POST", "keys/unknown/withdraw")).Status);
        var withdrawn = await silo.AdminWith(token, "POST", $"keys/{first}/withdraw");
        Assert.Equal((200, rotated.Body.GetProperty("kid").GetString()), (withdrawn.Status, withdrawn.Body.GetProperty("signsNext").GetString()));
        Assert.Equal(401, (await silo.AdminWith(token, "GET", "keys")).Status);
        Assert.Equal("withdrawn", Keys(await silo.Admin("GET", "keys")).Single(key => key.GetProperty("kid").GetString() == first).GetProperty("state").GetString());

        // The one that signs since a moment ago is compromised too: another one was announced for long enough.
        await silo.Admin("POST", $"keys/{rotated.Body.GetProperty("kid").GetString()}/withdraw");
        Assert.Equal(200, (await silo.Admin("GET", "keys")).Status);
    }

    [Fact(Timeout = 120_000)]
    public async Task Every_purpose_has_a_ring_of_its_own_that_rotates_by_itself()
    {
        var silo = fixture.Silo;
        async Task<string[]> Keys(string purpose) =>
            [.. (await silo.Admin("GET", "keys?purpose=" + purpose)).Body.GetProperty("keys").EnumerateArray().Select(key => $"{key.GetProperty("purpose")} {key.GetProperty("state")}").Order()];
        var all = (await silo.Admin("GET", "keys")).Body.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("purpose").GetString()).Distinct();
        Assert.Equal(["access-token", "set", "status-list", "introspection", "checkpoint"], all);

        var rotated = await silo.Admin("POST", "keys/rotate?purpose=status-list");
        var unknown = await silo.Admin("POST", "keys/rotate?purpose=coffee");

        Assert.Equal((200, 400), (rotated.Status, unknown.Status));
        Assert.Equal(["status-list active", "status-list announced", "status-list announced", "status-list retiring"], await Keys("status-list"));
        Assert.Equal(["access-token active", "access-token announced", "access-token announced"], await Keys("access-token"));
        Assert.Equal(404, (await silo.Admin("POST", $"keys/{rotated.Body.GetProperty("kid").GetString()}/withdraw")).Status); // it signs no access tokens
        Assert.Equal(200, (await silo.Admin("POST", $"keys/{rotated.Body.GetProperty("kid").GetString()}/withdraw?purpose=status-list")).Status);
        Assert.Equal("payments:read", await Scopes(silo, "payments:read"));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_first_key_that_leaks_on_its_first_day_is_withdrawn_without_a_gap()
    {
        await using var silo = await RunningSilo.Start();
        var keys = (await silo.Admin("GET", "keys?purpose=access-token")).Body.GetProperty("keys").EnumerateArray().ToLookup(
            key => key.GetProperty("state").GetString()!, key => key.GetProperty("kid").GetString()!);

        var withdrawn = await silo.Admin("POST", $"keys/{keys["active"].Single()}/withdraw");

        Assert.Equal(200, withdrawn.Status);
        Assert.Contains(withdrawn.Body.GetProperty("signsNext").GetString(), keys["announced"]);
        Assert.Equal("payments:read", await Scopes(silo, "payments:read"));
    }
}
