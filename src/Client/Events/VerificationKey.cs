using System.Buffers.Text;
using System.Security.Cryptography;

namespace Assay.Client.Events;

/// <summary>A public key of an issuer, with the algorithms that it may verify: the key says which, and a signature only which of those.</summary>
internal sealed class VerificationKey : IDisposable
{
    private const int MinRsaBits = 2048;
    private const int MaxRsaBits = 8192;

    private readonly ECDsa? ec;
    private readonly RSA? rsa;
    private readonly string[] algorithms;

    private VerificationKey(string id, ECDsa? ec, RSA? rsa, string[] algorithms) => (Id, this.ec, this.rsa, this.algorithms) = (id, ec, rsa, algorithms);

    public string Id { get; }

    /// <summary>Reads a JSON Web Key (RFC 7518 §6); null when it is not one that verifies signatures here.</summary>
    public static VerificationKey? Read(KeyJson? key)
    {
        if (key is not { KeyId.Length: > 0 } || key.Use is not (null or "sig"))
            return null;

        try
        {
            return key switch
            {
                { Type: "EC", Curve: "P-256" } when Allows(key, "ES256") is { } algorithms => new(key.KeyId, ReadEc(key, ECCurve.NamedCurves.nistP256, 32), null, algorithms),
                { Type: "EC", Curve: "P-384" } when Allows(key, "ES384") is { } algorithms => new(key.KeyId, ReadEc(key, ECCurve.NamedCurves.nistP384, 48), null, algorithms),
                { Type: "RSA" } when Allows(key, "RS256", "PS256") is { } algorithms && ReadRsa(key) is { } rsa => new(key.KeyId, null, rsa, algorithms),
                _ => null,
            };
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException)
        {
            return null;
        }
    }

    public bool Verifies(string? algorithm, ReadOnlySpan<byte> input, ReadOnlySpan<byte> signature) => Array.IndexOf(algorithms, algorithm) >= 0 && algorithm switch
    {
        "ES256" => ec!.VerifyData(input, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
        "ES384" => ec!.VerifyData(input, signature, HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
        "RS256" => rsa!.VerifyData(input, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        "PS256" => rsa!.VerifyData(input, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        _ => false,
    };

    public void Dispose()
    {
        ec?.Dispose();
        rsa?.Dispose();
    }

    /// <summary>Those that its kind can do, or the one that it names; null when it names another.</summary>
    private static string[]? Allows(KeyJson key, params string[] possible) =>
        key.Algorithm is null ? possible : possible.Contains(key.Algorithm) ? [key.Algorithm] : null;

    private static ECDsa ReadEc(KeyJson key, ECCurve curve, int length)
    {
        var (x, y) = (Base64Url.DecodeFromChars(key.X), Base64Url.DecodeFromChars(key.Y));
        if (x.Length != length || y.Length != length)
            throw new FormatException();
        return ECDsa.Create(new ECParameters { Curve = curve, Q = { X = x, Y = y } });
    }

    private static RSA? ReadRsa(KeyJson key)
    {
        var (modulus, exponent) = (Base64Url.DecodeFromChars(key.Modulus), Base64Url.DecodeFromChars(key.Exponent));
        if (modulus.Length is < MinRsaBits / 8 or > MaxRsaBits / 8 || exponent.Length is < 1 or > 4)
            return null;
        var rsa = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent });
        if (rsa.KeySize is >= MinRsaBits and <= MaxRsaBits)
            return rsa;
        rsa.Dispose();
        return null;
    }
}
