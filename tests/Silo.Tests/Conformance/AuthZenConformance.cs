using System.Text.Json;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.AuthZen;
using Assay.Silo.Tests.Faults;
using Assay.Silo.Tests.Running;
using static Assay.Silo.Tests.AuthZen.AccessCalls;
using static Assay.Silo.Tests.Conformance.TokenQuestions;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Conformance;

/// <summary>Checks 20: AuthZEN Authorization API 1.0.</summary>
public sealed class AuthZenConformance(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private const string Permit = """{"decision":true,"context":{"max_lifetime":300}}""";
    private const string NoPermit = """{"decision":false,"context":{"reason":"no_permit"}}""";

    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task Check_20_1_A_permit_and_a_denial_are_both_200()
    {
        var token = await Silo.AccessToken();

        var permit = await Silo.Access(Evaluation, Question("payments-exporter", "payments:read"), token);
        var denial = await Silo.Access(Evaluation, Question("payments-exporter", "payments:write"), token);

        Assert.Equal((200, "application/json", Permit), (permit.Status, permit.MediaType, permit.Body));
        Assert.Equal((200, "application/json", NoPermit), (denial.Status, denial.MediaType, denial.Body));
        Assert.Equal("no-store", permit.Response.Headers.CacheControl?.ToString());
        for (var i = 0; i < 3; i++)
            Assert.Equal(Permit, (await Silo.Access(Evaluation, Question("payments-exporter", "payments:read", type: i == 0 ? "client" : "Assay::Workload"), token)).Body);
    }

    [Fact]
    public async Task Check_20_2_Without_a_required_member_the_answer_is_400()
    {
        var token = await Silo.AccessToken();
        using var whole = JsonDocument.Parse(Question("payments-exporter", "payments:read"));
        var parts = whole.RootElement.EnumerateObject().ToDictionary(part => part.Name, part => part.Value.EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetString()!));

        var without = await Silo.Access(Evaluation, """{"subject":{"type":"workload"},"action":{"name":"payments:read"},"resource":{"type":"api","id":"https://payments.example"}}""", token);

        Assert.Equal((400, "text/plain", "subject.id is missing"), (without.Status, without.MediaType, without.Body));
        foreach (var (part, members) in parts)
        {
            var answer = await Silo.Access(Evaluation, JsonSerializer.Serialize(parts.Where(other => other.Key != part).ToDictionary()), token);
            Assert.Equal((400, $"{part} is missing"), (answer.Status, answer.Body));
            foreach (var member in members.Keys)
            {
                var cut = new Dictionary<string, Dictionary<string, string>>(parts) { [part] = members.Where(other => other.Key != member).ToDictionary() };
                answer = await Silo.Access(Evaluation, JsonSerializer.Serialize(cut), token);
                Assert.Equal((400, $"{part}.{member} is missing"), (answer.Status, answer.Body));
            }
        }
    }

    [Theory]
    [InlineData(Evaluation), InlineData(Evaluations), InlineData(Search + "subject"), InlineData(Search + "resource"), InlineData(Search + "action")]
    public async Task Check_20_3_Who_shows_no_token_or_a_bad_one_is_refused_before_the_body_is_read(string path)
    {
        var good = await Silo.AccessToken();
        var forAnotherApi = await Silo.TokenOf("payments-exporter");

        var nobody = await Silo.Access(path, "not even JSON", null);

        Assert.Equal((401, "text/plain", "Bearer realm=\"assay-authzen\""), (nobody.Status, nobody.MediaType, nobody.Response.Headers.WwwAuthenticate.ToString()));
        foreach (var bad in new[] { "x", forAnotherApi, good[..^6] + "AAAAAA", good + "x", new string('a', 20_000) })
        {
            var answer = await Silo.Access(path, "not even JSON", bad);
            Assert.Equal(401, answer.Status);
            Assert.Contains("error=\"invalid_token\"", answer.Response.Headers.WwwAuthenticate.ToString());
        }

        Assert.Equal(400, (await Silo.Access(path, "not even JSON", good)).Status);
    }

    [Fact]
    public async Task Check_20_4_A_boxcar_keeps_its_order_and_its_semantic_says_where_it_ends()
    {
        var token = await Silo.AccessToken();
        Task<RawAnswer> Ask(string? semantic, params string[] actions) => Silo.Access(
            Evaluations,
            $$"""
            {"subject":{"type":"workload","id":"payments-exporter"},"resource":{"type":"api","id":"https://payments.example"}{{(semantic is null ? "" : $$""","options":{"evaluations_semantic":"{{semantic}}"}""")}},
             "evaluations":[{{string.Join(',', actions.Select(action => $$$"""{"action":{"name":"{{{action}}}"}}"""))}}]}
            """,
            token);
        string Said(params string[] answers) => $$"""{"evaluations":[{{string.Join(',', answers)}}]}""";

        Assert.Equal(Said(Permit, NoPermit, Permit), (await Ask(null, "payments:read", "payments:write", "payments:export")).Body);
        Assert.Equal(Said(NoPermit, Permit, NoPermit), (await Ask("execute_all", "payments:write", "payments:read", "payments:refund")).Body);
        Assert.Equal(Said(Permit, NoPermit), (await Ask("deny_on_first_deny", "payments:read", "payments:write", "payments:export")).Body);
        Assert.Equal(Said(NoPermit, Permit), (await Ask("permit_on_first_permit", "payments:write", "payments:export", "payments:read")).Body);
        Assert.Equal(Said(NoPermit, NoPermit), (await Ask("permit_on_first_permit", "payments:write", "payments:refund")).Body);
        Assert.Equal(400, (await Ask("first_come", "payments:read")).Status);
    }

    [Fact]
    public async Task Check_20_5_The_name_of_the_request_is_in_every_answer()
    {
        var token = await Silo.AccessToken();
        var question = Question("payments-exporter", "payments:read");
        const string id = "bfe9eb29-ab87-4ca3-be83-a1d5d8305716 / \"7\"";

        Assert.Equal((200, id), await Of(Silo.Access(Evaluation, question, token, id)));
        Assert.Equal((401, id), await Of(Silo.Access(Evaluation, question, null, id)));
        Assert.Equal((400, id), await Of(Silo.Access(Evaluations, "{}", token, id)));
        Assert.Equal((200, id), await Of(Silo.Access(Search + "action", question, token, id)));
        Assert.Equal((200, null), await Of(Silo.Access(Evaluation, question, token)));
        Assert.Equal((400, null), await Of(Silo.Access(Evaluation, question, token, new string('x', 1025)))); // nothing that is echoed is unbounded

        static async Task<(int, string?)> Of(Task<RawAnswer> asked) => await asked is var answer ? (answer.Status, answer.RequestId()) : default;
    }

    [Fact]
    public async Task Check_20_6_Members_that_nobody_knows_are_ignored()
    {
        var token = await Silo.AccessToken();

        var answer = await Silo.Access(
            Evaluation,
            """
            {"subject":{"type":"workload","id":"payments-exporter","properties":{"role":"admin"},"x":null},"action":{"name":"payments:read","properties":{}},
             "resource":{"type":"api","id":"https://payments.example","properties":{"a":[{}]}},"context":{"time":"1985-10-26T01:22-07:00","ip":"192.168.1.1"},"unheard":{"of":1}}
            """,
            token);

        Assert.Equal((200, Permit), (answer.Status, answer.Body));
    }

    [Fact]
    public async Task Check_20_7_When_nobody_can_decide_there_is_neither_an_answer_nor_a_token()
    {
        var key = await Silo.Create("sleeper", "payments-reader");
        var token = await Silo.AccessToken();

        using (BrokenTable.Hide(Silo, "state.db", "object"))
        {
            var refused = await Silo.Access(Evaluation, Question("sleeper", "payments:read"), token);
            var issuing = await Assert.ThrowsAsync<Client.AssayTokenException>(() => Silo.TokenFor("sleeper", key, Payments, "payments:read"));
            var searching = await Silo.Access(Search + "subject", Question("sleeper", "payments:read"), token);

            Assert.Equal((503, "1", "text/plain"), (refused.Status, refused.Response.Headers.RetryAfter?.ToString(), refused.MediaType));
            Assert.Equal("temporarily_unavailable", issuing.Error);
            Assert.Equal(503, searching.Status);
        }

        Assert.Equal(Permit, (await Silo.Access(Evaluation, Question("sleeper", "payments:read"), token)).Body);
        Assert.NotEqual("", await Silo.TokenFor("sleeper", key, Payments, "payments:read"));
    }

    [Fact]
    public async Task The_answer_is_of_now()
    {
        await Silo.Create("nightly", "payments-writer", "payments-exporter", "third-party");
        var token = await Silo.AccessToken();
        Task<string> Ask(string action) => Body(Silo.Access(Evaluation, Question("nightly", action), token));
        Assert.Equal((Permit, Permit, Permit), (await Ask("payments:read"), await Ask("payments:write"), await Ask("payments:export")));
        Assert.Equal("""{"decision":false,"context":{"reason":"forbidden","reasons":["Refunds are not open to third parties."]}}""", await Ask("payments:refund"));

        Assert.Equal(200, (await Silo.Admin("DELETE", "identities/nightly/memberships?group=Assay%3A%3ARole%3A%3A%22payments-exporter%22")).Status);
        Assert.Equal((Permit, NoPermit), (await Ask("payments:read"), await Ask("payments:export")));

        Assert.Equal(200, (await Silo.Admin("PUT", "identities/nightly/signals/unusual-country", """{"weight":80}""")).Status);
        Assert.Equal("""{"decision":true,"context":{"max_lifetime":60}}""", await Ask("payments:read"));
        Assert.Equal(
            """{"decision":false,"context":{"reason":"step_up_required","step_up":["attestation"],"reasons":["Changes are paused while the risk of this client is raised."]}}""",
            await Ask("payments:write"));

        Assert.Equal(200, (await Silo.Admin("DELETE", "identities/nightly/signals/unusual-country")).Status);
        Assert.Equal(Permit, await Ask("payments:write"));
        Assert.Equal(200, (await Silo.Admin("POST", "identities/nightly/disable", """{"reason":"gone"}""")).Status);
        Assert.Equal((NoPermit, NoPermit), (await Ask("payments:read"), await Ask("payments:write")));
        Assert.Equal(200, (await Silo.Admin("POST", "identities/nightly/enable")).Status);
        Assert.Equal(Permit, await Ask("payments:read"));
    }

    [Fact]
    public async Task How_the_subject_proved_itself_is_not_guessed()
    {
        await Silo.Create("both-ways", "payments-writer");
        Assert.Equal(200, (await Silo.Admin("POST", "identities/both-ways/credentials", """{"generateSecret":true}""")).Status);
        var token = await Silo.AccessToken();
        Task<string> Ask(string? method) => Body(Silo.Access(
            Evaluation, Question("both-ways", "payments:write", more: method is null ? null : $$$""" "context":{"client":{"method":"{{{method}}}"}}"""), token));

        Assert.Equal(NoPermit, await Ask(null)); // by its secret it would not be permitted
        Assert.Equal(NoPermit, await Ask("client_secret_basic"));
        Assert.Equal(NoPermit, await Ask("tls_client_auth"));
        Assert.Equal(Permit, await Ask("private_key_jwt"));
    }

    [Fact]
    public async Task A_resource_server_asks_about_its_own_APIs_for_as_long_as_they_name_it()
    {
        const string orders = "https://orders.example";
        await Silo.Create("orders-api");
        var key = await Silo.Create("orders-server");
        var token = await Silo.TokenFor("orders-server", key, Resource, "access.evaluate access.search");
        Assert.Equal(200, await Apply("orders-server"));

        Assert.Equal(200, (await Silo.Access(Evaluation, Question("payments-exporter", "orders:read", orders), token)).Status);
        Assert.Equal(200, (await Silo.Access(Search + "action", Question("payments-exporter", "orders:read", orders), token)).Status);
        Assert.Equal(403, (await Silo.Access(Evaluation, Question("payments-exporter", "payments:read"), token)).Status);
        Assert.Equal(403, (await Silo.Access(Search + "subject", Question("x", "payments:read"), token)).Status);
        Assert.Equal(403, (await Silo.Access(Evaluation, Question("payments-exporter", "payments:read", "https://nowhere.example"), token)).Status);
        var mixed = await Silo.Access(
            Evaluations,
            $$"""{"evaluations":[{{Question("payments-exporter", "orders:read", orders)}},{{Question("payments-exporter", "payments:read")}},{{Question("payments-exporter", "orders:burn", orders)}},{}]}""",
            token);
        Assert.Equal(
            """{"evaluations":[{"decision":false,"context":{"reason":"policy_error"}},{"decision":false,"context":{"error":{"status":403,"message":"the caller is no resource server of that API"}}},{"decision":false,"context":{"reason":"unknown_action"}},{"decision":false,"context":{"error":{"status":400,"message":"subject is missing"}}}]}""",
            mixed.Body);

        Assert.Equal(200, await Apply("orders-api"));
        Assert.Equal(403, (await Silo.Access(Evaluation, Question("payments-exporter", "orders:read", orders), token)).Status);
        Assert.Equal("""{"page":{"next_token":"","count":0},"results":[]}""", (await Silo.Access(Search + "resource", Question("payments-exporter", "orders:read"), token)).Body);

        async Task<int> Apply(string server)
        {
            var bundle = $$"""{"v":1,"name":"orders","apis":[{"resource":"{{orders}}","scopes":[{"name":"orders:read"}],"resourceServers":["{{server}}"]}]}""";
            var compared = (await Silo.Admin("POST", "apply", $$"""{"bundle":{{bundle}},"dryRun":true}""")).Body.GetProperty("comparedWith").GetInt64();
            return (await Silo.Admin("POST", "apply", $$"""{"bundle":{{bundle}},"comparedWith":{{compared}}}""")).Status;
        }
    }

    [Fact]
    public async Task A_token_with_one_scope_opens_what_the_scope_says()
    {
        var (evaluating, searching) = (await Silo.AccessToken(scopes: "access.evaluate"), await Silo.AccessToken(scopes: "access.search"));
        var question = Question("payments-exporter", "payments:read");

        Assert.Equal(200, (await Silo.Access(Evaluation, question, evaluating)).Status);
        Assert.Equal(200, (await Silo.Access(Search + "action", question, searching)).Status);
        foreach (var (path, token, scope) in new[]
                 {
                     (Evaluation, searching, "access.evaluate"), (Evaluations, searching, "access.evaluate"), (Search + "subject", evaluating, "access.search"),
                     (Search + "resource", evaluating, "access.search"), (Search + "action", evaluating, "access.search"),
                 })
        {
            var refused = await Silo.Access(path, question, token);
            Assert.Equal(403, refused.Status);
            Assert.Contains($"error=\"insufficient_scope\", error_description=\"the token does not hold the scope\", scope=\"{scope}\"", refused.Response.Headers.WwwAuthenticate.ToString());
        }
    }

    [Fact]
    public async Task A_caller_that_is_disabled_is_out_at_once()
    {
        var key = await Silo.Create("short-lived");
        var token = await Silo.TokenFor("short-lived", key, Resource, "access.evaluate");
        Assert.Equal(403, (await Silo.Access(Evaluation, Question("payments-exporter", "payments:read"), token)).Status); // heard, and no resource server

        Assert.Equal(200, (await Silo.Admin("POST", "identities/short-lived/disable", """{"reason":"gone"}""")).Status);

        Assert.Equal(401, (await Silo.Access(Evaluation, Question("payments-exporter", "payments:read"), token)).Status);
    }

    [Fact]
    public async Task An_administrator_asks_about_every_API_and_is_told_why_as_far_as_it_may_read_evidence()
    {
        await Silo.Create("unplugged", "payments-reader");
        Assert.Equal(200, (await Silo.Admin("POST", "identities/unplugged/disable", """{"reason":"gone"}""")).Status);
        var (seeing, blind, lacking) = (await Silo.AdminToken("identity.read policy.read evidence.read"), await Silo.AdminToken("identity.read policy.read"), await Silo.AdminToken("identity.read"));
        Task<string> Ask(string token, string question) => Body(Silo.Access(Evaluation, question, token));

        Assert.Equal(
            """{"decision":true,"context":{"max_lifetime":300,"reasons":["Members of payments-reader may see payments."],"policies":["read-payments"]}}""",
            await Ask(seeing, Question("payments-exporter", "payments:read")));
        Assert.Equal(Permit, await Ask(blind, Question("payments-exporter", "payments:read")));
        Assert.Equal("""{"decision":true,"context":{"max_lifetime":300,"reasons":["administrators may use the whole admin API"],"policies":["admin"]}}""", await Ask(seeing, Question("assay-bootstrap", "evidence.read", "urn:assay:admin")));
        Assert.Equal("""{"decision":false,"context":{"reason":"unknown_subject"}}""", await Ask(seeing, Question("nobody", "payments:read")));
        Assert.Equal("""{"decision":false,"context":{"reason":"unknown_subject"}}""", await Ask(seeing, Question("payments-exporter", "payments:read", type: "person")));
        Assert.Equal("""{"decision":false,"context":{"reason":"unknown_subject"}}""", await Ask(seeing, Question("payments-exporter", "payments:read", type: "spaceship")));
        Assert.Equal("""{"decision":false,"context":{"reason":"subject_disabled"}}""", await Ask(seeing, Question("unplugged", "payments:read")));
        Assert.Equal("""{"decision":false,"context":{"reason":"unknown_resource"}}""", await Ask(seeing, Question("payments-exporter", "payments:read", "https://nowhere.example")));
        foreach (var hidden in new[] { "nobody", "unplugged", "payments-api", "x y", "" })
            Assert.Equal(NoPermit, await Ask(blind, Question(hidden, "payments:read")));

        var refused = await Silo.Access(Evaluation, Question("payments-exporter", "payments:read"), lacking);
        Assert.Equal(403, refused.Status);
        Assert.Contains("scope=\"identity.read policy.read\"", refused.Response.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task An_administrators_right_that_was_removed_is_gone_at_once()
    {
        var key = await Silo.Create("operator-9", "assay-auditor");
        var token = await Silo.TokenFor("operator-9", key, AdminCalls.Resource, "identity.read policy.read");
        Assert.Equal(200, (await Silo.Access(Evaluation, Question("payments-exporter", "payments:read"), token)).Status);

        Assert.Equal(200, (await Silo.Admin("DELETE", $"identities/operator-9/memberships?group={Uri.EscapeDataString("Assay::Role::\"assay-auditor\"")}")).Status);

        Assert.Equal(403, (await Silo.Access(Evaluation, Question("payments-exporter", "payments:read"), token)).Status);
    }

    [Fact]
    public async Task A_search_for_subjects_finds_who_is_permitted_and_nobody_else()
    {
        await Silo.Create("finder-1", "payments-exporter");
        await Silo.Create("finder-2", "payments-exporter");
        var token = await Silo.AccessToken();
        Task<string[]> Found(string type = "workload", string? more = null) => Everything("subject", $$"""{"subject":{"type":"{{type}}","id":"ignored"},"action":{"name":"payments:export"},"resource":{"type":"api","id":"https://payments.example"}{{more}}""", token);

        var found = await Found();

        Assert.Contains("payments-exporter", found);
        Assert.Contains("finder-1", found);
        Assert.DoesNotContain("acme-crm", found);
        Assert.DoesNotContain("payments-api", found);
        foreach (var id in found)
            Assert.True((await Silo.Access(Evaluation, Question(id, "payments:export"), token)).Json.GetProperty("decision").GetBoolean(), id);
        Assert.Equal(found, await Found("client"));
        Assert.Empty(await Found("person"));
        Assert.Empty(await Found("spaceship"));
        Assert.Equal(found, await Found(more: ""","context":{"ip":"192.0.2.1"}"""));

        Assert.Equal(200, (await Silo.Admin("PUT", "identities/finder-1/signals/credential-leaked", """{"weight":1}""")).Status);
        Assert.Equal(200, (await Silo.Admin("POST", "identities/finder-2/disable", """{"reason":"gone"}""")).Status);
        Assert.Equal(found.Except(["finder-1", "finder-2"]), await Found());
    }

    [Fact]
    public async Task A_search_for_actions_and_one_for_resources_find_what_is_permitted()
    {
        var token = await Silo.AccessToken();
        var administrator = await Silo.AdminToken("identity.read policy.read");
        const string api = """ "resource":{"type":"api","id":"https://payments.example"}""";

        Assert.Equal((string[])["payments:export", "payments:read"], await Everything("action", $$"""{"subject":{"type":"workload","id":"payments-exporter"},{{api}}""", token));
        Assert.Equal((string[])["payments:read", "payments:write"], await Everything("action", $$"""{"subject":{"type":"client","id":"acme-crm"},{{api}}""", token));
        Assert.Empty(await Everything("action", $$$"""{"subject":{"type":"client","id":"acme-crm"},{{{api}}},"context":{"client":{"credential":"none such"}}""", token));
        Assert.Empty(await Everything("action", $$"""{"subject":{"type":"workload","id":"nobody"},{{api}}""", token));
        Assert.Empty(await Everything("action", """{"subject":{"type":"workload","id":"payments-exporter"},"resource":{"type":"record","id":"record-1"}""", token));

        const string whichApis = """{"subject":{"type":"workload","id":"payments-exporter"},"action":{"name":"payments:read"},"resource":{"type":"Assay::Api"}""";
        Assert.Equal((string[])[Payments], await Everything("resource", whichApis, token));
        Assert.Equal((string[])[Payments], await Everything("resource", whichApis, administrator));
        Assert.Empty(await Everything("resource", whichApis.Replace("payments:read", "payments:write", StringComparison.Ordinal), token));
        Assert.Equal((string[])["urn:assay:authzen"], await Everything("resource", whichApis.Replace("payments:read", "access.search", StringComparison.Ordinal), administrator));
        Assert.Empty(await Everything("resource", whichApis.Replace("payments:read", "access.search", StringComparison.Ordinal), token)); // it is not named there
    }

    [Fact]
    public async Task A_page_token_leads_on_in_its_own_search_only()
    {
        await Silo.Create("orders-reader", "payments-reader");
        var token = await Silo.AccessToken();
        string Query(string page, string action = "payments:read") => $$"""{"subject":{"type":"workload"},"action":{"name":"{{action}}"},"resource":{"type":"api","id":"https://payments.example"},"page":{{page}}}""";
        var first = (await Silo.Access(Search + "subject", Query("""{"limit":1}"""), token)).Json;
        var next = first.GetProperty("page").GetProperty("next_token").GetString()!;

        Assert.Equal((1, 1), (first.GetProperty("results").GetArrayLength(), first.GetProperty("page").GetProperty("count").GetInt32()));
        Assert.NotEqual("", next);
        var second = (await Silo.Access(Search + "subject", Query($$"""{"token":"{{next}}"}"""), token)).Json; // the limit is the first one's
        Assert.Equal(1, second.GetProperty("results").GetArrayLength());
        Assert.NotEqual(first.GetProperty("results")[0].GetProperty("id").GetString(), second.GetProperty("results")[0].GetProperty("id").GetString());
        Assert.Equal(200, (await Silo.Access(Search + "subject", Query($$"""{"token":"{{next}}","limit":1}"""), token)).Status);
        foreach (var (query, by) in new[]
                 {
                     (Query($$"""{"token":"{{next}}","limit":2}"""), token), (Query($$"""{"token":"{{next}}"}""", "payments:export"), token), (Query($$"""{"token":"{{next}}x"}"""), token),
                     (Query("""{"token":"made up"}"""), token), (Query($$"""{"token":"{{next}}"}"""), await Silo.AdminToken("identity.read policy.read")),
                 })
            Assert.Equal(400, (await Silo.Access(Search + "subject", query, by)).Status);

        var none = (await Silo.Access(Search + "subject", Query("""{"limit":0}"""), token)).Json;
        Assert.Equal((0, false), (none.GetProperty("results").GetArrayLength(), none.GetProperty("page").GetProperty("next_token").GetString() == ""));
    }

    [Fact]
    public async Task Hostile_bodies_are_refused_and_nothing_breaks()
    {
        var said = Silo.Output.Length; // other tests break the store of this silo, and it says so
        var token = await Silo.AccessToken();
        var question = Question("payments-exporter", "payments:read");
        (string Path, byte[] Body, int Status)[] bodies =
        [
            (Evaluation, [], 400),
            (Evaluation, "[]"u8.ToArray(), 400),
            (Evaluation, [.. "{\"subject\":\""u8, 0xFF, .. "\"}"u8], 400),
            (Evaluation, System.Text.Encoding.UTF8.GetBytes(question.Replace("payments-exporter", @"\ud800", StringComparison.Ordinal)), 400),
            (Evaluation, System.Text.Encoding.UTF8.GetBytes(question.Replace("payments-exporter", @"\u0000' OR 1=1 --", StringComparison.Ordinal)), 200),
            (Evaluation, System.Text.Encoding.UTF8.GetBytes(question.Replace("payments-exporter", new string('é', 20_000), StringComparison.Ordinal)), 200),
            (Evaluation, System.Text.Encoding.UTF8.GetBytes(question.Replace("payments:read", new string('a', 60_000), StringComparison.Ordinal)), 200),
            (Evaluation, System.Text.Encoding.UTF8.GetBytes(question.Replace("payments:read", new string('a', 65_536), StringComparison.Ordinal)), 413),
            (Evaluation, System.Text.Encoding.UTF8.GetBytes(new string('[', 60_000)), 400),
            (Evaluations, System.Text.Encoding.UTF8.GetBytes($$"""{"evaluations":[{{string.Join(',', Enumerable.Repeat("{}", 256))}}]}"""), 200),
            (Evaluations, System.Text.Encoding.UTF8.GetBytes($$"""{"evaluations":[{{string.Join(',', Enumerable.Repeat("{}", 257))}}]}"""), 400),
            (Evaluations, new byte[300_000], 413),
            (Search + "resource", System.Text.Encoding.UTF8.GetBytes(question.Replace("payments-exporter", "no such id é", StringComparison.Ordinal)), 200),
            (Search + "action", System.Text.Encoding.UTF8.GetBytes(question.Replace("payments-exporter", @"\u0000", StringComparison.Ordinal)), 200),
        ];

        foreach (var (path, body, status) in bodies)
            Assert.Equal(status, (await Silo.Access(path, body, token)).Status);

        foreach (var mediaType in new[] { "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16" })
            Assert.Equal(mediaType.StartsWith("application/json", StringComparison.Ordinal) ? 200 : 400, (await Silo.Access(Evaluation, question, token, mediaType: mediaType)).Status);
        Assert.Equal(405, (int)(await Silo.Http.GetAsync(Silo.Url + Evaluation)).StatusCode);
        Assert.DoesNotContain("A request failed", Silo.Output[said..]);
    }

    [Fact]
    public async Task An_evaluation_leaves_no_record_and_wakes_nobody_who_is_not_registered()
    {
        var token = await Silo.AccessToken();
        var before = (await Silo.Admin("GET", "evidence?identity=payments-exporter")).Body.GetProperty("records").GetArrayLength();

        for (var i = 0; i < 5; i++)
        {
            await Silo.Access(Evaluation, Question("payments-exporter", "payments:write"), token);
            await Silo.Access(Evaluation, Question($"made-up-{i}", "payments:write"), token);
        }

        Assert.Equal(before, (await Silo.Admin("GET", "evidence?identity=payments-exporter")).Body.GetProperty("records").GetArrayLength());
        Assert.Equal(0, (await Silo.Admin("GET", "evidence?identity=made-up-1")).Body.GetProperty("records").GetArrayLength());
        var counted = await Silo.Http.GetStringAsync(Silo.Url + "/metrics");
        Assert.Matches("""assay_access_evaluations_total\{[^}]*answer="deny"[^}]*\} [1-9]""", counted);
        Assert.Matches("""assay_access_requests_total\{[^}]*endpoint="evaluation"[^}]*status="200"[^}]*\} [1-9]""", counted);
    }

    [Fact]
    public async Task The_metadata_names_every_endpoint()
    {
        using var response = await Silo.Http.GetAsync(Silo.Url + "/.well-known/authzen-configuration");

        Assert.Equal(("application/json", true), (response.Content.Headers.ContentType?.MediaType, response.Headers.CacheControl?.Public));
        Assert.Equal(
            $$"""{"policy_decision_point":"{{Silo.Url}}","access_evaluation_endpoint":"{{Silo.Url}}{{Evaluation}}","access_evaluations_endpoint":"{{Silo.Url}}{{Evaluations}}","search_subject_endpoint":"{{Silo.Url}}{{Search}}subject","search_resource_endpoint":"{{Silo.Url}}{{Search}}resource","search_action_endpoint":"{{Silo.Url}}{{Search}}action"}""",
            await response.Content.ReadAsStringAsync());
    }

    private static async Task<string> Body(Task<RawAnswer> asked)
    {
        var answer = await asked;
        Assert.Equal(200, answer.Status);
        return answer.Body;
    }

    /// <summary>All pages of a search, two results each; the query is without its last brace.</summary>
    private async Task<string[]> Everything(string target, string query, string token)
    {
        var all = new List<string>();
        for (var page = """{"limit":2}"""; ;)
        {
            var answer = await Silo.Access(Search + target, $$"""{{query}},"page":{{page}}}""", token);
            Assert.Equal(200, answer.Status);
            var results = answer.Json.GetProperty("results").EnumerateArray().ToList();
            Assert.True(results.Count <= 2);
            Assert.Equal(results.Count, answer.Json.GetProperty("page").GetProperty("count").GetInt32());
            all.AddRange(results.Select(result => result.GetProperty(target == "action" ? "name" : "id").GetString()!));
            if (answer.Json.GetProperty("page").GetProperty("next_token").GetString() is not { Length: > 0 } next)
                return [.. all];
            page = $$"""{"limit":2,"token":"{{next}}"}""";
        }
    }
}
