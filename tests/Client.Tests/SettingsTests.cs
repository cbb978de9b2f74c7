namespace Assay.Client.Tests;

public sealed class SettingsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("assay-client-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_environment_gives_a_client_with_a_key()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);

        var options = Read(keyFile: File("key.pem", key.ExportPkcs8PrivateKeyPem()));

        Assert.Equal(("https://id.example", "exporter"), (options.Issuer.OriginalString, options.ClientId));
        using var client = new AssayClient(options);
    }

    [Fact]
    public async Task The_environment_of_the_process_is_enough_for_a_token()
    {
        await using var issuer = await Issuer.Start();
        Set(issuer.Url, "exporter", File("secret", "s3cret\n"));
        try
        {
            using var client = AssayClient.FromEnvironment();

            Assert.Equal("token-1", (await client.GetTokenAsync("https://payments.example")).AccessToken);
            Assert.Equal("Basic " + SecretCredential.Encoded("exporter", "s3cret"), issuer.Last!.Authorization);
        }
        finally
        {
            Set(null, null, null);
        }

        static void Set(string? issuer, string? client, string? secretFile)
        {
            Environment.SetEnvironmentVariable("ASSAY_ISSUER", issuer);
            Environment.SetEnvironmentVariable("ASSAY_CLIENT_ID", client);
            Environment.SetEnvironmentVariable("ASSAY_CLIENT_SECRET_FILE", secretFile);
        }
    }

    [Fact]
    public void Every_fault_of_the_environment_names_its_variable()
    {
        var secret = File("secret", "s");

        Assert.Equal("ASSAY_ISSUER is not set. It holds the issuer's URL.", Fault(issuer: null, secretFile: secret));
        Assert.Equal("ASSAY_ISSUER is not set. It holds the issuer's URL.", Fault(issuer: "", secretFile: secret));
        Assert.StartsWith("ASSAY_ISSUER must be an absolute URL", Fault(issuer: "id.example", secretFile: secret));
        Assert.StartsWith("ASSAY_ISSUER must use https", Fault(issuer: "http://id.example", secretFile: secret));
        Assert.StartsWith("ASSAY_ISSUER must have no query", Fault(issuer: "https://id.example?x", secretFile: secret));
        Assert.Equal("ASSAY_CLIENT_ID is not set. It holds the identity's name.", Fault(clientId: null, secretFile: secret));
        Assert.StartsWith("Neither ASSAY_CLIENT_KEY_FILE nor ASSAY_CLIENT_SECRET_FILE is set.", Fault());
        Assert.StartsWith("ASSAY_CLIENT_KEY_FILE and ASSAY_CLIENT_SECRET_FILE are both set.", Fault(keyFile: secret, secretFile: secret));
        Assert.StartsWith($"ASSAY_CLIENT_KEY_FILE: {secret}: ", Fault(keyFile: secret));
        Assert.StartsWith("ASSAY_CLIENT_KEY_FILE: Could not find file", Fault(keyFile: Path.Combine(folder, "nowhere")));
        Assert.StartsWith("ASSAY_CLIENT_SECRET_FILE: Could not find file", Fault(secretFile: Path.Combine(folder, "nowhere")));
    }

    [Theory]
    [InlineData("https://id.example", true)]
    [InlineData("https://id.example/realms/a", true)]
    [InlineData("http://localhost:5000", true)]
    [InlineData("http://127.0.0.1:5000", true)]
    [InlineData("http://[::1]:5000", true)]
    [InlineData("http://id.example", false)]
    [InlineData("http://127.0.0.1.example", false)]
    [InlineData("ftp://id.example", false)]
    [InlineData("https://id.example?a=b", false)]
    [InlineData("https://id.example#a", false)]
    [InlineData("https://user@id.example", false)]
    [InlineData("/realms/a", false)]
    public void An_issuer_is_https_or_on_loopback(string issuer, bool accepted)
    {
        void Make() => new AssayClient(Options(new Uri(issuer, UriKind.RelativeOrAbsolute), "exporter", TimeSpan.FromSeconds(1))).Dispose();

        if (accepted)
            Make();
        else
            Assert.Throws<ArgumentException>(Make);
    }

    [Fact]
    public void Options_out_of_bounds_are_refused()
    {
        var issuer = new Uri("https://id.example");

        Assert.Throws<ArgumentException>(() => new AssayClient(Options(issuer, "", TimeSpan.FromSeconds(1))));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AssayClient(Options(issuer, "a", TimeSpan.Zero)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AssayClient(Options(issuer, "a", TimeSpan.FromHours(2))));
        Refused("AttemptTimeout", options => options.AttemptTimeout = TimeSpan.Zero);
        Refused("AttemptTimeout", options => options.AttemptTimeout = TimeSpan.FromHours(2));
        Refused("HedgeAfter", options => options.HedgeAfter = TimeSpan.Zero);
        Refused("HedgeAfter", options => options.HedgeAfter = TimeSpan.FromHours(2));
        Refused("Endpoints", options => options.Endpoints = [.. Enumerable.Range(0, 17).Select(i => new Uri($"https://{i}.example"))]);

        void Refused(string name, Action<AssayClientOptions> change)
        {
            var options = Options(issuer, "a", TimeSpan.FromSeconds(1));
            change(options);
            Assert.Equal(name, Assert.ThrowsAny<ArgumentException>(() => new AssayClient(options)).ParamName);
        }
    }

    [Theory]
    [InlineData("https://a.example", true)]
    [InlineData("https://a.example:8443/", true)]
    [InlineData("http://127.0.0.1:5000", true)] // a proxy beside the program
    [InlineData("http://a.example", false)]
    [InlineData("https://a.example/realms/a", false)]
    [InlineData("https://a.example?a=b", false)]
    [InlineData("https://a.example#a", false)]
    [InlineData("https://user@a.example", false)]
    [InlineData("/realms/a", false)]
    public void An_endpoint_is_a_base_address_with_https_or_on_loopback(string endpoint, bool accepted)
    {
        var options = Options(new Uri("https://id.example"), "exporter", TimeSpan.FromSeconds(1));
        options.Endpoints = [new Uri("https://b.example"), new Uri(endpoint, UriKind.RelativeOrAbsolute)];

        if (accepted)
            new AssayClient(options).Dispose();
        else
            Assert.Throws<ArgumentException>(() => new AssayClient(options));
    }

    [Fact]
    public void The_environment_may_name_endpoints()
    {
        var secret = File("secret", "s");

        Assert.Equal(
            ["https://a.example/", "https://b.example/"],
            Read(secretFile: secret, endpoints: "https://a.example  https://b.example").Endpoints.Select(endpoint => endpoint.AbsoluteUri));
        Assert.Empty(Read(secretFile: secret).Endpoints);
        Assert.StartsWith(
            "ASSAY_ENDPOINTS: An endpoint must be",
            Assert.Throws<InvalidOperationException>(() => Read(secretFile: secret, endpoints: "https://a.example,https://b.example")).Message);
        Assert.StartsWith(
            "ASSAY_ENDPOINTS: An endpoint must be",
            Assert.Throws<InvalidOperationException>(() => Read(secretFile: secret, endpoints: "a.example")).Message);
    }

    private static AssayClientOptions Options(Uri issuer, string clientId, TimeSpan timeout) =>
        new() { Issuer = issuer, ClientId = clientId, Credential = AssayCredential.FromSecret("s"), Timeout = timeout };

    private static AssayClientOptions Read(
        string? issuer = "https://id.example", string? clientId = "exporter", string? keyFile = null, string? secretFile = null, string? endpoints = null) =>
        EnvironmentSettings.Read(name => name switch
        {
            "ASSAY_ISSUER" => issuer,
            "ASSAY_ENDPOINTS" => endpoints,
            "ASSAY_CLIENT_ID" => clientId,
            "ASSAY_CLIENT_KEY_FILE" => keyFile,
            "ASSAY_CLIENT_SECRET_FILE" => secretFile,
            _ => null,
        });

    private static string Fault(
        string? issuer = "https://id.example", string? clientId = "exporter", string? keyFile = null, string? secretFile = null) =>
        Assert.Throws<InvalidOperationException>(() => Read(issuer, clientId, keyFile, secretFile)).Message;

    private string File(string name, string text)
    {
        var path = Path.Combine(folder, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }
}
