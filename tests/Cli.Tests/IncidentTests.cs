using System.Text.Json;

namespace Assay.Cli.Tests;

/// <summary>What hangs on a thing, cutting it off, and letting it go.</summary>
public sealed class IncidentTests : CliTest
{
    private const string Contained = """{"act":412,"number":412,"changed":true,"kind":"credential","name":"secret-1","identity":"crm","parts":["credential secret-1 of crm frozen","all tokens that credential secret-1 obtained ended"]}""";

    [Fact]
    public async Task A_credential_is_contained_and_the_act_is_named()
    {
        Server.On("POST /containments", Contained);

        var ran = await Cli.Run("contain", "credential", "secret-1", "--reason", "used from elsewhere");

        Assert.Equal(
            new Ran(
                0,
                """
                 CONTAINED  credential secret-1, on every silo: act 412.
                  credential secret-1 of crm frozen
                  all tokens that credential secret-1 obtained ended
                Who validates offline learns of it from status lists, within 30 s. To undo: assay contain undo 412 --reason …

                """,
                ""),
            ran);
        Assert.Equal("""{"kind":"credential","name":"secret-1","reason":"used from elsewhere"}""", Assert.Single(Server.AdminRequests).Body);
        Assert.Equal("token.revoke identity.write", AdminScopes());
    }

    [Fact]
    public async Task A_key_may_be_cut_short_and_takes_its_own_scopes()
    {
        Server.On("GET /keys", """{"keys":[{"kid":"key-long-1","purpose":"access-token","algorithm":"ES256","state":"active","announcedAt":"2026-11-01T10:00:00Z"}]}""");
        Server.On("POST /containments", Contained);

        Assert.Equal(0, (await Cli.Run("contain", "key", "key-l", "--reason", "leaked")).ExitCode);

        Assert.Equal("""{"kind":"key","name":"key-long-1","reason":"leaked"}""", Server.AdminRequests.Last().Body);
        Assert.Equal("token.revoke key.rotate key.read", AdminScopes());
    }

    [Fact]
    public async Task What_is_contained_already_is_said_so()
    {
        Server.On("POST /containments", Contained.Replace("true", "false", StringComparison.Ordinal));

        var ran = await Cli.Run("contain", "identity", "crm", "--reason", "x");

        Assert.StartsWith("credential secret-1 is contained already, by act 412.\n", ran.Output);
    }

    [Theory]
    [InlineData("key", "token.revoke key.rotate"), InlineData("identity", "token.revoke identity.write")]
    public async Task Undoing_takes_the_scopes_that_the_act_took(string kind, string scopes)
    {
        Server.On("GET /containments?limit=1&before=413", $$"""
            {"containments":[{"act":412,"event":"contained","kind":"{{kind}}","name":"x","reason":"r","at":"2026-11-28T10:00:00Z","actor":"ann","number":412,"stands":true}]}
            """);
        Server.On("POST /containments/412/undo", """{"act":412,"number":420,"changed":true,"kind":"identity","name":"x","parts":["identity x enabled"]}""");

        var ran = await Cli.Run("contain", "undo", "412", "--reason", "it was the vendor");

        Assert.Equal(new Ran(0, "Act 412 is undone. (version 420)\n  identity x enabled\nIts tokens stay dead.\n", ""), ran);
        Assert.Equal("""{"reason":"it was the vendor"}""", Server.AdminRequests.Last().Body);
        Assert.Equal([$"scope={Uri.EscapeDataString("evidence.read")}", $"scope={scopes.Replace(' ', '+')}"], Server.Requests.Where(asked => asked.Path == "/oauth/token").Select(
            asked => asked.Body.Split('&').Single(pair => pair.StartsWith("scope=", StringComparison.Ordinal)).Replace("%20", "+", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("contain", "identity", "crm"), InlineData("contain", "undo", "x", "--reason", "y"), InlineData("blast-radius", "identity", "crm", "--limit", "0"), InlineData("blast-radius", "planet", "mars")]
    public async Task What_is_missing_or_no_number_is_told_before_anything_is_asked(params string[] arguments)
    {
        var ran = await Cli.Run(arguments);

        Assert.Equal((2, ""), (ran.ExitCode, ran.Output));
        Assert.Empty(Server.AdminRequests);
    }

    [Fact]
    public async Task Acts_are_one_line_each()
    {
        Server.On("GET /containments?limit=20", """
            {"containments":[{"act":412,"event":"undone","kind":"identity","name":"crm","identity":"crm","reason":"it was the vendor","at":"2020-11-28T10:00:00Z","actor":"ben","number":420,"stands":false},
                             {"act":411,"event":"contained","kind":"credential","name":"secret-1","identity":"crm","reason":"stolen","at":"2020-11-28T09:00:00Z","actor":"ann","number":411,"stands":true}]}
            """);

        var lines = (await Cli.Run("get", "containments")).Output.Split('\n');

        Assert.Equal(["WHEN", "ACT", "WHAT", "NAME", "OF", "BY", "REASON", "STATE"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.EndsWith("412  undone identity       crm       -    ben  it was the vendor  -", lines[1]);
        Assert.EndsWith("411  contained credential  secret-1  crm  ann  stolen             stands", lines[2]);
    }

    [Fact]
    public async Task The_screen_tells_who_where_from_and_what_for()
    {
        Server.On("GET /blast-radius?kind=credential&name=secret-1&limit=20&look=100000", Part(live: 1, address: "203.0.113.66"));

        var ran = await Cli.Run("blast-radius", "credential", "secret-1");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        var lines = ran.Output.Split('\n').Select(line => line.TrimEnd()).ToArray();
        Assert.StartsWith("credential secret-1, since 2026-11-28 10:00:00Z", lines[0]);
        Assert.Matches(@"^1 live token, the last until 2100-01-01 00:00:00Z \(in .*\)\. 2 tokens in that time, 1 refused request\.$", lines[1]);
        Assert.Contains(lines, line => line.StartsWith("  crm       1", StringComparison.Ordinal) && line.EndsWith("disabled", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("  203.0.113.66  1", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("  https://tickets.example  1", StringComparison.Ordinal) && line.EndsWith("tickets:read", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("  jti-203.0.113.66  crm       https://tickets.example  tickets:read  203.0.113.66", StringComparison.Ordinal));
        Assert.Equal("evidence.read", AdminScopes());
    }

    [Fact]
    public async Task Parts_are_put_together_until_there_are_no_more()
    {
        Server.On("GET /blast-radius?kind=entitlement&name=Assay%3A%3ATeam%3A%3A%22billing%22&limit=20&look=100000", Part(live: 1, address: "203.0.113.66", next: "9.1.1.1.1"));
        Server.On("GET /blast-radius?kind=entitlement&name=Assay%3A%3ATeam%3A%3A%22billing%22&limit=20&look=100000&before=9.1.1.1.1", Part(live: 2, address: "198.51.100.7"));

        var ran = await Cli.Run("blast-radius", "entitlement", "team:billing", "-o", "json");

        using var json = JsonDocument.Parse(ran.Output);
        var total = json.RootElement.GetProperty("total");
        Assert.Equal((3, 4, 20), (total.GetProperty("live").GetInt32(), total.GetProperty("tokens").GetInt32(), json.RootElement.GetProperty("lookedAt").GetInt32()));
        Assert.Equal(["198.51.100.7 2", "203.0.113.66 1"], json.RootElement.GetProperty("addresses").EnumerateArray().Select(row => $"{row.GetProperty("name")} {row.GetProperty("live")}"));
        Assert.Equal(["crm 3"], json.RootElement.GetProperty("identities").EnumerateArray().Select(row => $"{row.GetProperty("name")} {row.GetProperty("live")}"));
        Assert.Equal(2, json.RootElement.GetProperty("tokens").GetArrayLength());
        Assert.False(json.RootElement.TryGetProperty("next", out _));
    }

    [Fact]
    public async Task A_look_that_ends_before_the_records_do_says_so()
    {
        Server.On("GET /blast-radius?kind=identity&name=crm&limit=20&look=10", Part(live: 0, address: "203.0.113.66", next: "9.1.1.1.1"));

        var ran = await Cli.Run("blast-radius", "identity", "crm", "--look", "10");

        Assert.Contains("\nNo live token. 2 tokens in that time, 1 refused request.\n", ran.Output);
        Assert.Contains("10 records were looked at, back to 2026-11-28 11:00:00Z; there may be more before: --look.\n", ran.Output);
    }

    [Fact]
    public async Task Evidence_is_searched_for_by_everything_at_once()
    {
        Server.On("GET /evidence?limit=20&kind=denial&policy=no-fun&outcome=forbidden&ip=192.0.2.7&before=1.2.3.4.5&look=50", """{"records":[]}""");

        var ran = await Cli.Run("evidence", "search", "--kind", "denial", "--policy", "no-fun", "--outcome", "forbidden", "--ip", "192.0.2.7", "--look", "50", "--before", "1.2.3.4.5");

        Assert.Equal(new Ran(0, "", "No such records.\n"), ran);
    }

    private static string Part(int live, string address, string? next = null)
    {
        var until = live == 0 ? "" : "\"liveUntil\":\"2100-01-01T00:00:00Z\",";
        string Row(string name, string more = "") =>
            $$"""{"name":"{{name}}","tokens":2,"live":{{live}},"refused":1,{{until}}"first":"2026-11-28T11:00:00Z","last":"2026-11-28T12:00:00Z","scopes":["tickets:read"]{{more}}}""";
        var token = live == 0 ? "" : $$"""
            {"jti":"jti-{{address}}","identity":"crm","credential":"secret-1","resource":"https://tickets.example","scopes":["tickets:read"],"issuedAt":"2026-11-28T12:00:00Z","expiresAt":"2100-01-01T00:00:00Z","address":"{{address}}","kid":"k"}
            """;
        return $$"""
            {"kind":"credential","name":"secret-1","at":"2026-11-28T12:00:00Z","since":"2026-11-28T10:00:00Z","lookedAt":10,"reachedBackTo":"2026-11-28T11:00:00Z","damaged":0,"leftOut":0,
             "total":{{Row("")}},"identities":[{{Row("crm", ",\"state\":\"disabled\"")}}],"credentials":[{{Row("secret-1")}}],"resources":[{{Row("https://tickets.example")}}],"addresses":[{{Row(address)}}],
             "tokens":[{{token}}]{{(next is null ? "" : $",\"next\":\"{next}\"")}} }
            """;
    }
}
