using System.Security.Cryptography;
using System.Text.Json;

namespace Assay.Client.Tests;

public sealed class GetTokenTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, 700, TimeSpan.Zero);

    [Fact]
    public async Task A_token_comes_back_as_it_was_granted()
    {
        await using var issuer = await Issuer.Start();
        using var client = issuer.Client(AssayCredential.FromSecret("s"));

        var token = await client.GetTokenAsync("https://payments.example", "payments.read", "payments.write");

        Assert.Equal(("token-1", "Bearer", TimeSpan.FromSeconds(300)), (token.AccessToken, token.TokenType, token.ExpiresIn));
        Assert.Equal(["payments.read"], token.Scopes);
    }

    [Fact]
    public async Task A_private_key_signs_a_fresh_assertion_for_the_issuer_alone()
    {
        await using var issuer = await Issuer.Start("/realms/default");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var client = issuer.Client(AssayCredential.FromPrivateKey(key), new Clock(Now));

        await client.GetTokenAsync("https://payments.example", "payments.read", "payments.write");

        var form = issuer.Last!.Form;
        Assert.Null(issuer.Last.Authorization);
        Assert.Equal(
            [
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("grant_type", "client_credentials"),
                ("resource", "https://payments.example"),
                ("scope", "payments.read payments.write"),
            ],
            form.Where(field => field.Key != "client_assertion").Select(field => (field.Key, field.Value)).Order());

        var assertion = new Assertion(form["client_assertion"]);
        Assert.True(assertion.IsSignedBy(key));
        Assert.Equal(
            $$"""{"typ":"client-authentication+jwt","alg":"ES256","kid":"{{Assertion.Thumbprint(key)}}"}""", assertion.Header.GetRawText());
        var iat = Now.ToUnixTimeSeconds();
        var jti = assertion.Claims.GetProperty("jti").GetString()!;
        Assert.Equal(
            $$"""{"iss":"exporter","sub":"exporter","aud":"{{issuer.Url}}","iat":{{iat}},"exp":{{iat + 60}},"jti":"{{jti}}"}""", assertion.Claims.GetRawText());
        Assert.Equal(22, jti.Length); // 128 bits
    }

    [Fact]
    public async Task No_assertion_is_used_twice()
    {
        await using var issuer = await Issuer.Start();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var client = issuer.Client(AssayCredential.FromPrivateKey(key), new Clock(Now));
        var ids = new HashSet<string>();

        for (var i = 0; i < 10; i++)
        {
            await client.RequestTokenAsync("https://payments.example", []);
            ids.Add(new Assertion(issuer.Last!.Form["client_assertion"]).Claims.GetProperty("jti").GetString()!);
        }

        Assert.Equal(10, ids.Count);
    }

    [Fact]
    public async Task An_rsa_key_signs_with_pss()
    {
        await using var issuer = await Issuer.Start();
        using var key = RSA.Create(2048);
        using var client = issuer.Client(AssayCredential.FromPrivateKey(key));

        await client.GetTokenAsync("https://payments.example");

        var assertion = new Assertion(issuer.Last!.Form["client_assertion"]);
        Assert.True(assertion.IsSignedBy(key));
        Assert.Equal(("PS256", Assertion.Thumbprint(key)), (assertion.Header.GetProperty("alg").GetString(), assertion.Header.GetProperty("kid").GetString()));
    }

    [Fact]
    public async Task The_key_identifier_can_be_given()
    {
        await using var issuer = await Issuer.Start();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var client = issuer.Client(AssayCredential.FromPrivateKey(key, "key \"7\""));

        await client.GetTokenAsync("https://payments.example");

        Assert.Equal("key \"7\"", new Assertion(issuer.Last!.Form["client_assertion"]).Header.GetProperty("kid").GetString());
    }

    [Fact]
    public async Task A_secret_travels_in_the_authorization_header_only()
    {
        await using var issuer = await Issuer.Start();
        using var client = issuer.Client(AssayCredential.FromSecret("p%w+:é"));

        await client.GetTokenAsync("https://payments.example", "payments.read");

        Assert.Equal("Basic ZXhwb3J0ZXI6cCUyNXclMkIlM0ElQzMlQTk=", issuer.Last!.Authorization);
        Assert.Equal(["grant_type", "resource", "scope"], issuer.Last.Form.Keys.Order());
    }

    [Theory] // RFC 6749 §2.3.1 with its example, and with characters that need the encoding of appendix B
    [InlineData("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", "czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3")]
    [InlineData("svc:a b", "p%w+:é", "c3ZjJTNBYStiOnAlMjV3JTJCJTNBJUMzJUE5")]
    [InlineData("a", " %&+£€", "YTorJTI1JTI2JTJCJUMyJUEzJUUyJTgyJUFD")]
    public void Both_parts_of_a_basic_credential_are_form_encoded_first(string id, string secret, string expected) =>
        Assert.Equal(expected, SecretCredential.Encoded(id, secret));

    [Fact]
    public async Task Neither_resource_nor_scopes_are_sent_when_not_given()
    {
        await using var issuer = await Issuer.Start();
        using var client = issuer.Client(AssayCredential.FromSecret("s"));

        await client.GetTokenAsync(resource: null);

        Assert.Equal(["grant_type"], issuer.Last!.Form.Keys);
    }

    [Fact]
    public async Task An_answer_without_scope_granted_what_was_asked_for()
    {
        await using var issuer = await Issuer.Start();
        issuer.Token = context => Issuer.Json(context, """{"access_token":"t","token_type":"Bearer","expires_in":60,"more":{}}""");
        using var client = issuer.Client(AssayCredential.FromSecret("s"));

        var token = await client.GetTokenAsync("https://payments.example", (IReadOnlyCollection<string>)["a", "b"], CancellationToken.None);

        Assert.Equal(["a", "b"], token.Scopes);
    }

    [Fact]
    public void A_token_does_not_print_itself()
    {
        var token = new TokenResponse("eyJ.secret.token", "Bearer", TimeSpan.FromMinutes(5), ["a", "b"]);

        Assert.Equal("TokenResponse { TokenType = Bearer, ExpiresIn = 00:05:00, Scopes = a b }", token.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\"")]
    [InlineData("a\\")]
    [InlineData("a\n")]
    [InlineData("é")]
    public async Task A_scope_that_is_none_is_refused_before_anything_is_sent(string scope)
    {
        await using var issuer = await Issuer.Start();
        using var client = issuer.Client(AssayCredential.FromSecret("s"));

        await Assert.ThrowsAsync<ArgumentException>(() => client.GetTokenAsync("https://payments.example", scope).AsTask());

        Assert.Equal(0, issuer.MetadataReads);
    }

    [Fact]
    public async Task An_empty_resource_is_refused()
    {
        await using var issuer = await Issuer.Start();
        using var client = issuer.Client(AssayCredential.FromSecret("s"));

        await Assert.ThrowsAsync<ArgumentException>(() => client.GetTokenAsync("").AsTask());
    }

    [Fact]
    public async Task A_given_http_client_is_used_and_left_open()
    {
        await using var issuer = await Issuer.Start();
        using var http = new HttpClient();
        using (var client = issuer.Client(AssayCredential.FromSecret("s"), http: http))
            await client.GetTokenAsync("https://payments.example");

        Assert.Equal(200, (int)(await http.GetAsync(issuer.Origin + issuer.MetadataPath)).StatusCode);
    }

    [Fact]
    public async Task Concurrent_requests_get_a_token_each()
    {
        await using var issuer = await Issuer.Start();
        issuer.Token = context => Issuer.Json(
            context, JsonSerializer.Serialize(new { access_token = Guid.NewGuid().ToString(), token_type = "Bearer", expires_in = 60 }));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var client = issuer.Client(AssayCredential.FromPrivateKey(key));

        var tokens = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.RequestTokenAsync("https://payments.example", [])));

        Assert.Equal(20, tokens.Select(token => token.AccessToken).Distinct().Count());
        Assert.Equal(1, issuer.MetadataReads);
    }
}
