using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Assay.Cli.Tests;

/// <summary>Ending tokens, asking about them, and what was ended.</summary>
public sealed class RevocationTests : CliTest
{
    [Theory]
    [InlineData("--identity", "crm", "identity", "All tokens of identity crm are dead on every silo. Who validates offline learns of it from status lists, within 30 s. (version 7)\n")]
    [InlineData("--credential", "key-1", "credential", "All tokens of credential key-1 are dead on every silo. Who validates offline learns of it from status lists, within 30 s. (version 7)\n")]
    [InlineData("--jti", "abc", "jti", "abc is dead on every silo. Who validates offline learns of it from status lists, within 30 s. (version 7)\n")]
    public async Task What_is_named_is_ended_and_the_reason_goes_with_it(string option, string name, string kind, string output)
    {
        Server.On("POST /revocations", """{"number":7,"changed":true}""");

        var ran = await Cli.Run("revoke", option, name, "--reason", "stolen");

        Assert.Equal(new Ran(0, output, ""), ran);
        Assert.Equal($$"""{"kind":"{{kind}}","name":"{{name}}","reason":"stolen"}""", Assert.Single(Server.AdminRequests).Body);
        Assert.Equal("token.revoke", AdminScopes());
    }

    [Fact]
    public async Task Of_a_token_only_the_jti_is_sent()
    {
        Server.On("POST /revocations", """{"number":7,"changed":false}""");
        var token = $"{Encode("{}")}.{Encode("""{"jti":"abc","secret":"s"}""")}.c2ln";

        var ran = await Cli.Run("revoke", "--token", token, "--reason", "stolen");

        Assert.Equal(new Ran(0, "abc was revoked already. (version 7)\n", ""), ran);
        Assert.Equal("""{"kind":"jti","name":"abc","reason":"stolen"}""", Assert.Single(Server.AdminRequests).Body);
    }

    [Fact]
    public async Task Keys_and_policy_versions_may_be_cut_short()
    {
        Server.On("GET /keys", """{"keys":[{"kid":"key-long-1","purpose":"access-token","algorithm":"ES256","state":"active","announcedAt":"2026-11-01T10:00:00Z"}]}""");
        Server.On("GET /policies", """{"domains":[{"domain":"tokens","activeSince":1,"previous":[],"versions":[{"version":"f00dfeed","number":3,"policies":1}]}]}""");
        Server.On("POST /revocations", """{"number":7,"changed":true}""");

        Assert.Equal(0, (await Cli.Run("revoke", "--key", "key-l", "--reason", "leaked")).ExitCode);
        Assert.Equal("key.read token.revoke", AdminScopes());
        Assert.Equal(0, (await Cli.Run("revoke", "--policy-version", "f00d", "--reason", "wrong")).ExitCode);

        var sent = Server.AdminRequests.Where(request => request.Body.Length > 0).Select(request => request.Body);
        Assert.Equal(["""{"kind":"key","name":"key-long-1","reason":"leaked"}""", """{"kind":"policy-version","name":"f00dfeed","reason":"wrong"}"""], sent);
    }

    [Fact]
    public async Task A_span_of_issue_times_is_sent_as_moments_and_said()
    {
        Server.On("POST /revocations", """{"number":7,"changed":true}""");

        var ran = await Cli.Run("revoke", "--identity", "crm", "--since", "2026-11-28T10:00:00Z", "--until", "2026-11-28T11:00:00Z", "--reason", "stolen");

        Assert.StartsWith("All tokens of identity crm issued from 2026-11-28 10:00:00Z to 2026-11-28 11:00:00Z are dead", ran.Output);
        using var body = JsonDocument.Parse(Assert.Single(Server.AdminRequests).Body);
        Assert.Equal(new DateTimeOffset(2026, 11, 28, 10, 0, 0, TimeSpan.Zero), body.RootElement.GetProperty("since").GetDateTimeOffset());
    }

    [Theory]
    [InlineData("--reason", "x"), InlineData("--identity", "a", "--jti", "b", "--reason", "x"), InlineData("--identity", "a"), InlineData("--token", "a.b", "--reason", "x")]
    public async Task What_to_end_is_one_thing_and_has_a_reason(params string[] arguments)
    {
        var ran = await Cli.Run(["revoke", .. arguments]);

        Assert.Equal((2, ""), (ran.ExitCode, ran.Output));
        Assert.Empty(Server.AdminRequests);
    }

    [Fact]
    public async Task A_live_token_is_shown_with_what_its_api_is_told()
    {
        Server.On("POST /introspect", """
            {"active":true,"scope":"payments:read","clientId":"crm","audience":"https://payments.example","issuedAt":"2026-11-28T10:00:00Z","expiresAt":"2100-01-01T00:00:00Z","jti":"abc","kid":"key-1"}
            """);

        var ran = await Cli.Run("introspect", "a.b.c", "--continuous");

        Assert.Equal(0, ran.ExitCode);
        Assert.StartsWith("live until 2100-01-01 00:00:00Z", ran.Output);
        Assert.Contains("scope now  payments:read", ran.Output);
        Assert.Equal("""{"token":"a.b.c","continuous":true}""", Assert.Single(Server.AdminRequests).Body);
        Assert.Equal("evidence.read", AdminScopes());
    }

    [Theory]
    [InlineData("revoked", "dead: it was revoked, or something it hangs on was: assay get revocations\n")]
    [InlineData("expired", "dead: its time is over.\n"), InlineData("unrecorded", "dead: it has no record: it was minted around the controls.\n")]
    public async Task Of_a_dead_token_the_reason_is_said(string because, string output)
    {
        Server.On("POST /introspect", $$"""{"active":false,"because":"{{because}}"}""");

        Assert.Equal(new Ran(0, output, ""), await Cli.Run("introspect", "a.b.c"));
    }

    [Fact]
    public async Task Revocations_are_one_line_each()
    {
        Server.On("GET /revocations?limit=20", """
            {"revocations":[{"kind":"identity","name":"crm","number":9,"at":"2020-11-28T10:00:00Z","actor":"assay-bootstrap","reason":"stolen","matters":false},
                            {"kind":"key","name":"k","since":"2020-11-28T09:00:00Z","number":8,"at":"2020-11-28T10:00:00Z","actor":"assay-bootstrap","reason":"leaked","matters":true}]}
            """);

        var ran = await Cli.Run("get", "revocations");

        var lines = ran.Output.Split('\n');
        Assert.Equal(["WHEN", "KIND", "NAME", "ISSUED", "BY", "REASON", "TOKENS"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.EndsWith("identity  crm   -                       assay-bootstrap  stolen  all expired", lines[1]);
        Assert.EndsWith("key       k     2020-11-28 09:00:00Z..  assay-bootstrap  leaked  may live", lines[2]);
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
