using System.Security.Cryptography;

namespace Assay.Client.Tests;

/// <summary>Where credentials come from, and that a new one is noticed.</summary>
public sealed class CredentialSourceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("assay-client-").FullName;
    private readonly Dictionary<string, string> variables = [];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_key_that_is_replaced_signs_the_next_request()
    {
        await using var issuer = await Issuer.Start();
        using var first = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var second = RSA.Create(2048);
        var path = Write("key", first.ExportPkcs8PrivateKeyPem());
        using var client = issuer.Client(AssayCredential.FromKeyFile(path));

        Assert.True((await Asserted(client, issuer)).IsSignedBy(first));
        Write("key", second.ExportPkcs8PrivateKeyPem());

        var assertion = await Asserted(client, issuer);
        Assert.Equal(Assertion.Thumbprint(second), assertion.Header.GetProperty("kid").GetString());
        Assert.True(assertion.IsSignedBy(second));
    }

    [Fact]
    public async Task A_mounted_secret_is_noticed_when_the_link_behind_it_moves()
    {
        await using var issuer = await Issuer.Start();
        Write("old/secret", "old");
        Write("new/secret", "new");
        Directory.CreateSymbolicLink(At("data"), At("old"));
        File.CreateSymbolicLink(At("secret"), Path.Combine("data", "secret"));
        using var client = issuer.Client(AssayCredential.FromSecretFile(At("secret")));
        Assert.Equal(Basic("old"), await Authorization(client, issuer));

        Directory.CreateSymbolicLink(At("data.new"), At("new"));
        Directory.Delete(At("data"));
        Directory.Move(At("data.new"), At("data"));

        Assert.Equal(Basic("new"), await Authorization(client, issuer));
    }

    [Fact]
    public async Task While_a_file_is_being_replaced_the_last_credential_is_used()
    {
        await using var issuer = await Issuer.Start();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var path = Write("key", key.ExportPkcs8PrivateKeyPem());
        using var client = issuer.Client(AssayCredential.FromKeyFile(path));

        Write("key", "-----BEGIN PRIV"); // half written
        Assert.True((await Asserted(client, issuer)).IsSignedBy(key));
        File.Delete(path);
        Assert.True((await Asserted(client, issuer)).IsSignedBy(key));
    }

    [Fact]
    public async Task The_chain_takes_the_first_credential_there_is()
    {
        await using var issuer = await Issuer.Start();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var given = new Platform();
        using var client = issuer.Client(Chain(given));

        Write("run-secret", "from the secret file");
        Assert.Equal(Basic("from the secret file"), await Authorization(client, issuer));

        Write("run-key", key.ExportPkcs8PrivateKeyPem());
        Assert.True((await Asserted(client, issuer)).IsSignedBy(key));

        variables["ASSAY_CLIENT_SECRET_FILE"] = Write("named", "from the environment");
        Assert.Equal(Basic("from the environment"), await Authorization(client, issuer));

        given.Token = "platform-token";
        await client.RequestTokenAsync("https://payments.example", []);
        Assert.Equal((null, "platform-token"), (issuer.Last!.Authorization, issuer.Last.Form["client_assertion"]));
    }

    [Fact]
    public async Task A_chain_that_finds_nothing_says_where_it_looked()
    {
        await using var issuer = await Issuer.Start();
        using var client = issuer.Client(Chain(new Platform()));

        var fault = await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync("https://payments.example").AsTask());

        Assert.Equal(
            "No token: the credential of 'exporter' cannot be used. No credential was found. The platform gives no identity. " +
            $"Neither ASSAY_CLIENT_KEY_FILE nor ASSAY_CLIENT_SECRET_FILE is set. There is no file {At("run-key")}. There is no file {At("run-secret")}.",
            fault.Message);
        Assert.IsType<AssayCredentialUnavailableException>(fault.InnerException);
        Assert.Equal(0, issuer.TokenRequests);
    }

    [Theory]
    [InlineData("ASSAY_CLIENT_KEY_FILE", null, "ASSAY_CLIENT_KEY_FILE: There is no file")]
    [InlineData("ASSAY_CLIENT_KEY_FILE", "no key", "/named: ")]
    [InlineData("ASSAY_CLIENT_SECRET_FILE", "", "The file is empty")]
    [InlineData("both", "s", "are both set")]
    public async Task A_credential_that_is_there_but_unusable_is_not_passed_over(string variable, string? text, string fault)
    {
        await using var issuer = await Issuer.Start();
        Write("run-secret", "a weaker one");
        foreach (var name in variable == "both" ? ["ASSAY_CLIENT_KEY_FILE", "ASSAY_CLIENT_SECRET_FILE"] : new[] { variable })
            variables[name] = text is null ? At("nowhere") : Write("named", text);
        using var client = issuer.Client(Chain());

        var refusal = await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync("https://payments.example").AsTask());

        Assert.Contains(fault, refusal.Message);
        Assert.Equal(0, issuer.TokenRequests);
    }

    [Fact]
    public async Task A_credential_of_ones_own_is_told_what_it_proves_and_adds_no_field_twice()
    {
        await using var issuer = await Issuer.Start("/realms/default");
        var own = new Own();
        using var client = issuer.Client(own, new Clock(DateTimeOffset.UnixEpoch));

        await client.GetTokenAsync("https://payments.example");

        Assert.Equal(("exporter", issuer.Url, DateTimeOffset.UnixEpoch), own.Seen);
        Assert.Equal(("Proof abc", "1"), (issuer.Last!.Authorization, issuer.Last.Form["more"]));
        Assert.Equal("The request has a field grant_type already. (Parameter 'name')", own.Fault);
    }

    [Fact]
    public void A_chain_has_no_gaps() => Assert.Throws<ArgumentNullException>(() => new DefaultAssayCredential([null!]));

    private DefaultAssayCredential Chain(params AssayCredential[] first) =>
        new(first, name => variables.GetValueOrDefault(name), At("run-key"), At("run-secret"));

    private static string Basic(string secret) => "Basic " + SecretCredential.Encoded("exporter", secret);

    private static async Task<Assertion> Asserted(AssayClient client, Issuer issuer)
    {
        await client.RequestTokenAsync("https://payments.example", []);
        return new Assertion(issuer.Last!.Form["client_assertion"]);
    }

    private static async Task<string?> Authorization(AssayClient client, Issuer issuer)
    {
        await client.RequestTokenAsync("https://payments.example", []);
        return issuer.Last!.Authorization;
    }

    private string At(string name) => Path.Combine(folder, name);

    private string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
        return At(name);
    }

    /// <summary>An identity that a platform gives, or not.</summary>
    private sealed class Platform : AssayCredential
    {
        public string? Token { get; set; }

        public override ValueTask ProveAsync(ClientProof proof, CancellationToken cancellationToken)
        {
            if (Token is null)
                throw new AssayCredentialUnavailableException("The platform gives no identity.");
            proof.AddField("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
            proof.AddField("client_assertion", Token);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Own : AssayCredential
    {
        public (string, string, DateTimeOffset) Seen { get; private set; }

        public string? Fault { get; private set; }

        public override async ValueTask ProveAsync(ClientProof proof, CancellationToken cancellationToken)
        {
            await Task.Yield();
            Seen = (proof.ClientId, proof.Issuer, proof.Time);
            proof.SetAuthorization("Proof", "abc");
            proof.AddField("more", "1");
            Fault = Assert.Throws<ArgumentException>(() => proof.AddField("grant_type", "password")).Message;
        }
    }
}
