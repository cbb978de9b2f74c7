using System.Text.Json;

namespace Assay.Cli.Tests;

/// <summary><c>get</c>: tables for people, the server's own JSON for programs.</summary>
public sealed class ViewTests : CliTest
{
    private const string Exporter =
        """
        {"id":"exporter","number":12,"kind":"workload","name":"Payments exporter","owner":"team-data","managedBy":"quickstart","grantTypes":["client_credentials"],
         "defaultResource":"https://payments.example","attributes":{"env":"prod"},
         "credentials":[{"handle":"thumb-1","kind":"publicKey","createdAt":"2026-11-01T10:00:00Z","managedBy":"quickstart"},
                        {"handle":"secret-old","kind":"secret","createdAt":"2026-10-01T10:00:00Z","revokedAt":"2026-10-02T10:00:00Z"}],
         "memberships":[{"group":"Assay::Role::\"payments-reader\"","managedBy":"quickstart"},{"group":"Assay::Team::\"data\""},
                        {"group":"Assay::Role::\"gone\"","removedAt":"2026-10-02T10:00:00Z"}],
         "signals":[{"name":"unusual-country","source":"admin","weight":60,"raisedAt":"2026-11-01T10:00:00Z","halfLife":"1h"}],
         "risk":{"score":60,"level":"high","signals":["unusual-country"]}}
        """;

    [Fact]
    public async Task Identities_are_one_line_each()
    {
        Server.On("GET /identities?limit=500", $$"""
            {"identities":[{{Exporter}},{"id":"idle","number":3,"kind":"person","grantTypes":[],"credentials":[],"memberships":[],"signals":[],
             "risk":{"score":0,"level":"low","signals":[]},"disabledAt":"2026-11-01T10:00:00Z","disabledReason":"left"}]}
            """);

        var ran = await Cli.Run("get", "identities");

        Assert.Equal(
            new Ran(
                0,
                """
                IDENTITY  KIND      OWNER      GROUPS                      CREDENTIALS  RISK                       STATE     MANAGED BY
                exporter  workload  team-data  payments-reader, team:data  key          60 high (unusual-country)  enabled   quickstart
                idle      person    -          -                           none         0 low                      disabled  -

                """,
                ""),
            ran);
        Assert.Equal("identity.read", AdminScopes());
    }

    [Fact]
    public async Task Pages_are_followed_to_the_end()
    {
        string Page(string id, string next) => $$"""
            {"identities":[{"id":"{{id}}","number":1,"kind":"workload","grantTypes":[],"credentials":[],"memberships":[],"signals":[],"risk":{"score":0,"level":"low","signals":[]} }]{{next}} }
            """;
        Server.On("GET /identities?limit=500", Page("a", ""","next":"a" """));
        Server.On("GET /identities?limit=499&after=a", Page("b", ""));

        var ran = await Cli.Run("get", "identities", "--output", "json");

        using var json = JsonDocument.Parse(ran.Output);
        Assert.Equal(["a", "b"], json.RootElement.GetProperty("identities").EnumerateArray().Select(found => found.GetProperty("id").GetString()!));
    }

    [Fact]
    public async Task One_identity_is_shown_in_full()
    {
        Server.On("GET /identities/exporter", Exporter);

        var ran = await Cli.Run("get", "identities", "exporter");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        Assert.StartsWith("exporter  Payments exporter\n", ran.Output);
        Assert.Contains("  managed by        bundle quickstart\n", ran.Output);
        Assert.Contains("  attribute env     \"prod\"\n", ran.Output);
        Assert.Contains("  thumb-1     publicKey  2026-11-01 10:00:00Z  -        live", ran.Output);
        Assert.Contains("  secret-old  secret     2026-10-01 10:00:00Z  -        revoked", ran.Output);
        Assert.Contains("  gone             -        removed", ran.Output);
        Assert.Contains("  unusual-country  admin   60", ran.Output);
    }

    [Fact]
    public async Task An_id_is_escaped_on_its_way_to_the_server()
    {
        await Cli.Run("get", "identities", "ci/repo:main");

        Assert.Equal("GET /admin/v1/identities/ci%2Frepo%3Amain", Assert.Single(Server.AdminRequests).Call);
    }

    [Fact]
    public async Task Json_is_the_servers_answer_unchanged()
    {
        Server.On("GET /identities/exporter", Exporter);

        var ran = await Cli.Run("get", "identities", "exporter", "--output", "json");

        using var printed = JsonDocument.Parse(ran.Output);
        using var sent = JsonDocument.Parse(Exporter);
        Assert.True(JsonElement.DeepEquals(sent.RootElement, printed.RootElement));
    }

    [Fact]
    public async Task Nothing_in_the_data_can_steer_the_terminal_or_the_layout()
    {
        Server.On("GET /identities/exporter", Exporter.Replace("Payments exporter", "\\u001b[2J[red]evil[/]\\u202e\\n", StringComparison.Ordinal));

        var ran = await Cli.Run("get", "identities", "exporter");

        Assert.StartsWith("exporter  \\u001b[2J[red]evil[/]\\u202e\\u000a\n", ran.Output);
        Assert.DoesNotContain('\u001b', ran.Output);
    }

    [Fact]
    public async Task Output_to_a_file_has_no_colors_no_wrapping_and_no_trailing_blanks()
    {
        var handle = new string('h', 300);
        Server.On("GET /identities/exporter", Exporter.Replace("thumb-1", handle, StringComparison.Ordinal));

        var ran = await Cli.Run("get", "identities", "exporter");

        Assert.Contains($"  {handle}  publicKey", ran.Output);
        Assert.DoesNotContain('\u001b', ran.Output);
        Assert.All(ran.Output.Split('\n'), line => Assert.Equal(line.TrimEnd(), line));
    }

    [Fact]
    public async Task Keys_show_where_they_are_in_their_life()
    {
        Server.On("GET /keys", $$"""
            {"keys":[{"kid":"old","purpose":"access-token","algorithm":"ES256","state":"retiring","announcedAt":"{{Moment(TimeSpan.FromHours(72))}}","activatesAt":"{{Moment(TimeSpan.FromHours(50))}}","retiresAt":"{{Moment(TimeSpan.FromHours(4))}}"},
                     {"kid":"new","purpose":"set","algorithm":"ES256","state":"active","announcedAt":"{{Moment(TimeSpan.FromHours(5))}}","activatesAt":"{{Moment(TimeSpan.FromHours(4))}}"}]}
            """);

        var ran = await Cli.Run("get", "keys");

        Assert.Equal(
            """
            KEY  SIGNS         ALG    STATE     ANNOUNCED  SIGNS FROM  SIGNS UNTIL  PUBLISHED UNTIL
            old  access-token  ES256  retiring  3 d ago    2.1 d ago   4 h ago      -
            new  set           ES256  active    5 h ago    4 h ago     -            -

            """,
            ran.Output);
        Assert.Equal("key.read", AdminScopes());
    }

    [Fact]
    public async Task Policies_show_what_is_in_force_and_what_a_rollback_brings()
    {
        Server.On("GET /policies", """
            {"domains":[{"domain":"tokens","active":"bbbbbbbbbbbbbbbb","activeSince":9,"previous":["aaaaaaaaaaaaaaaa"],
              "versions":[{"version":"bbbbbbbbbbbbbbbb","number":8,"policies":4},{"version":"aaaaaaaaaaaaaaaa","number":2,"policies":3},{"version":"cccccccccccccccc","number":1,"policies":1}]}]}
            """);

        var ran = await Cli.Run("policy", "list");

        Assert.Equal(
            """
            DOMAIN  VERSION       POLICIES  STATE
            tokens  bbbbbbbbbbbb  4         in force since version 9
            tokens  aaaaaaaaaaaa  3         before; a rollback goes here
            tokens  cccccccccccc  1         stored

            """,
            ran.Output);
    }

    [Fact]
    public async Task A_policy_set_is_shown_as_written()
    {
        Server.On("GET /policies", """{"domains":[{"domain":"tokens","active":"abc1","activeSince":1,"previous":[],"versions":[{"version":"abc1","number":1,"policies":1}]}]}""");
        Server.On("GET /policies/abc1", """{"domain":"tokens","version":"abc1","active":true,"files":[{"path":"policies/a.cedar","text":"permit (\n  principal,\n  action,\n  resource [\n);\n"}]}""");

        var ran = await Cli.Run("get", "policies", "abc");

        Assert.Equal("tokens abc1 in force\n\npolicies/a.cedar\npermit (\n  principal,\n  action,\n  resource [\n);\n", ran.Output);
    }

    [Fact]
    public async Task Evidence_is_one_line_a_decision_newest_first()
    {
        Server.On("GET /evidence?limit=20&identity=exporter", $$"""
            {"records":[
              {"id":"id-2","place":"1/2","kind":"denial","time":"{{Moment(TimeSpan.FromHours(5))}}","node":"n","requestId":"r","identity":"exporter","resource":"https://payments.example","requested":["payments:write"],"granted":[],"error":"invalid_scope"},
              {"id":"id-1","place":"1/1","kind":"permit","time":"{{Moment(TimeSpan.FromHours(7))}}","node":"n","requestId":"r","identity":"exporter","resource":"https://payments.example","requested":["payments:read","payments:write"],"granted":["payments:read"],"jti":"id-1"},
              {"id":"id-0","place":"1/0","kind":"admin","time":"{{Moment(TimeSpan.FromHours(9))}}","node":"n","requestId":"r","identity":"assay-bootstrap","action":"disable","target":"exporter","number":4}]}
            """);

        var ran = await Cli.Run("get", "evidence", "--identity", "exporter");

        Assert.Equal(
            """
            WHEN     KIND                  IDENTITY         FOR                       GRANTED        WITHHELD        ID
            5 h ago  denial invalid_scope  exporter         https://payments.example  -              payments:write  id-2
            7 h ago  permit                exporter         https://payments.example  payments:read  payments:write  id-1
            9 h ago  admin                 assay-bootstrap  disable exporter                                         id-0

            """,
            ran.Output);
        Assert.Equal("evidence.read", AdminScopes());
    }

    [Fact]
    public async Task Evidence_says_how_far_back_was_looked()
    {
        Server.On("GET /evidence?limit=20&kind=denial", """{"records":[],"lookedBackTo":"2026-11-20T08:00:00Z","next":"1.2.3.4.5"}""");

        var ran = await Cli.Run("get", "evidence", "--kind", "denial");

        Assert.Equal(0, ran.ExitCode);
        Assert.Equal(
            "No such records.\nOnly records since 2026-11-20 08:00:00Z were looked through; there may be more before. Go on with --before 1.2.3.4.5, or look at more with --look.\n",
            ran.Errors);
    }

    [Fact]
    public async Task Apis_are_one_line_each()
    {
        Server.On("GET /apis", """{"apis":[{"resource":"https://payments.example","name":"Payments","managedBy":"quickstart","policyDomain":"tokens","scopes":[{"name":"payments:read","groups":[]}],"maxTokenLifetimeSeconds":300}]}""");
        Assert.Equal(
            "RESOURCE                  NAME      SCOPES         LONGEST TOKEN  POLICY DOMAIN  MANAGED BY\n" +
            "https://payments.example  Payments  payments:read  5 min          tokens         quickstart\n",
            (await Cli.Run("get", "apis")).Output);
    }

    [Fact]
    public async Task Roles_and_teams_are_named_as_other_commands_take_them()
    {
        Server.On("GET /groups", """
            {"groups":[{"group":"Assay::Role::\"payments-writer\"","description":"May write","managedBy":"quickstart","parents":["Assay::Role::\"payments-reader\""]},
                       {"group":"Assay::Team::\"treasury\"","parents":[]}]}
            """);
        Assert.Equal(
            "GROUP            DESCRIPTION  IN               MANAGED BY\n" +
            "payments-writer  May write    payments-reader  quickstart\n" +
            "team:treasury    -            -                -\n",
            (await Cli.Run("get", "groups")).Output);
        Assert.Equal("api.read", AdminScopes());
    }

    private const string Silos =
        """
        {"silos":[
          {"epoch":4,"slot":"host-a","address":"10.0.0.1:11111@133","state":"active","joinedAt":"2026-11-01T10:00:00Z","renewedAt":"2026-11-01T11:00:00Z","lapsesAt":"2026-11-01T11:00:10Z",
           "leaseAgeSeconds":0.84,"acknowledged":12,"lag":0,
           "figures":{"applied":12,"sealsSeen":1,"pendingRecords":3,"batchRecords":{"p50":14,"p99":60},"commitMilliseconds":{"p50":0.412,"p99":2.96},"narrowingMilliseconds":{"p50":2,"p99":41.2}}},
          {"epoch":5,"slot":"host-b","address":"10.0.0.2:11111@134","state":"condemned","joinedAt":"2026-11-01T10:00:00Z","renewedAt":"2026-11-01T11:00:00Z","lapsesAt":"2026-11-01T11:00:10Z",
           "leaseAgeSeconds":7,"acknowledged":10,"lag":2},
          {"epoch":3,"slot":"host-b","address":"10.0.0.2:11111@130","state":"sealed","joinedAt":"2026-11-01T10:00:00Z","renewedAt":"2026-11-01T11:00:00Z","lapsesAt":"2026-11-01T11:00:10Z",
           "acknowledged":8,"seal":9}],
         "head":12}
        """;

    [Fact]
    public async Task Silos_show_their_lease_how_far_they_are_and_how_they_are_doing()
    {
        Server.On("GET /silos", Silos);

        var ran = await Cli.Run("get", "silos");

        Assert.Equal(
            """
            SILO    EPOCH  ADDRESS             STATE      LEASE AGE  ACKNOWLEDGED  BEHIND  PENDING  BATCH P50  COMMIT P50  COMMIT P99  NARROWING P99
            host-a  4      10.0.0.1:11111@133  active     840 ms     12            0       3        14         0.4 ms      3 ms        41 ms
            host-b  5      10.0.0.2:11111@134  condemned  7 s        10            2       -        -          -           -           -
            host-b  3      10.0.0.2:11111@130  sealed     -          8             -       -        -          -           -           -

            """,
            ran.Output);
        Assert.Equal("evidence.read", AdminScopes());
    }

    [Fact]
    public async Task Silos_as_json_are_the_servers_answer_unchanged()
    {
        Server.On("GET /silos", Silos);

        var ran = await Cli.Run("get", "silos", "-o", "json");

        using var printed = JsonDocument.Parse(ran.Output);
        using var sent = JsonDocument.Parse(Silos);
        Assert.True(JsonElement.DeepEquals(sent.RootElement, printed.RootElement));
    }
}
