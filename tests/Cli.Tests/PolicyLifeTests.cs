namespace Assay.Cli.Tests;

/// <summary>Policy sets on the server: shadowed, put in force, and what happened to them.</summary>
public sealed class PolicyLifeTests : CliTest
{
    private const string Domains = """
        {"domains":[{"domain":"tokens","active":"aaaa1","activeSince":1,"previous":[],"shadow":"bbbb2",
          "versions":[{"version":"cccc3","number":3,"policies":1},{"version":"bbbb2","number":2,"policies":1},{"version":"aaaa1","number":1,"policies":1}]}]}
        """;

    [Fact]
    public async Task A_reason_goes_along_with_an_activation_and_a_rollback()
    {
        Server.On("GET /policies", Domains);
        Server.On("POST /policies/bbbb2/activate", """{"domain":"tokens","active":"bbbb2","number":17,"changed":true}""");
        Server.On("POST /policies/rollback", """{"domain":"tokens","active":"aaaa1","number":18,"changed":true}""");

        Assert.Equal(0, (await Cli.Run("policy", "activate", "bb", "--reason", "SEC-118")).ExitCode);
        Assert.Equal("""{"domain":"tokens","reason":"SEC-118"}""", Server.AdminRequests.Last().Body);
        Assert.Equal(0, (await Cli.Run("policy", "rollback", "--reason", "exports fail")).ExitCode);
        Assert.Equal("""{"domain":"tokens","reason":"exports fail"}""", Server.AdminRequests.Last().Body);
    }

    [Fact]
    public async Task The_two_person_rule_is_told_as_the_server_says_it()
    {
        Server.On("GET /policies", Domains);
        Server.On("POST /policies/bbbb2/activate", """{"title":"Not allowed","status":403,"detail":"two-person rule: 'ann' stored policy set bbbb2"}""", 403);

        Assert.Equal(new Ran(1, "", "assay: Not allowed: two-person rule: 'ann' stored policy set bbbb2\n"), await Cli.Run("policy", "activate", "bb"));
    }

    [Fact]
    public async Task A_stored_set_becomes_the_shadow_by_enough_of_its_version()
    {
        Server.On("GET /policies", Domains);
        Server.On("POST /policies/cccc3/shadow", """{"domain":"tokens","version":"cccc3","number":5,"changed":true}""");

        var ran = await Cli.Run("policy", "shadow", "cc", "--reason", "stricter");

        Assert.Equal(
            new Ran(0, "tokens: cccc3 is asked beside the set in force from here on. It changes no decision; assay policy shadow status tells how it differs.\n", ""), ran);
        Assert.Equal("""{"domain":"tokens","reason":"stricter"}""", Server.AdminRequests.Last().Body);
        Assert.Equal("policy.read policy.write", AdminScopes());
    }

    [Fact]
    public async Task The_policies_of_a_folder_are_stored_and_shadowed()
    {
        var temporary = Directory.CreateTempSubdirectory("assay-shadow-").FullName;
        var folder = Path.Combine(temporary, "bundle");
        Directory.CreateDirectory(Path.Combine(folder, "policies"));
        await File.WriteAllTextAsync(Path.Combine(folder, "policies", "all.cedar"), "forbid (principal, action, resource);");
        Server.On("POST /policies", """{"domain":"tokens","version":"dddd4","number":6}""", 201);
        Server.On("POST /policies/dddd4/shadow", """{"domain":"tokens","version":"dddd4","number":7,"changed":true}""");

        var ran = await Cli.Run("policy", "shadow", folder);

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        Assert.Equal(["POST /policies", "POST /policies/dddd4/shadow"], Server.AdminRequests.Select(asked => $"{asked.Method} {asked.Path["/admin/v1".Length..]}"));
        Assert.Contains("\"path\":\"policies/all.cedar\"", Server.AdminRequests.First().Body);
        Directory.Delete(temporary, recursive: true);
    }

    [Fact]
    public async Task A_shadow_is_ended()
    {
        Server.On("DELETE /policies/shadow?domain=tokens&reason=enough", """{"domain":"tokens","number":9,"changed":true}""");
        Server.On("DELETE /policies/shadow?domain=admin", """{"domain":"admin","number":0,"changed":false}""");

        Assert.Equal(new Ran(0, "tokens: the shadow has ended.\n", ""), await Cli.Run("policy", "shadow", "--off", "--reason", "enough"));
        Assert.Equal(new Ran(0, "admin: there was no shadow.\n", ""), await Cli.Run("policy", "shadow", "--off", "--domain", "admin"));
    }

    [Theory]
    [InlineData]
    [InlineData("bbbb2", "--off")]
    public async Task A_shadow_is_either_begun_or_ended(params string[] arguments)
    {
        Assert.Equal(
            new Ran(2, "", "assay: Say what to shadow, a bundle's folder or a version, or --off.\n"), await Cli.Run(["policy", "shadow", .. arguments]));
    }

    [Fact]
    public async Task Status_says_how_often_and_how_the_shadow_differs()
    {
        Server.On("GET /policies/shadow", $$"""
            {"shadows":[{"domain":"tokens","version":"bbbb2","inForce":false,
              "begun":{"domain":"tokens","event":"shadowed","version":"bbbb2","by":"ann","at":"{{Moment(TimeSpan.FromHours(20))}}","reason":"stricter","number":7},
              "counts":{"asked":200,"same":190,"lost":8,"gained":0,"stepUp":2,"shorter":0,"longer":0,"otherReason":0,"failed":0,"skipped":3},
              "differences":[{"id":"rec-1","time":"{{Moment(TimeSpan.FromMinutes(50))}}","identity":"crm","resource":"https://payments.example",
                "shadow":{"version":"bbbb2","kinds":["lost","stepUp","shorter"],"lifetimeSeconds":120,
                  "scopes":[{"scope":"read","before":"granted","after":"noPermit","stepUp":[]},{"scope":"write","before":"granted","after":"stepUpRequired","stepUp":["approval"]}] } }]}]}
            """);

        var ran = await Cli.Run("policy", "shadow", "status");

        Assert.Equal("policy.read evidence.read", AdminScopes());
        Assert.Equal(
            """
            tokens: bbbb2 is the shadow since 20 h ago, by ann: stricter
            Asked beside 200 decisions: 190 the same (95 %).
              8  4 %  a scope would be withheld that was granted
              2  1 %  a scope would wait for a verification
              3       it was not asked: it had taken long, and rested

            NEWEST DIFFERENCES
              WHEN        IDENTITY  FOR                       WOULD BE                                 ID
              50 min ago  crm       https://payments.example  - read, write after approval, for 2 min  rec-1

            """,
            ran.Output);
    }

    [Fact]
    public async Task Without_a_shadow_status_says_so()
    {
        Server.On("GET /policies/shadow", """{"shadows":[]}""");

        Assert.Equal(new Ran(0, "There is no shadow.\n", ""), await Cli.Run("policy", "shadow", "status"));
    }

    [Fact]
    public async Task History_tells_who_did_what_when_and_why()
    {
        Server.On("GET /policies/history?limit=20&domain=tokens", $$"""
            {"events":[
              {"domain":"tokens","event":"rolledBack","version":"aaaa1","by":"bob","at":"{{Moment(TimeSpan.FromMinutes(30))}}","reason":"exports fail","number":9},
              {"domain":"tokens","event":"activated","version":"bbbb2","by":"bob","at":"{{Moment(TimeSpan.FromMinutes(90))}}","number":8},
              {"domain":"tokens","event":"stored","version":"bbbb2","by":"ann","at":"{{Moment(TimeSpan.FromHours(30))}}","through":"bundle b applied","number":7}]}
            """);

        var ran = await Cli.Run("policy", "history", "--domain", "tokens");

        Assert.Equal(
            """
            WHEN        DOMAIN  SET    WHAT            BY   WHY                 VERSION
            30 min ago  tokens  aaaa1  rolled back to  bob  exports fail        9
            90 min ago  tokens  bbbb2  in force        bob  -                   8
            30 h ago    tokens  bbbb2  stored          ann  (bundle b applied)  7

            """,
            ran.Output);
        Assert.Equal(2, (await Cli.Run("policy", "history", "--limit", "0")).ExitCode);
    }

    [Fact]
    public async Task The_list_marks_the_shadow()
    {
        Server.On("GET /policies", Domains);

        Assert.Matches("tokens +bbbb2 +1 +shadow\n", (await Cli.Run("policy", "list")).Output);
    }
}
