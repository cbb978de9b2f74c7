using System.Text.Json;

namespace Assay.Cli.Tests;

/// <summary><c>token</c>: a token as the workload itself would get it.</summary>
public sealed class TokenTests : CliTest
{
    private static readonly string Token = FakeServer.Jwt("jti-1", "payments:read");

    private void HaveKey(string identity) => CliProcess.WriteKey(Path.Combine(Cli.Data, "keys", Uri.EscapeDataString(identity) + ".jwk"));

    [Fact]
    public async Task Header_claims_and_withheld_scopes_are_shown()
    {
        HaveKey("exporter");
        Server.Withheld.Add("payments:write");

        var ran = await Cli.Run("token", "exporter", "--resource", "https://payments.example", "--scope", "payments:read payments:write");

        Assert.Equal(
            new Ran(
                0,
                $"""
                granted     payments:read
                withheld    payments:write
                expires in  5 min

                HEADER
                  alg  ES256
                  typ  at+jwt
                  kid  key-1

                CLAIMS
                  iss    http://issuer
                  sub    exporter
                  jti    jti-1
                  scope  payments:read

                TOKEN
                {Token}

                Why it is as it is: assay explain jti-1

                """,
                ""),
            ran);
        var form = Assert.Single(Server.Requests, asked => asked.Path == "/oauth/token").Body;
        Assert.Contains("resource=https%3A%2F%2Fpayments.example", form);
        Assert.Contains("scope=payments%3Aread+payments%3Awrite", form);
        Assert.Contains("client_assertion=", form);
    }

    [Fact]
    public async Task Raw_is_the_token_and_nothing_else()
    {
        HaveKey("exporter");

        Assert.Equal(new Ran(0, Token + "\n", ""), await Cli.Run("token", "exporter", "--scope", "payments:read", "--raw"));
    }

    [Fact]
    public async Task Json_has_token_claims_and_scopes()
    {
        HaveKey("exporter");
        Server.Withheld.Add("payments:write");

        var ran = await Cli.Run("token", "exporter", "--scope", "payments:read", "payments:write", "--output", "json");

        using var json = JsonDocument.Parse(ran.Output);
        Assert.Equal(
            (Token, 300, "payments:read", "payments:write", "exporter"),
            (json.RootElement.GetProperty("accessToken").GetString(),
             json.RootElement.GetProperty("expiresIn").GetInt32(),
             Assert.Single(json.RootElement.GetProperty("granted").EnumerateArray()).GetString(),
             Assert.Single(json.RootElement.GetProperty("withheld").EnumerateArray()).GetString(),
             json.RootElement.GetProperty("claims").GetProperty("sub").GetString()));
    }

    [Fact]
    public async Task A_refusal_leads_to_the_explanation()
    {
        HaveKey("exporter");
        Server.Withheld.Add("payments:write");

        var ran = await Cli.Run("token", "exporter", "--resource", "https://payments.example", "--scope", "payments:write");

        Assert.Equal((1, ""), (ran.ExitCode, ran.Output));
        Assert.Contains("invalid_scope", ran.Errors);
        Assert.Contains("assay explain --identity exporter --resource https://payments.example --scope \"payments:write\"", ran.Errors);
    }

    [Fact]
    public async Task A_credential_the_server_does_not_take_exits_with_1()
    {
        HaveKey("exporter");
        Server.TokenRefusal = (401, """{"error":"invalid_client"}""");

        var ran = await Cli.Run("token", "exporter");

        Assert.Equal((1, ""), (ran.ExitCode, ran.Output));
        Assert.Contains("The server does not take this credential for 'exporter'.", ran.Errors);
    }

    [Fact]
    public async Task A_secret_file_serves_as_well_as_a_key()
    {
        File.WriteAllText(Path.Combine(Cli.Folder, "secret"), "s3cret\n");

        var ran = await Cli.Run("token", "crm", "--secret-file", "secret", "--raw");

        Assert.Equal(0, ran.ExitCode);
        Assert.Equal("Basic Y3JtOnMzY3JldA==", Assert.Single(Server.Requests, asked => asked.Path == "/oauth/token").Authorization);
    }

    [Fact]
    public async Task The_environment_serves_where_no_folder_is()
    {
        using var elsewhere = new CliProcess(null);
        CliProcess.WriteKey(Path.Combine(elsewhere.Folder, "ci.jwk"));
        elsewhere.Set("ASSAY_ISSUER", Server.Issuer.OriginalString);
        elsewhere.Set("ASSAY_CLIENT_ID", "ci/runner");
        elsewhere.Set("ASSAY_CLIENT_KEY_FILE", Path.Combine(elsewhere.Folder, "ci.jwk"));

        var ran = await elsewhere.Run("token", "ci/runner", "--raw");

        Assert.Equal(0, ran.ExitCode);
    }

    [Fact]
    public async Task A_key_of_another_identity_is_not_used()
    {
        HaveKey("exporter");

        var ran = await Cli.Run("token", "crm");

        Assert.Equal(2, ran.ExitCode);
        Assert.StartsWith($"assay: There is nothing that proves 'crm': {Path.Combine(Cli.Data, "keys", "crm.jwk")} is not there.\n", ran.Errors);
    }
}
