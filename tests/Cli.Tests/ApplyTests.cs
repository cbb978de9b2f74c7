using System.Text.Json;

namespace Assay.Cli.Tests;

/// <summary><c>apply</c>: reads the folder, shows the plan, makes keys, applies what was shown.</summary>
public sealed class ApplyTests : CliTest
{
    private const string Plan = """
        "plan":[{"action":"create","kind":"identity","id":"exporter","changes":["owner: \"team-data\""],"narrows":false},
                {"action":"update","kind":"identity","id":"crm","changes":["memberships: - role writer"],"narrows":true},
                {"action":"delete","kind":"identity","id":"old","changes":["no longer declared"],"narrows":true},
                {"action":"upload","kind":"policy-set","id":"0123456789abcdef","changes":["policies/p.cedar: added"],"narrows":false}],
        "notes":["role 'x' stays"],"warnings":["policies/a.cedar:3:1: it does nothing"],"missingKeys":["exporter"],"comparedWith":41
        """;

    private static readonly string DryRun = $$"""{ {{Plan}}, "applied":false}""";

    private string Bundle()
    {
        var folder = Path.Combine(Cli.Folder, "my-bundle");
        Directory.CreateDirectory(Path.Combine(folder, "identities"));
        File.WriteAllText(Path.Combine(folder, "identities", "exporter.yaml"), "id: exporter\nowner: team-data\ncredential: generate\n");
        return folder;
    }

    private JsonElement Sent(int index) => JsonDocument.Parse(Server.AdminRequests.ElementAt(index).Body).RootElement;

    [Fact]
    public async Task A_dry_run_shows_the_plan_and_changes_nothing()
    {
        Bundle();
        Server.On("POST /apply", DryRun);

        var ran = await Cli.Run("apply", "-f", "my-bundle", "--dry-run");

        Assert.Equal(
            new Ran(
                0,
                $"""
                + create identity exporter
                    owner: "team-data"
                ~ update identity crm
                    memberships: - role writer
                - delete identity old
                    no longer declared
                + upload policy-set 0123456789ab
                    policies/p.cedar: added
                + key for exporter: {Path.Combine(Cli.Data, "keys", "exporter.jwk")} (would be made)
                warning: policies/a.cedar:3:1: it does nothing
                note: role 'x' stays
                Bundle my-bundle: 1 to create, 1 to update, 1 to delete, 1 to upload, 1 key; nothing was changed (--dry-run).

                """,
                ""),
            ran);
        Assert.True(Sent(0).GetProperty("dryRun").GetBoolean());
        Assert.Single(Server.AdminRequests);
        Assert.False(Directory.Exists(Path.Combine(Cli.Data, "keys")));
        Assert.Equal("identity.read policy.read api.read", AdminScopes());
    }

    [Fact]
    public async Task Applying_makes_the_missing_key_and_names_the_version_it_compared_with()
    {
        Bundle();
        Server.On("POST /apply", $$"""{ {{Plan}}, "activates":"0123456789abcdef","applied":true,"version":42}""");

        var ran = await Cli.Run("apply", "-f", "my-bundle", "--activate", "--prune");

        Assert.Equal(0, ran.ExitCode);
        Assert.EndsWith("Bundle my-bundle: 1 created, 1 updated, 1 deleted, 1 uploaded, 1 key, policies activated. Every silo decides by it. (version 42)\n", ran.Output);
        var file = Path.Combine(Cli.Data, "keys", "exporter.jwk");
        var key = JsonDocument.Parse(File.ReadAllText(file)).RootElement;
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var sent = Sent(1);
        Assert.Equal(
            (false, true, true, 41),
            (sent.GetProperty("dryRun").GetBoolean(), sent.GetProperty("activate").GetBoolean(), sent.GetProperty("prune").GetBoolean(), sent.GetProperty("comparedWith").GetInt64()));
        var declared = JsonDocument.Parse(Assert.Single(Assert.Single(sent.GetProperty("bundle").GetProperty("identities").EnumerateArray()).GetProperty("keys").EnumerateArray())
            .GetProperty("publicJwk").GetString()!).RootElement;
        Assert.Equal(key.GetProperty("x").GetString(), declared.GetProperty("x").GetString());
        Assert.All(Server.Requests, asked => Assert.DoesNotContain(key.GetProperty("d").GetString()!, asked.Body));
        Assert.Equal("identity.read policy.read api.read identity.write policy.write policy.activate", AdminScopes());
    }

    [Fact]
    public async Task A_key_that_is_there_is_used_again()
    {
        Bundle();
        var file = Path.Combine(Cli.Data, "keys", "exporter.jwk");
        CliProcess.WriteKey(file);
        var before = File.ReadAllText(file);
        Server.On("POST /apply", $$"""{ {{Plan}}, "applied":true,"version":42}""");

        await Cli.Run("apply", "-f", "my-bundle");

        Assert.Equal(before, File.ReadAllText(file));
        Assert.Contains(JsonDocument.Parse(before).RootElement.GetProperty("x").GetString()!, Server.AdminRequests.Last().Body);
    }

    [Fact]
    public async Task A_change_in_between_is_refused_and_nothing_is_said_to_be_done()
    {
        Bundle();
        Server.On("POST /apply", """{"title":"Changed meanwhile","status":409,"detail":"Compare again."}""", 409);

        Assert.Equal(new Ran(1, "", "assay: Changed meanwhile: Compare again.\n"), await Cli.Run("apply", "-f", "my-bundle"));
    }

    [Fact]
    public async Task A_server_that_is_as_the_bundle_says_is_left_alone()
    {
        Bundle();
        Server.On("POST /apply", """{"plan":[],"notes":[],"warnings":[],"missingKeys":[],"comparedWith":41,"applied":false}""");

        Assert.Equal(new Ran(0, "Bundle my-bundle: the server is as it says. Nothing to do.\n", ""), await Cli.Run("apply", "-f", "my-bundle"));
        Assert.Single(Server.AdminRequests);
    }

    [Fact]
    public async Task Faults_of_the_bundle_are_listed_with_their_places_and_nothing_is_sent()
    {
        var folder = Bundle();
        File.WriteAllText(Path.Combine(folder, "identities", "wrong.yaml"), "id: wrong\nownr: me\n");

        var ran = await Cli.Run("apply", "-f", "my-bundle");

        Assert.Equal((2, ""), (ran.ExitCode, ran.Output));
        Assert.StartsWith("assay: my-bundle: 1 fault, nothing was applied.\n  identities/wrong.yaml:2:1: ", ran.Errors);
        Assert.Empty(Server.Requests);
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_wrong_usage()
    {
        Assert.Equal(2, (await Cli.Run("apply", "-f", "nowhere")).ExitCode);
    }
}
