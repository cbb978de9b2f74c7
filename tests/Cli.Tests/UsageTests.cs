using System.Text.Json;

namespace Assay.Cli.Tests;

/// <summary>Help, wrong command lines, and servers that are not there.</summary>
public sealed class UsageTests : CliTest
{
    [Fact]
    public async Task Help_names_every_command_and_the_exit_codes()
    {
        var ran = await Cli.Run("--help");

        Assert.Equal(0, ran.ExitCode);
        foreach (var command in (string[])["apply", "get", "token", "explain", "signal", "member", "identity", "credential", "policy", "keys", "evidence", "blast-radius", "contain"])
            Assert.Contains($"\n  {command} ", ran.Output);
        Assert.Contains("Exit codes: 0 done, 1 refused or failed, 2 wrong usage or wrong bundle, 3 no server reached, 4 a replay does not pass.", ran.Output);
    }

    [Theory]
    [InlineData("apply", "assay apply -f samples/quickstart --dry-run")]
    [InlineData("get identities", "assay get identities payments-exporter")]
    [InlineData("get policies", "assay get policies 3f9a02")]
    [InlineData("get keys", "assay get keys")]
    [InlineData("get evidence", "assay get evidence --limit 5")]
    [InlineData("token", "assay token payments-exporter --resource https://payments.example")]
    [InlineData("explain", "assay token payments-exporter --raw | assay explain -")]
    [InlineData("signal set", "assay signal set crm-connector unusual-country --weight 60 --half-life 1h")]
    [InlineData("member add", "assay member add invoice-bot team:billing")]
    [InlineData("identity disable", "assay identity disable crm-connector")]
    [InlineData("credential add", "assay credential add crm-connector --secret")]
    [InlineData("keys withdraw", "assay keys withdraw 8Jr2")]
    [InlineData("evidence verify", "assay evidence verify --checkpoint saved.txt")]
    [InlineData("evidence checkpoint", "assay evidence checkpoint --to saved.txt")]
    [InlineData("evidence drop", "assay evidence drop --before 90d")]
    [InlineData("contain credential", "assay contain credential secret-9fQ2 --reason")]
    [InlineData("blast-radius entitlement", "assay blast-radius entitlement team:billing")]
    [InlineData("policy activate", "assay policy activate 3f9a02")]
    [InlineData("policy shadow", "assay policy shadow status")]
    [InlineData("policy history", "assay policy history --domain tokens --limit 5")]
    [InlineData("policy validate", "assay policy validate samples/quickstart")]
    [InlineData("policy fmt", "assay policy fmt ./bundle --check")]
    [InlineData("policy diff", "assay policy diff ./bundle --against 3f9a02")]
    [InlineData("policy test", "assay policy test ./bundle --junit results.xml --min-coverage 100")]
    public async Task The_help_of_a_command_ends_with_examples(string command, string example)
    {
        var ran = await Cli.Run([.. command.Split(' '), "--help"]);

        Assert.Equal(0, ran.ExitCode);
        Assert.Contains("\nExamples:\n", ran.Output);
        Assert.Contains(example, ran.Output);
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("get")]
    [InlineData("member add exporter")]
    [InlineData("get keys --output yaml")]
    [InlineData("apply")]
    [InlineData("explain")]
    [InlineData("explain some-jti --identity exporter")]
    [InlineData("explain not-a.token")]
    [InlineData("signal set exporter leaked --weight 101")]
    [InlineData("signal set exporter leaked --half-life soon")]
    [InlineData("member add exporter payments-reader --expires yesterday")]
    [InlineData("member add exporter payments-reader --expires 2001-01-01T00:00:00Z")]
    [InlineData("member add exporter Assay::Role")]
    [InlineData("credential add exporter")]
    [InlineData("credential add exporter --secret --jwk-file missing.jwk")]
    [InlineData("get evidence --limit 0")]
    [InlineData("token nobody")]
    [InlineData("policy validate")]
    [InlineData("policy test bundle --min-coverage 101")]
    [InlineData("policy diff nowhere")]
    [InlineData("policy diff bundle --limit 0")]
    public async Task A_wrong_command_line_exits_with_2_and_asks_no_server(string arguments)
    {
        var ran = await Cli.Run(arguments.Split(' '));

        Assert.Equal(2, ran.ExitCode);
        Assert.Equal("", ran.Output);
        Assert.NotEqual("", ran.Errors);
        Assert.Empty(Server.Requests);
    }

    [Fact]
    public async Task Without_a_data_folder_the_error_says_where_a_server_can_be_named()
    {
        using var alone = new CliProcess(null);

        var ran = await alone.Run("get", "keys");

        Assert.Equal(
            new Ran(
                3,
                "",
                $"assay: No silo has run with {alone.Data}: there is no server.json in it.\n" +
                "Start one here, name its folder with --data (or ASSAY_DATA), or name a server with --server.\n"),
            ran);
    }

    [Fact]
    public async Task A_server_that_is_gone_exits_with_3()
    {
        var issuer = Server.Issuer;
        await Server.DisposeAsync();

        var ran = await Cli.Run("get", "keys");

        Assert.Equal(
            new Ran(
                3,
                "",
                $"assay: {issuer} cannot be reached: nothing listens there.\nIs the silo running? Its address is what it printed at start; name another with --server.\n"),
            ran);
    }

    [Fact]
    public async Task A_server_named_by_address_needs_a_credential_from_the_environment()
    {
        var ran = await Cli.Run("get", "keys", "--server", Server.Issuer.OriginalString);

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("Set ASSAY_CLIENT_ID, and ASSAY_CLIENT_KEY_FILE (a private JWK) or ASSAY_CLIENT_SECRET_FILE.", ran.Errors);
    }

    [Fact]
    public async Task A_server_named_by_address_is_asked_with_the_credential_of_the_environment()
    {
        using var elsewhere = new CliProcess(null);
        var secret = Path.Combine(elsewhere.Folder, "secret");
        File.WriteAllText(secret, "s3cret\n");
        elsewhere.Set("ASSAY_CLIENT_ID", "operator");
        elsewhere.Set("ASSAY_CLIENT_SECRET_FILE", secret);
        Server.On("GET /keys", """{"keys":[]}""");

        var ran = await elsewhere.Run("get", "keys", "--server", Server.Issuer.OriginalString, "--output", "json");

        Assert.Equal(0, ran.ExitCode);
        Assert.Equal("Basic b3BlcmF0b3I6czNjcmV0", Assert.Single(Server.Requests, asked => asked.Path == "/oauth/token").Authorization);
    }

    [Fact]
    public async Task A_token_is_never_asked_for_over_plain_http_elsewhere()
    {
        Cli.Set("ASSAY_CLIENT_ID", "operator");
        Cli.Set("ASSAY_CLIENT_SECRET_FILE", "/dev/null");

        var ran = await Cli.Run("get", "keys", "--server", "http://assay.example");

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("plain HTTP to another machine", ran.Errors);
    }

    [Fact]
    public async Task An_administrator_without_the_right_is_told_which_one_it_takes()
    {
        Server.Withheld.Add("key.rotate");
        Server.On("GET /keys", """{"keys":[]}""");

        var ran = await Cli.Run("keys", "withdraw", "abc");

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("'assay-bootstrap' may not do this: the admin policy withholds key.rotate.", ran.Errors);
        Assert.Empty(Server.AdminRequests);
    }

    [Fact]
    public async Task A_problem_document_becomes_a_sentence_and_its_faults_a_list()
    {
        Server.On("GET /keys", """{"type":"about:blank","title":"Invalid","status":422,"detail":"It cannot be.","errors":["first","second"]}""", 422);

        var ran = await Cli.Run("get", "keys");

        Assert.Equal(new Ran(1, "", "assay: Invalid: It cannot be.\n  first\n  second\n"), ran);
    }

    [Fact]
    public async Task A_server_that_cannot_answer_now_says_when_to_try_again()
    {
        Server.On("GET /keys", """{"title":"Unavailable","status":503,"detail":"The silo cannot decide at the moment."}""", 503);

        var ran = await Cli.Run("get", "keys");

        Assert.Equal(new Ran(1, "", "assay: Unavailable: The silo cannot decide at the moment.\nTry again in 2 s.\n"), ran);
    }

    [Fact]
    public async Task Programs_get_errors_as_json_too()
    {
        Server.On("GET /keys", """{"title":"Conflict","status":409,"detail":"Changed."}""", 409);

        var ran = await Cli.Run("get", "keys", "--output", "json");

        Assert.Equal((1, ""), (ran.ExitCode, ran.Output));
        using var error = JsonDocument.Parse(ran.Errors);
        Assert.Equal("""{"title":"Conflict: Changed.","details":[],"exitCode":1}""", error.RootElement.GetRawText());
    }
}
