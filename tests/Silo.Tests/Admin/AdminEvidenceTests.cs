using System.Text.Json;
using Assay.Silo.Tests.Running;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Admin;

/// <summary>Evidence: what was decided, why, and what would be decided now.</summary>
public sealed class AdminEvidenceTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    private static JsonElement Scope(JsonElement decision, string name) =>
        decision.GetProperty("scopes").EnumerateArray().Single(scope => scope.GetProperty("scope").GetString() == name);

    [Fact]
    public async Task A_token_leads_to_its_record_and_the_record_decides_the_same_again()
    {
        var token = await Silo.AskAs("payments-exporter", ("resource", Payments), ("scope", "payments:read payments:write"));

        var answer = await Silo.Admin("GET", $"evidence/{token.Claims.GetProperty("jti").GetString()}");

        Assert.Equal(200, answer.Status);
        var (record, then, now) = (answer.Body.GetProperty("record"), answer.Body.GetProperty("then"), answer.Body.GetProperty("now"));
        Assert.Equal(("permit", "payments-exporter", Payments), (record.GetProperty("kind").GetString(), record.GetProperty("identity").GetString(), record.GetProperty("resource").GetString()));
        Assert.Equal("""{"same":true}""", answer.Body.GetProperty("reDecision").GetRawText());
        Assert.Equal(("granted", "noPermit"), (Scope(then, "payments:read").GetProperty("outcome").GetString(), Scope(then, "payments:write").GetProperty("outcome").GetString()));
        Assert.Equal("granted", Scope(now, "payments:read").GetProperty("outcome").GetString());
        var policy = answer.Body.GetProperty("policies").EnumerateArray().Single(found => found.GetProperty("id").GetString() == "read-payments");
        Assert.Equal(("permit", "policies/payments.cedar", true), (policy.GetProperty("effect").GetString(), policy.GetProperty("file").GetString(), policy.GetProperty("inForce").GetBoolean()));
        Assert.StartsWith("@id(\"read-payments\")", policy.GetProperty("text").GetString());
        Assert.Contains(then.GetProperty("entitlements").EnumerateArray(), member => member.GetProperty("group").GetString() == "Assay::Role::\"payments-reader\"");
        Assert.InRange(then.GetProperty("entitlementAgeSeconds").GetDouble(), 0, 60);
    }

    [Fact]
    public async Task A_denial_is_explained_by_the_id_the_caller_was_given()
    {
        var refused = await Silo.AskAs("payments-exporter", ("resource", Payments), ("scope", "payments:write"));

        var answer = await Silo.Admin("GET", $"evidence/{refused.Body.GetProperty("decision_id").GetString()}");

        Assert.Equal("denial", answer.Body.GetProperty("record").GetProperty("kind").GetString());
        Assert.Equal("invalid_scope", answer.Body.GetProperty("record").GetProperty("error").GetString());
        var missing = Assert.Single(Scope(answer.Body.GetProperty("now"), "payments:write").GetProperty("missing").EnumerateArray());
        Assert.Equal(
            ("change-payments", "Assay::Role::\"payments-writer\""), (missing.GetProperty("policy").GetString(), missing.GetProperty("group").GetString()));
    }

    [Fact]
    public async Task What_changed_since_is_said()
    {
        await Silo.Create("watcher", "payments-reader");
        var key = Directory.GetFiles(Silo.Folder, "*.jwk").MaxBy(File.GetLastWriteTimeUtc)!;
        var token = await Silo.TokenFor("watcher", key, Payments, "payments:read");
        var jti = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1])).RootElement.GetProperty("jti").GetString();

        await Silo.Admin("DELETE", $"identities/watcher/memberships?group={Uri.EscapeDataString("Assay::Role::\"payments-reader\"")}");
        await Silo.Admin("PUT", "identities/watcher/signals/unusual-country", """{"weight":30}""");
        var answer = await Silo.Admin("GET", $"evidence/{jti}");

        Assert.Equal(
            ["it is no longer in Assay::Role::\"payments-reader\"", "its risk went from 0 low to 30 medium (unusual-country)"],
            answer.Body.GetProperty("changes").EnumerateArray().Select(change => change.GetString()!));
        Assert.Equal("""{"same":true}""", answer.Body.GetProperty("reDecision").GetRawText());
        Assert.Equal("noPermit", Scope(answer.Body.GetProperty("now"), "payments:read").GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task A_question_about_now_names_condition_values_and_signals()
    {
        await Silo.Admin("PUT", "identities/acme-crm/signals/unusual-country", """{"weight":71}""");

        var answer = await Silo.Admin("POST", "explain", $$"""{"identity":"acme-crm","resource":"{{Payments}}","scopes":["payments:write","payments:refund","payments:fly"]}""");
        await Silo.Admin("DELETE", "identities/acme-crm/signals/unusual-country");

        var now = answer.Body.GetProperty("now");
        var write = Scope(now, "payments:write");
        Assert.Equal("stepUpRequired", write.GetProperty("outcome").GetString());
        var condition = write.GetProperty("missing").EnumerateArray().Single(missing => missing.TryGetProperty("policy", out _));
        Assert.Equal("an end of: context.risk.score >= 50", condition.GetProperty("needs").GetString());
        Assert.Equal("context.risk.score = 71", Assert.Single(condition.GetProperty("found").EnumerateArray()).GetString());
        Assert.Equal("unusual-country", Assert.Single(condition.GetProperty("signals").EnumerateArray()).GetString());
        Assert.Equal("forbidden", Scope(now, "payments:refund").GetProperty("outcome").GetString());
        Assert.Equal("unknownScope", Scope(now, "payments:fly").GetProperty("outcome").GetString());
        Assert.False(answer.Body.TryGetProperty("record", out _));
    }

    [Fact]
    public async Task What_would_open_a_scope_is_named_with_the_change_that_was_decided_again()
    {
        await Silo.Create("opened", "payments-reader");
        Assert.Equal(200, (await Silo.Admin("PUT", "identities/opened/signals/leaked", """{"weight":80}""")).Status);

        var now = (await Silo.Admin("POST", "explain", $$"""{"identity":"opened","resource":"{{Payments}}","scopes":["payments:write","payments:export","payments:fly"]}""")).Body.GetProperty("now");

        string Ways(string scope) => string.Join(" | ", Scope(now, scope).GetProperty("ways").EnumerateArray().Select(way => string.Join(" + ", way.EnumerateArray().Select(
            remedy => $"{remedy.GetProperty("kind").GetString()} {remedy.GetProperty("subject").GetString()}"))));
        Assert.Equal("verify attestation + join Assay::Role::\"payments-writer\" | clearSignal leaked + join Assay::Role::\"payments-writer\"", Ways("payments:write"));
        Assert.Equal("", Ways("payments:fly"));
        Assert.NotEqual("", Ways("payments:export"));
    }

    [Fact]
    public async Task A_question_may_assume_what_is_not_so()
    {
        await Silo.Create("assumed", "payments-writer");

        var answer = await Silo.Admin(
            "POST", "explain",
            $$"""{"identity":"assumed","resource":"{{Payments}}","scopes":["payments:write"],"risk":60,"method":"client_secret_basic","at":"2031-05-01T03:00:00Z","ip":"192.0.2.7"}""");

        var now = answer.Body.GetProperty("now");
        Assert.Equal(
            ["a risk score of 60", "authentication by client_secret_basic", "a request at 2031-05-01T03:00:00Z", "a request from 192.0.2.7"],
            now.GetProperty("assumed").EnumerateArray().Select(word => word.GetString()!));
        Assert.Equal((60, "high"), (now.GetProperty("risk").GetProperty("score").GetInt32(), now.GetProperty("risk").GetProperty("level").GetString()));
        Assert.NotEqual("granted", Scope(now, "payments:write").GetProperty("outcome").GetString());
        Assert.Equal("granted", Scope((await Silo.Admin("POST", "explain", $$"""{"identity":"assumed","resource":"{{Payments}}","scopes":["payments:write"]}""")).Body.GetProperty("now"), "payments:write").GetProperty("outcome").GetString());
        Assert.Equal(422, (await Silo.Admin("POST", "explain", """{"identity":"assumed","risk":101}""")).Status);
        Assert.Equal(422, (await Silo.Admin("POST", "explain", """{"identity":"assumed","method":"password"}""")).Status);
        Assert.Equal(422, (await Silo.Admin("POST", "explain", """{"identity":"assumed","ip":"here"}""")).Status);
        Assert.Equal(400, (await Silo.Admin("POST", "explain", """{"identity":"assumed","at":"soon"}""")).Status);
    }

    [Fact]
    public async Task A_question_about_now_leaves_no_record()
    {
        await Silo.Create("asked-about", "payments-reader");
        await Silo.Admin("POST", "explain", $$"""{"identity":"asked-about","resource":"{{Payments}}"}""");

        var records = (await Silo.Admin("GET", "evidence?identity=asked-about&kind=permit")).Body.GetProperty("records");

        Assert.Empty(records.EnumerateArray());
    }

    [Fact]
    public async Task What_stands_before_policy_is_named()
    {
        await Silo.Admin("PUT", "identities/keyless", "{}");
        var keyless = await Silo.Admin("POST", "explain", $$"""{"identity":"keyless","resource":"{{Payments}}"}""");
        await Silo.Create("stopped", "payments-reader");
        await Silo.Admin("POST", "identities/stopped/disable", """{"reason":"key leaked"}""");
        var disabled = await Silo.Admin("POST", "explain", $$"""{"identity":"stopped","resource":"{{Payments}}"}""");
        var unknown = await Silo.Admin("POST", "explain", """{"identity":"payments-exporter","resource":"https://unknown.example"}""");

        Assert.Equal("noCredential", keyless.Body.GetProperty("now").GetProperty("refusal").GetString());
        Assert.Equal(
            ("identityDisabled", "key leaked"),
            (disabled.Body.GetProperty("now").GetProperty("refusal").GetString(), disabled.Body.GetProperty("now").GetProperty("refusalDetail").GetString()));
        Assert.Equal("unknownResource", unknown.Body.GetProperty("now").GetProperty("refusal").GetString());
    }

    [Theory]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("x")]
    [InlineData("not%20one")]
    public async Task What_this_cluster_never_made_is_called_so(string jti)
    {
        var answer = await Silo.Admin("GET", $"evidence/{jti}");

        Assert.Equal(404, answer.Status);
        Assert.EndsWith("was not made by this cluster: a token that carries it is forged, or from elsewhere.", answer.Detail);
    }

    [Fact]
    public async Task What_an_administrator_did_is_on_record_about_whom_it_was_done_to()
    {
        await Silo.Create("subject");
        var disabled = await Silo.Admin("POST", "identities/subject/disable", """{"reason":"test"}""");

        var records = (await Silo.Admin("GET", "evidence?identity=subject&kind=admin&limit=1")).Body.GetProperty("records");

        var record = Assert.Single(records.EnumerateArray());
        Assert.Equal(
            ("admin", "assay-bootstrap", "disable", "subject", disabled.Number),
            (record.GetProperty("kind").GetString(), record.GetProperty("identity").GetString(), record.GetProperty("action").GetString(), record.GetProperty("target").GetString(), record.GetProperty("number").GetInt64()));
        var explained = await Silo.Admin("GET", $"evidence/{record.GetProperty("id").GetString()}");
        Assert.Equal((200, false), (explained.Status, explained.Body.TryGetProperty("now", out _)));
    }

    [Fact]
    public async Task Evidence_is_listed_by_credential_time_and_number()
    {
        await Silo.AskAs("ledgerly-sync", ("resource", Payments), ("scope", "payments:read"));
        await Silo.AskAs("ledgerly-sync", ("resource", Payments), ("scope", "payments:read"));
        var handle = (await Silo.Admin("GET", "identities/ledgerly-sync")).Body.GetProperty("credentials")[0].GetProperty("handle").GetString();

        int Count(AdminAnswer answer) => answer.Body.GetProperty("records").GetArrayLength();
        Assert.Equal(1, Count(await Silo.Admin("GET", $"evidence?credential={handle}&limit=1")));
        Assert.True(Count(await Silo.Admin("GET", $"evidence?credential={handle}")) >= 2);
        Assert.Equal(0, Count(await Silo.Admin("GET", $"evidence?credential={handle}&since=2099-01-01T00:00:00Z")));
        Assert.Equal(400, (await Silo.Admin("GET", $"evidence?credential={handle}&identity=x")).Status);
        Assert.Equal(400, (await Silo.Admin("GET", "evidence?since=yesterday")).Status);
        Assert.Equal(400, (await Silo.Admin("GET", "evidence?limit=1001")).Status);
    }

    [Fact]
    public async Task A_filter_says_how_far_back_it_looked_and_where_to_go_on()
    {
        await Silo.Create("busy", "payments-reader");
        await Silo.Admin("POST", "identities/busy/disable", """{"reason":"test"}""");
        await Silo.Admin("POST", "identities/busy/enable");
        var whole = (await Silo.Admin("GET", "evidence?identity=busy&kind=admin")).Body;
        var secret = (await Silo.Admin("POST", "identities/busy/credentials", """{"generateSecret":true}""")).Body.GetProperty("secret").GetString()!;
        for (var i = 0; i < 4; i++)
            Assert.Equal(200, (await Silo.Post([("grant_type", "client_credentials"), ("client_id", "busy"), ("client_secret", secret), ("resource", Payments)])).Status);

        var first = (await Silo.Admin("GET", "evidence?identity=busy&kind=admin&look=4")).Body;
        var rest = (await Silo.Admin("GET", $"evidence?identity=busy&kind=admin&before={first.GetProperty("next").GetString()}")).Body;
        var enough = (await Silo.Admin("GET", "evidence?identity=busy&kind=permit&limit=3")).Body;

        Assert.Equal((4, false), (whole.GetProperty("records").GetArrayLength(), whole.TryGetProperty("lookedBackTo", out _)));
        Assert.Equal(0, first.GetProperty("records").GetArrayLength());
        Assert.True(first.GetProperty("lookedBackTo").GetDateTimeOffset() > whole.GetProperty("records")[0].GetProperty("time").GetDateTimeOffset());
        Assert.Equal((5, false), (rest.GetProperty("records").GetArrayLength(), rest.TryGetProperty("next", out _)));
        Assert.Equal((3, false), (enough.GetProperty("records").GetArrayLength(), enough.TryGetProperty("lookedBackTo", out _)));
    }

    [Theory]
    [InlineData("policy=read-payments", 3), InlineData("outcome=noPermit", 2), InlineData("policy=read-payments&outcome=noPermit", 1), InlineData("ip=127.0.0.1", 4), InlineData("ip=192.0.2.1", 0)]
    [InlineData("resource=https://payments.example", 4), InlineData("until=2020-01-01T00:00:00Z", 0), InlineData("kind=denial", 1)]
    public async Task Evidence_is_found_by_policy_outcome_address_and_time(string filter, int expected)
    {
        var id = $"sought-{Guid.NewGuid():N}";
        var key = await Silo.Create(id, "payments-reader");
        for (var i = 0; i < 2; i++)
            await Silo.TokenFor(id, key, Payments, "payments:read");
        await Silo.TokenFor(id, key, Payments, "payments:read payments:export");
        await Assert.ThrowsAsync<Assay.Client.AssayTokenException>(() => Silo.TokenFor(id, key, Payments, "payments:export"));

        var found = (await Silo.Admin("GET", $"evidence?identity={id}&{filter}")).Body.GetProperty("records").EnumerateArray();

        Assert.Equal(expected, found.Count(record => record.GetProperty("kind").GetString() != "admin"));
    }

    [Theory]
    [InlineData("kind=planet"), InlineData("kind=3"), InlineData("outcome=maybe"), InlineData("look=0"), InlineData("look=100001"), InlineData("before=yesterday"), InlineData("until=x")]
    public async Task What_nothing_can_match_is_refused(string filter) => Assert.Equal(400, (await Silo.Admin("GET", $"evidence?{filter}")).Status);

    [Fact]
    public async Task Apis_are_listed()
    {
        var apis = (await Silo.Admin("GET", "apis")).Body.GetProperty("apis").EnumerateArray().Select(api => api.GetProperty("resource").GetString());

        Assert.Equal([Payments, "urn:assay:admin", "urn:assay:authzen", "urn:assay:events"], apis);
    }

    [Fact]
    public async Task Roles_and_teams_are_listed_with_what_is_above_them()
    {
        var groups = (await Silo.Admin("GET", "groups")).Body.GetProperty("groups").EnumerateArray().ToDictionary(group => group.GetProperty("group").GetString()!);

        Assert.Equal(
            """{"group":"Assay::Role::\"payments-writer\"","description":"May create and correct payments","managedBy":"quickstart","parents":["Assay::Role::\"payments-reader\""]}""",
            groups["Assay::Role::\"payments-writer\""].GetRawText());
        Assert.Contains("Assay::Team::\"treasury\"", groups.Keys);
    }
}
