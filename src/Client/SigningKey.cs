using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Client;

/// <summary>A private key with its one algorithm: ES256 for P-256, PS256 for RSA. Faults are <see cref="InvalidDataException"/> and never quote the key.</summary>
internal sealed class SigningKey
{
    private const int MinRsaBits = 2048;

    private readonly ECDsa? ec;
    private readonly RSA? rsa;

    private SigningKey(ECDsa key, string? keyId)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        if (!parameters.Curve.IsNamed || parameters.Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
            throw new InvalidDataException("The EC key must be on the curve P-256.");

        (ec, Alg) = (key, "ES256");
        KeyId = keyId ?? Thumbprint($$"""{"crv":"P-256","kty":"EC","x":"{{Encode(parameters.Q.X)}}","y":"{{Encode(parameters.Q.Y)}}"}""");
    }

    private SigningKey(RSA key, string? keyId)
    {
        if (key.KeySize < MinRsaBits)
            throw new InvalidDataException($"The RSA key must have at least {MinRsaBits} bits, but has {key.KeySize}.");

        var parameters = key.ExportParameters(includePrivateParameters: false);
        (rsa, Alg) = (key, "PS256");
        KeyId = keyId ?? Thumbprint($$"""{"e":"{{Encode(parameters.Exponent)}}","kty":"RSA","n":"{{Encode(parameters.Modulus)}}"}""");
    }

    public string Alg { get; }

    public string KeyId { get; }

    public static SigningKey From(AsymmetricAlgorithm key, string? keyId) => key switch
    {
        ECDsa ec => new SigningKey(ec, keyId),
        RSA rsa => new SigningKey(rsa, keyId),
        _ => throw new InvalidDataException($"The key must be ECDsa or RSA, but is {key.GetType().Name}."),
    };

    /// <summary>Reads PEM, or a JSON Web Key if it begins with a brace.</summary>
    public static SigningKey Parse(string text, string? keyId)
    {
        if (!text.AsSpan().TrimStart().StartsWith("{"))
            return From(PemKey.Read(text), keyId);

        var key = PrivateJwk.Read(text, out var ownId);
        return From(key, keyId ?? ownId);
    }

    public byte[] Sign(byte[] input) => ec is not null
        ? ec.SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
        : rsa!.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);

    // RFC 7638 §3
    private static string Thumbprint(string requiredMembers) => Encode(SHA256.HashData(Encoding.ASCII.GetBytes(requiredMembers)));

    private static string Encode(byte[]? bytes) => Base64Url.EncodeToString(bytes);
}
