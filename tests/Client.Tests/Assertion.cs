using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Assay.Client.Tests;

/// <summary>A client assertion as a server sees it, taken apart without the code under test.</summary>
internal sealed class Assertion
{
    private readonly byte[] input;
    private readonly byte[] signature;

    public Assertion(string token)
    {
        var parts = token.Split('.');
        Assert.Equal(3, parts.Length);
        Header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0])).RootElement;
        Claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
        signature = Base64Url.DecodeFromChars(parts[2]);
        input = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
    }

    public JsonElement Header { get; }

    public JsonElement Claims { get; }

    public bool IsSignedBy(ECDsa key) =>
        signature.Length == 64 && key.VerifyData(input, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    public bool IsSignedBy(RSA key) => key.VerifyData(input, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);

    /// <summary>RFC 7638 by hand.</summary>
    public static string Thumbprint(ECDsa key)
    {
        var q = key.ExportParameters(false).Q;
        return Hash($$"""{"crv":"P-256","kty":"EC","x":"{{Base64Url.EncodeToString(q.X)}}","y":"{{Base64Url.EncodeToString(q.Y)}}"}""");
    }

    public static string Thumbprint(RSA key)
    {
        var parameters = key.ExportParameters(false);
        return Hash($$"""{"e":"{{Base64Url.EncodeToString(parameters.Exponent)}}","kty":"RSA","n":"{{Base64Url.EncodeToString(parameters.Modulus)}}"}""");
    }

    private static string Hash(string json) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(json)));
}
