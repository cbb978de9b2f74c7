using System.Text.Json;
using System.Text.Json.Nodes;

namespace Assay.Cli.Tests;

/// <summary><c>policy replay</c>: what it sends, what it shows, and when it does not pass.</summary>
public sealed class ReplayTests : CliTest
{
    private const string Version = "3f9a02c1b2d43f9a02c1b2d43f9a02c1b2d43f9a02c1b2d43f9a02c1b2d43f9a";

    private const string Policies = $$"""{"domains":[{"domain":"tokens","active":null,"activeSince":0,"previous":[],"versions":[{"version":"{{Version}}","number":4,"policies":3}]}]}""";

    private const string Progress = """{"progress":{"read":2000,"decided":1500,"reachedBackTo":"2026-11-27T18:00:00Z","elapsedSeconds":1.5}}""";

    private static string Report(string totals = "", string changes = "", string more = "", string leftOut = """{"count":0,"records":[]}""") => $$"""
        {"report":{"domain":"tokens","candidate":"{{Version}}","since":"2026-11-27T12:00:00Z","until":"2026-11-28T00:00:00Z","limitReached":false,"read":13000,"decided":12431,"changed":{{(totals == "" ? 0 : 700)}},"otherReason":0,
        "first":"2026-11-27T12:00:01Z","last":"2026-11-27T23:59:59Z","passedOver":{"refusals":1,"noDecisions":2,"otherDomains":3},"leftOut":{{leftOut}},"totals":[{{totals}}],"changes":[{{changes}}],"changesLeftOut":0,"elapsedSeconds":0.25{{more}} } }
        """.ReplaceLineEndings("");

    private static string Total(string kind, int decisions, int identities) => $$"""{"kind":"{{kind}}","decisions":{{decisions}},"identities":{{identities}}}""";

    private static string Change(string kind, string identity, int decisions, string more) => $$"""
        {"kind":"{{kind}}","identity":"{{identity}}","resource":"https://payments.example","stepUp":[],"lifeBeforeSeconds":300,"lifeAfterSeconds":60,"decisions":{{decisions}},"first":"2026-11-27T13:00:00Z","last":"2026-11-27T14:00:00Z","example":"jti-{{identity}}"{{more}} }
        """;

    private static readonly string Several = Report(
        string.Join(',', Total("lost", 690, 2), Total("stepUp", 5, 1), Total("gained", 3, 1), Total("shorter", 2, 1), Total("longer", 0, 0)),
        string.Join(',',
            Change("lost", "a-few", 40, ""","scope":"payments:read","before":"granted","after":"noPermit" """),
            Change("lost", "many", 650, ""","scope":"payments:export","before":"granted","after":"forbidden" """),
            Change("stepUp", "crm", 5, ""","scope":"payments:write","before":"granted","after":"stepUpRequired","stepUp":["attestation"] """).Replace("\"stepUp\":[],", "", StringComparison.Ordinal),
            Change("gained", "new", 3, ""","scope":"payments:read","before":"noPermit","after":"granted" """),
            Change("shorter", "brief", 2, "")));

    [Fact]
    public async Task A_report_is_a_table_with_the_largest_changes_first()
    {
        Answers(Progress, Several);

        var ran = await Cli.Run("policy", "replay", "--version", "3f9a");

        Assert.Equal(
            """
            tokens by candidate 3f9a02c1b2d4, 2026-11-27 12:00:00Z to 2026-11-28 00:00:00Z
            12,431 decisions made again in 250 ms: 700 come out otherwise.

            CHANGE                IDENTITIES  DECISIONS
            loses                 2           690
            needs a verification  1           5
            gains                 1           3
            shorter lives         1           2

            Who
            CHANGE                       IDENTITY  RESOURCE                  SCOPE            DECISIONS  FIRST                 LAST                  LAST RECORD
            loses: forbidden             many      https://payments.example  payments:export  650        2026-11-27 13:00:00Z  2026-11-27 14:00:00Z  jti-many
            loses: noPermit              a-few     https://payments.example  payments:read    40         2026-11-27 13:00:00Z  2026-11-27 14:00:00Z  jti-a-few
            needs attestation            crm       https://payments.example  payments:write   5          2026-11-27 13:00:00Z  2026-11-27 14:00:00Z  jti-crm
            gains                        new       https://payments.example  payments:read    3          2026-11-27 13:00:00Z  2026-11-27 14:00:00Z  jti-new
            shorter lives: 5 min → 60 s  brief     https://payments.example  -                2          2026-11-27 13:00:00Z  2026-11-27 14:00:00Z  jti-brief

            """,
            ran.Output);
        Assert.Equal(0, ran.ExitCode);
        Assert.Matches("^1,500 decisions made again, 2,000 records read, back to 2026-11-27 18:00:00Z \\(\\d+ ?% of the time\\), 1.5 s\n$", ran.Errors);
        Assert.Equal("policy.read evidence.read", AdminScopes());
    }

    [Fact]
    public async Task A_stored_set_is_asked_for_by_its_whole_version_and_times_are_moments()
    {
        Answers(Report());
        var before = Now;

        await Cli.Run("policy", "replay", "--version", "3f9a", "--since", "2h", "--until", "1h", "--limit", "5000", "--verify");

        var asked = JsonNode.Parse(Server.AdminRequests.Last().Body)!;
        Assert.Equal(("tokens", Version, 5000L, true, null), ((string)asked["domain"]!, (string)asked["version"]!, (long)asked["limit"]!, (bool)asked["verify"]!, asked["candidate"]));
        Assert.InRange((DateTimeOffset)asked["since"]!, before.AddHours(-2), Now.AddHours(-2));
        Assert.InRange((DateTimeOffset)asked["until"]!, before.AddHours(-1), Now.AddHours(-1));
    }

    [Fact]
    public async Task A_bundle_is_sent_as_the_candidate()
    {
        Answers(Report());
        var folder = Path.Combine(Cli.Folder, "bundle");
        Directory.CreateDirectory(Path.Combine(folder, "policies"));
        Directory.CreateDirectory(Path.Combine(folder, "apis"));
        File.WriteAllText(Path.Combine(folder, "bundle.yaml"), "name: b\n");
        File.WriteAllText(Path.Combine(folder, "apis", "ledger.yaml"), "resource: https://ledger.example\nscopes:\n  - name: ledger.read\n");
        File.WriteAllText(Path.Combine(folder, "policies", "all.cedar"), "permit (principal, action == Action::\"ledger.read\", resource);");

        var ran = await Cli.Run("policy", "replay", "--candidate", "bundle");

        Assert.Equal(0, ran.ExitCode);
        var asked = JsonNode.Parse(Assert.Single(Server.AdminRequests).Body)!;
        Assert.Equal(("policies/all.cedar", null), ((string)asked["candidate"]!["files"]![0]!["path"]!, asked["version"]));
    }

    [Fact]
    public async Task Json_is_the_report_alone()
    {
        Answers(Progress, Progress, Several);

        var ran = await Cli.Run("policy", "replay", "--version", "3f9a", "--output", "json");

        using var printed = JsonDocument.Parse(ran.Output);
        using var sent = JsonDocument.Parse(Several);
        Assert.True(JsonElement.DeepEquals(sent.RootElement.GetProperty("report"), printed.RootElement));
    }

    [Theory]
    [InlineData("lose", 4, "2 identities lose (--fail-on lose:1)")]
    [InlineData("lose:2", 4, "2 identities lose (--fail-on lose:2)")]
    [InlineData("lose:3", 0, null)]
    [InlineData("longer", 0, null)]
    [InlineData("longer,gain,step-up:2", 4, "1 identity gains (--fail-on gain:1)")]
    [InlineData("shorter,step-up", 4, "1 identity needs a verification (--fail-on step-up:1)")]
    public async Task A_threshold_that_is_reached_ends_in_a_code_of_its_own(string failOn, int code, string? said)
    {
        Answers(Several);

        var ran = await Cli.Run("policy", "replay", "--version", "3f9a", "--fail-on", failOn);

        Assert.Equal(code, ran.ExitCode);
        Assert.StartsWith("tokens by candidate", ran.Output);
        if (said is not null)
            Assert.Contains($"assay: The replay does not pass.\n  {said}\n", ran.Errors);
        else
            Assert.Equal("", ran.Errors);
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("gain", 4)]
    [InlineData("gain,left-out:3", 0)]
    [InlineData("gain,left-out:2", 4)]
    public async Task What_could_not_be_decided_again_is_shown_and_does_not_pass_a_gate(string? failOn, int code)
    {
        Answers(Report(leftOut: """{"count":2,"records":[{"id":"jti-9","place":"3/9","time":"2026-11-27T14:00:00Z","reason":"identityMissing","detail":"there is no version 4 of 'x'"},{"reason":"damaged","detail":"1 records in batches"}]}"""));

        var ran = await Cli.Run(["policy", "replay", "--version", "3f9a", .. failOn is null ? (string[])[] : ["--fail-on", failOn]]);

        Assert.Equal(code, ran.ExitCode);
        Assert.EndsWith(
            """

            Left out: 2 records that could not be decided again
            REASON           RECORD  WHEN                  DETAIL
            identityMissing  jti-9   2026-11-27 14:00:00Z  there is no version 4 of 'x'
            damaged          -       -                     1 records in batches

            """,
            ran.Output);
    }

    [Theory]
    [InlineData(0, 0, "10 decisions checked: each as it was recorded. 1 not checked.")]
    [InlineData(1, 4, "10 decisions checked: 1 differs from its own record. 1 not checked.")]
    public async Task A_record_that_its_own_policies_contradict_does_not_pass(int differing, int code, string said)
    {
        const string Record = """{"id":"jti-7","place":"1/7","time":"2026-11-27T14:00:00Z","identity":"x","detail":"list was granted and is noPermit"}""";
        Answers(Report(more: $$""","verification":{"checked":10,"differing":{{differing}},"notChecked":1,"differingRecords":[{{(differing == 0 ? "" : Record)}}],"notCheckedRecords":[{{Record}}]}"""));

        var ran = await Cli.Run("policy", "replay", "--version", "3f9a", "--verify");

        Assert.Equal(code, ran.ExitCode);
        Assert.Contains($"\n{said}\n", ran.Output);
        Assert.Equal(differing == 1, ran.Output.Contains("differs from its own record  jti-7   x         2026-11-27 14:00:00Z  list was granted and is noPermit\n", StringComparison.Ordinal));
        Assert.Equal(differing == 1, ran.Errors.Contains("  1 decision differs from its own record\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_table_is_cut_unless_all_is_asked_for()
    {
        Answers(Report(Total("lost", 700, 25), string.Join(',', Enumerable.Range(0, 25).Select(i => Change("lost", $"client-{i:00}", 100 - i, ""","scope":"s","before":"granted","after":"noPermit" """)))));

        var cut = await Cli.Run("policy", "replay", "--version", "3f9a");
        var whole = await Cli.Run("policy", "replay", "--version", "3f9a", "--all");

        Assert.Contains("client-19", cut.Output);
        Assert.DoesNotContain("client-20", cut.Output);
        Assert.EndsWith("… and 5 more; --all shows them.\n", cut.Output);
        Assert.Contains("client-24", whole.Output);
        Assert.DoesNotContain("--all", whole.Output);
    }

    [Theory]
    [InlineData("""{"fault":"The silo stops."}""", "The replay ended without a report: The silo stops.")]
    [InlineData(Progress, "The replay ended without a report.")]
    [InlineData("not json", "answered POST /admin/v1/policies/replay with something that is not JSON.")]
    public async Task A_replay_that_ends_early_is_a_failure(string last, string said)
    {
        Answers(Progress, last);

        var ran = await Cli.Run("policy", "replay", "--version", "3f9a");

        Assert.Equal((1, ""), (ran.ExitCode, ran.Output));
        Assert.Contains(said, ran.Errors);
    }

    [Fact]
    public async Task A_busy_silo_and_a_wrong_candidate_are_told()
    {
        Server.On("GET /policies", Policies);
        Server.On("POST /policies/replay", """{"title":"Busy","status":429,"detail":"A replay runs on this silo; it does one at a time."}""", 429);
        var busy = await Cli.Run("policy", "replay", "--version", "3f9a");
        Server.On("POST /policies/replay", """{"title":"Invalid","status":422,"detail":"The candidate cannot be used.","errors":["policies/a.cedar:1:1: what"]}""", 422);
        var wrong = await Cli.Run("policy", "replay", "--version", "3f9a");

        Assert.Equal(new Ran(1, "", "assay: Busy: A replay runs on this silo; it does one at a time.\nTry again shortly.\n"), busy);
        Assert.Equal(new Ran(1, "", "assay: Invalid: The candidate cannot be used.\n  policies/a.cedar:1:1: what\n"), wrong);
    }

    [Theory]
    [InlineData("Which policies?")]
    [InlineData("Which policies?", "--version", "3f9a", "--candidate", ".")]
    [InlineData("--limit 0 is not between", "--version", "3f9a", "--limit", "0")]
    [InlineData("--since is not before --until", "--version", "3f9a", "--since", "1h", "--until", "2h")]
    [InlineData("--fail-on 'loose' is not understood", "--version", "3f9a", "--fail-on", "loose")]
    [InlineData("--fail-on 'lose:0' is not understood", "--version", "3f9a", "--fail-on", "lose:0")]
    [InlineData("--fail-on ' lose:2' is not understood", "--version", "3f9a", "--fail-on", "lose, lose:2")]
    public async Task Wrong_usage_asks_nobody(string said, params string[] arguments)
    {
        // the bundle of the second case, so that only naming both is wrong
        Directory.CreateDirectory(Path.Combine(Cli.Folder, "policies"));
        File.WriteAllText(Path.Combine(Cli.Folder, "policies", "all.cedar"), "permit (principal, action, resource);");
        File.WriteAllText(Path.Combine(Cli.Folder, "bundle.yaml"), "name: b\n");

        var ran = await Cli.Run(["policy", "replay", .. arguments]);

        Assert.Equal((2, ""), (ran.ExitCode, ran.Output));
        Assert.Contains(said, ran.Errors);
        Assert.Empty(Server.Requests);
    }

    private void Answers(params string[] lines)
    {
        Server.On("GET /policies", Policies);
        Server.On("POST /policies/replay", string.Join('\n', lines) + "\n");
    }
}
