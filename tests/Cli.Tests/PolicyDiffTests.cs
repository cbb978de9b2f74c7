using System.Text.Json;
using System.Text.RegularExpressions;

namespace Assay.Cli.Tests;

/// <summary><c>policy diff</c> against a server and against a folder.</summary>
public sealed class PolicyDiffTests : CliTest
{
    private const string Version = "3f9a020000000000000000000000000000000000000000000000000000000000";
    private const string Stored = """@id(\"read\") @max_ttl(\"5m\") permit (principal in Assay::Role::\"reader\", action == Action::\"read\", resource);""";

    [Fact]
    public async Task Against_the_set_in_force_policies_differ_by_name_and_decisions_by_identity()
    {
        Setup();
        Bundle("bundle", """@id("read") @max_ttl("1m") permit (principal in Assay::Role::"reader", action == Action::"read", resource) when { principal has tier && principal.tier > 1 };""");

        var ran = await Cli.Run("policy", "diff", "bundle");

        Assert.Equal(
            new Ran(
                0,
                """
                from in force: 3f9a02000000 to bundle (…)

                POLICIES
                ~ permit read  policies/a.cedar:1
                    @max_ttl: "5m" → "1m"
                    + when { principal has tier && principal.tier > 1 }
                1 changed.

                DECISIONS
                CHANGE   IDENTITY  RESOURCE           SCOPE  BEFORE          AFTER          WHEN
                loses    low       https://a.example  read   granted, 4 min  noPermit       always
                shorter  high      https://a.example  read   granted, 4 min  granted, 60 s  always
                2 differences among 3 identities and 1 API, with a key or a secret, at risk 0, 50 and 80. 18 compared

                """,
                ""),
            ran with { Output = Regex.Replace(ran.Output, @"\([0-9a-f]{12}\)", "(…)") });
        Assert.Equal("policy.read identity.read api.read", AdminScopes());
    }

    [Fact]
    public async Task What_differs_can_be_an_exit_code_and_json()
    {
        Setup();
        Bundle("bundle", """@id("read") @max_ttl("5m") permit (principal in Assay::Role::"reader", action == Action::"read", resource) when { context.risk.score < 80 || context.client.assurance > 1 };""");

        var ran = await Cli.Run("policy", "diff", "bundle", "--against", "3f9a", "--exit-code", "--output", "json");

        Assert.Equal(1, ran.ExitCode);
        using var answer = JsonDocument.Parse(ran.Output);
        Assert.Equal(Version, answer.RootElement.GetProperty("from").GetString());
        var changes = answer.RootElement.GetProperty("decisions").GetProperty("changes");
        Assert.Equal(
            """{"change":"lost","identity":"high","resource":"https://a.example","scope":"read","before":"granted","after":"noPermit","stepUp":[],"ttlSecondsBefore":240,"situations":[{"method":"client_secret_basic","risk":80}]}""",
            JsonSerializer.Serialize(changes[0]));
        Assert.Equal(2, changes.GetArrayLength());
    }

    [Fact]
    public async Task The_same_policies_differ_in_nothing()
    {
        Setup();
        Bundle("bundle", Stored.Replace("\\\"", "\"", StringComparison.Ordinal).Replace(" permit", "\npermit", StringComparison.Ordinal));

        var ran = await Cli.Run("policy", "diff", "bundle", "--exit-code");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        Assert.Contains("\nNo policy differs.\n", ran.Output);
        Assert.Contains("\nNo decision among 3 identities and 1 API, ", ran.Output);
    }

    [Fact]
    public async Task Identities_are_read_page_by_page_up_to_the_limit()
    {
        Setup();
        Server.On("GET /identities?limit=2", $$"""{"identities":[{{Identity("high", 2)}},{{Identity("low", 1)}}],"next":"low"}""");
        Bundle("bundle", Stored.Replace("\\\"", "\"", StringComparison.Ordinal));

        var ran = await Cli.Run("policy", "diff", "bundle", "--limit", "2");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        Assert.EndsWith("\nThe server has more identities than were compared; raise --limit.\n", ran.Output);
    }

    [Fact]
    public async Task Before_anything_is_in_force_everything_is_gained()
    {
        Setup();
        Server.On("GET /policies", """{"domains":[{"domain":"tokens","activeSince":0,"previous":[],"versions":[]}]}""");
        Bundle("bundle", Stored.Replace("\\\"", "\"", StringComparison.Ordinal));

        var ran = await Cli.Run("policy", "diff", "bundle");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        Assert.Contains("from nothing in force to bundle ", ran.Output);
        Assert.Contains("+ permit read  policies/a.cedar:1\n1 added.\n", ran.Output);
        Assert.Contains("gains   low       https://a.example  read   noPermit  granted, 4 min  always\n", ran.Output);
    }

    [Fact]
    public async Task Against_a_folder_no_server_is_asked()
    {
        Bundle("old", """@id("write") permit (principal, action == Action::"read", resource);""");
        Bundle("new", """@id("read") permit (principal, action == Action::"read", resource) when { context.client.assurance >= 2 };""");

        var ran = await Cli.Run("policy", "diff", "new", "--against", "old");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        Assert.StartsWith("from old to new (", ran.Output, StringComparison.Ordinal);
        Assert.Contains("+ permit read  policies/a.cedar:1\n- permit write  policies/a.cedar:1\n1 added, 1 removed.\n", ran.Output);
        Assert.Contains("loses   mine      https://a.example  read   granted, 4 min  noPermit  with a secret\n", ran.Output);
        Assert.Empty(Server.Requests);
    }

    // On the server: a role, an API, and two identities; the bundle has one more.
    private void Setup()
    {
        Server.On("GET /policies", $$"""{"domains":[{"domain":"tokens","active":"{{Version}}","activeSince":3,"previous":[],"versions":[{"version":"{{Version}}","number":2,"policies":1}]}]}""");
        Server.On($"GET /policies/{Version}", $$"""{"domain":"tokens","version":"{{Version}}","files":[{"path":"policies/a.cedar","text":"{{Stored}}"}],"active":true}""");
        Server.On("GET /identities?limit=500", $$"""{"identities":[{{Identity("high", 2)}}],"next":"high"}""");
        Server.On("GET /identities?limit=500&after=high", $$"""{"identities":[{{Identity("low", 1)}}]}""");
        Server.On("GET /groups", """{"groups":[{"group":"Assay::Role::\"reader\"","parents":[]},{"group":"Assay::Role::\"above\"","parents":["Assay::Role::\"reader\""]}]}""");
        Server.On("GET /apis", """
            {"apis":[{"resource":"https://a.example","policyDomain":"tokens","scopes":[{"name":"read","groups":[]}],"maxTokenLifetimeSeconds":240,"parents":[]},
                     {"resource":"urn:assay:admin","policyDomain":"admin","scopes":[{"name":"api.read","groups":[]}],"parents":[]}]}
            """);
    }

    private static string Identity(string id, int tier) => $$"""
        {"id":"{{id}}","number":1,"kind":"workload","grantTypes":[],"credentials":[],"signals":[],"risk":{"score":0,"level":"low","signals":[]},"attributes":{"tier":{{tier}}},
         "memberships":[{"group":"Assay::Role::\"above\""},{"group":"Assay::Role::\"gone\"","removedAt":"2026-10-02T10:00:00Z"}]}
        """;

    private void Bundle(string name, string policies)
    {
        Write($"{name}/policies/a.cedar", policies);
        Write($"{name}/apis/a.yaml", "resource: https://a.example\nmaxTokenLifetime: 4m\nscopes: [{name: read}]\n");
        Write($"{name}/identities/mine.yaml", "id: mine\n");
        Write($"{name}/roles.yaml", "roles: [{id: reader}]\n");
        Write($"{name}/schema.cedarschema", "namespace Assay { entity Workload in [Role, Team] = { tier?: Long }; }\n");
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(Cli.Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
