using System.Buffers.Text;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Assay.Client.Tests;

public sealed class CredentialFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("assay-client-").FullName;
    private readonly ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly RSA rsa = RSA.Create(2048);

    public void Dispose()
    {
        Directory.Delete(folder, recursive: true);
        ec.Dispose();
        rsa.Dispose();
    }

    [Fact]
    public async Task Every_usual_form_of_an_ec_key_is_read()
    {
        foreach (var text in new[]
        {
            ec.ExportPkcs8PrivateKeyPem(),
            ec.ExportECPrivateKeyPem(),
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + ec.ExportECPrivateKeyPem() + "\n",
            "\ufeff" + ec.ExportPkcs8PrivateKeyPem(),
            ec.ExportSubjectPublicKeyInfoPem() + "\n" + ec.ExportPkcs8PrivateKeyPem(),
            EcJwk().ToJsonString(),
            "\n  " + EcJwk().ToJsonString(),
        })
        {
            var assertion = await Used(AssayCredential.FromKeyFile(Write(text)));

            Assert.True(assertion.IsSignedBy(ec));
            Assert.Equal(Assertion.Thumbprint(ec), assertion.Header.GetProperty("kid").GetString());
        }
    }

    [Fact]
    public async Task Every_usual_form_of_an_rsa_key_is_read()
    {
        foreach (var text in new[] { rsa.ExportPkcs8PrivateKeyPem(), rsa.ExportRSAPrivateKeyPem(), RsaJwk().ToJsonString() })
        {
            var assertion = await Used(AssayCredential.FromKeyFile(Write(text)));

            Assert.True(assertion.IsSignedBy(rsa));
            Assert.Equal(Assertion.Thumbprint(rsa), assertion.Header.GetProperty("kid").GetString());
        }
    }

    [Fact]
    public async Task The_key_identifier_is_the_given_one_or_the_jwks_own_or_the_thumbprint()
    {
        var jwk = EcJwk();
        jwk["kid"] = "own";
        var path = Write(jwk.ToJsonString());

        Assert.Equal("own", (await Used(AssayCredential.FromKeyFile(path))).Header.GetProperty("kid").GetString());
        Assert.Equal("given", (await Used(AssayCredential.FromKeyFile(path, "given"))).Header.GetProperty("kid").GetString());
    }

    [Fact]
    public async Task A_jwk_whose_private_exponent_is_short_is_read()
    {
        // JOSE drops leading zeros, .NET wants them. Such a key is made on purpose: a short d first, e to match.
        var key = rsa.ExportParameters(includePrivateParameters: true);
        var (p, q) = (Number(key.P!), Number(key.Q!));
        var phi = (p - 1) * (q - 1);
        var d = BigInteger.Pow(2, 1900) + 1;
        while (!BigInteger.GreatestCommonDivisor(d, phi).IsOne)
            d += 2;
        var jwk = RsaJwk();
        jwk["e"] = Text(Bytes(Inverse(d, phi)));
        jwk["d"] = Text(Bytes(d));
        jwk["dp"] = Text(Bytes(d % (p - 1)));
        jwk["dq"] = Text(Bytes(d % (q - 1)));

        var assertion = await Used(AssayCredential.FromKeyFile(Write(jwk.ToJsonString())));

        using var verifier = RSA.Create(new RSAParameters { Modulus = key.Modulus, Exponent = Bytes(Inverse(d, phi)) });
        Assert.True(assertion.IsSignedBy(verifier));
    }

    [Fact]
    public void A_file_without_a_usable_key_is_refused_with_its_reason_and_not_quoted()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var small = RSA.Create(1024);
        var encrypted = ec.ExportEncryptedPkcs8PrivateKeyPem("password", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1));

        Refused("neither PEM nor a JSON Web Key", "");
        Refused("neither PEM nor a JSON Web Key", "hello");
        Refused("no private key, only PUBLIC KEY", ec.ExportSubjectPublicKeyInfoPem());
        Refused("is encrypted", encrypted);
        Refused("damaged or neither EC nor RSA", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----");
        Refused("damaged or neither EC nor RSA", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----");
        Refused("damaged or neither EC nor RSA", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----");
        Refused("curve P-256", p384.ExportPkcs8PrivateKeyPem());
        Refused("at least 2048 bits, but has 1024", small.ExportPkcs8PrivateKeyPem());
        Refused("not valid JSON", "{\"kty\":\"EC\",");
        Refused("not valid JSON", """{"kty":"EC","kty":"EC"}""");
        Refused("usable member kty", "{}");
        Refused("kty EC or RSA, but has oct", """{"kty":"oct","k":"c2VjcmV0"}""");
        Refused("P-256, but is on P-521", Changed(EcJwk(), "crv", "P-521"));
        Refused("usable member d", Changed(EcJwk(), "d", null));
        Refused("usable member d", Changed(EcJwk(), "d", "AAAA"));
        Refused("usable member x", Changed(EcJwk(), "x", "!!!"));
        Refused("do not belong together", Changed(EcJwk(), "d", Base64Url.EncodeToString(other.ExportParameters(true).D)));
        Refused("usable member p", Changed(RsaJwk(), "p", null));
        Refused("usable member dq", Changed(RsaJwk(), "dq", Base64Url.EncodeToString(new byte[129])));
        Refused("over 64 KiB", new string(' ', 70_000));
    }

    [Fact]
    public void A_missing_file_is_told_by_the_system() =>
        Assert.ThrowsAny<IOException>(() => AssayCredential.FromKeyFile(Path.Combine(folder, "nowhere.pem")));

    [Theory]
    [InlineData("s3cret", "s3cret")]
    [InlineData("s3cret\n", "s3cret")]
    [InlineData("s3cret\r\n", "s3cret")]
    [InlineData(" s3cret \n", " s3cret ")]
    public async Task A_secret_file_is_read_without_its_line_end(string text, string secret)
    {
        await using var issuer = await Issuer.Start();
        using var client = issuer.Client(AssayCredential.FromSecretFile(Write(text)));

        await client.GetTokenAsync("https://payments.example");

        Assert.Equal("Basic " + SecretCredential.Encoded("exporter", secret), issuer.Last!.Authorization);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    public void An_empty_secret_file_is_refused(string text)
    {
        var fault = Assert.Throws<InvalidDataException>(() => AssayCredential.FromSecretFile(Write(text)));

        Assert.Contains("is empty", fault.Message);
    }

    [Fact]
    public void Keys_in_memory_of_another_kind_are_refused()
    {
        using var p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        using var exchange = ECDiffieHellman.Create();
        using var publicHalf = ECDsa.Create(ec.ExportParameters(includePrivateParameters: false));

        Assert.Contains("P-256", Assert.Throws<ArgumentException>(() => AssayCredential.FromPrivateKey(p521)).Message);
        Assert.Contains("ECDsa or RSA", Assert.Throws<ArgumentException>(() => AssayCredential.FromPrivateKey(exchange)).Message);
        Assert.Contains("public half", Assert.Throws<ArgumentException>(() => AssayCredential.FromPrivateKey(publicHalf)).Message);
        Assert.Throws<ArgumentException>(() => AssayCredential.FromSecret(""));
    }

    private static async Task<Assertion> Used(AssayCredential credential)
    {
        await using var issuer = await Issuer.Start();
        using var client = issuer.Client(credential);
        await client.GetTokenAsync("https://payments.example");
        return new Assertion(issuer.Last!.Form["client_assertion"]);
    }

    private void Refused(string reason, string text)
    {
        var path = Write(text);
        var fault = Assert.Throws<InvalidDataException>(() => AssayCredential.FromKeyFile(path));

        Assert.StartsWith(path + ": ", fault.Message);
        Assert.Contains(reason, fault.Message);
        Assert.Null(fault.InnerException);
    }

    private string Write(string text)
    {
        var path = Path.Combine(folder, Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, text);
        return path;
    }

    private static string Changed(JsonObject jwk, string member, string? value)
    {
        jwk.Remove(member);
        if (value is not null)
            jwk[member] = value;
        return jwk.ToJsonString();
    }

    private JsonObject EcJwk()
    {
        var key = ec.ExportParameters(includePrivateParameters: true);
        return JsonSerializer.SerializeToNode(new
        {
            kty = "EC",
            crv = "P-256",
            x = Base64Url.EncodeToString(key.Q.X),
            y = Base64Url.EncodeToString(key.Q.Y),
            d = Base64Url.EncodeToString(key.D),
        })!.AsObject();
    }

    private JsonObject RsaJwk() => Minimal(rsa);

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number) => number.ToByteArray(isUnsigned: true, isBigEndian: true);

    private static BigInteger Inverse(BigInteger value, BigInteger modulus)
    {
        var (a, b, x, y) = (value, modulus, BigInteger.One, BigInteger.Zero);
        while (!b.IsZero)
            (a, b, x, y) = (b, a % b, y, x - a / b * y);
        return x.Sign < 0 ? x + modulus : x;
    }

    // Members as RFC 7518 §6.3 wants them: no leading zeros.
    private static JsonObject Minimal(RSA rsa)
    {
        var key = rsa.ExportParameters(includePrivateParameters: true);
        return new JsonObject
        {
            ["kty"] = "RSA",
            ["n"] = Text(key.Modulus!),
            ["e"] = Text(key.Exponent!),
            ["d"] = Text(key.D!),
            ["p"] = Text(key.P!),
            ["q"] = Text(key.Q!),
            ["dp"] = Text(key.DP!),
            ["dq"] = Text(key.DQ!),
            ["qi"] = Text(key.InverseQ!),
        };
    }

    private static string Text(byte[] number) => Base64Url.EncodeToString(number.AsSpan().TrimStart((byte)0));
}
