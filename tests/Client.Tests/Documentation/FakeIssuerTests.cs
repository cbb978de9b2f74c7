namespace Assay.Client.Tests.Documentation;

/// <summary>The recipe for tests of programs that get tokens, as docs/client.md gives it.</summary>
public sealed class FakeIssuerTests
{
    [Fact]
    public async Task A_program_under_test_gets_its_tokens_from_the_fake()
    {
        var issuer = new FakeIssuer();
        using var assay = new AssayClient(new AssayClientOptions
        {
            Issuer = new Uri("https://id.example"),
            ClientId = "nightly-close",
            Credential = AssayCredential.FromSecret("for-tests"),
            HttpClient = new HttpClient(issuer),
        });

        var token = await assay.GetTokenAsync("https://ledger.example", "ledger:read");
        await assay.GetTokenAsync("https://ledger.example", "ledger:read");

        Assert.Equal("a-token", token.AccessToken);
        Assert.Equal(["ledger:read"], token.Scopes);
        Assert.Equal("grant_type=client_credentials&resource=https%3A%2F%2Fledger.example&scope=ledger%3Aread", Assert.Single(issuer.Requests));
    }
}
