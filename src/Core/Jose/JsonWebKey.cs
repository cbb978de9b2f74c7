using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Assay.Core.Jose;

/// <summary>
/// A public signature key (RFC 7517) that was validated when it was read: EC on P-256, P-384 or P-521, or RSA of 2048 to 4096 bits.
/// It belongs to exactly one algorithm. Immutable; two keys are equal when their material, identifier and algorithm are.
/// </summary>
public sealed class JsonWebKey : IEquatable<JsonWebKey>
{
    private readonly Lazy<SignatureVerifier> verifier;
    private readonly EllipticCurve? curve;
    private readonly byte[] first; // x, or n
    private readonly byte[] second; // y, or e

    private JsonWebKey(EllipticCurve? curve, byte[] first, byte[] second, string alg, int bits, string? kid)
    {
        (this.curve, this.first, this.second, Alg, Bits) = (curve, first, second, alg, bits);
        Thumbprint = Base64UrlText.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(RequiredMembers())));
        Kid = kid ?? Thumbprint;
        verifier = new Lazy<SignatureVerifier>(() =>
            curve is null ? SignatureVerifier.ForRsa(alg, first, second) : SignatureVerifier.ForEc(curve, first, second));
    }

    /// <summary><c>EC</c> or <c>RSA</c>.</summary>
    public string KeyType => curve is null ? "RSA" : "EC";

    /// <summary><c>P-256</c>, <c>P-384</c> or <c>P-521</c>; null for RSA.</summary>
    public string? Curve => curve?.Name;

    /// <summary>The only algorithm this key verifies.</summary>
    public string Alg { get; }

    /// <summary>The key's identifier: its own, 1 to 128 printable ASCII characters, or else its thumbprint.</summary>
    public string Kid { get; }

    /// <summary>SHA-256 of the key's required members (RFC 7638), base64url.</summary>
    public string Thumbprint { get; }

    /// <summary>Bits of the curve's field or of the modulus.</summary>
    public int Bits { get; }

    /// <summary>
    /// Whether a client may hold this key by default: P-256, or RSA up to 3072 bits. The larger ones cost a verifier, or the client that signs, ten
    /// times as much, which makes them a cheap way to keep a server busy.
    /// </summary>
    public bool IsAllowed => curve is null ? Bits <= 3072 : curve == EllipticCurve.P256;

    /// <summary>The key ready to verify: parsed at first use (0.1 ms), then shared.</summary>
    public SignatureVerifier Verifier => verifier.Value;

    /// <summary>Reads one public key, or returns null and says why in <paramref name="fault"/>. Private members are refused, unknown ones ignored.</summary>
    public static JsonWebKey? ParsePublic(ReadOnlySpan<byte> json, out JwkFault fault) => JsonWebKeyReader.Read(json, out fault);

    /// <inheritdoc cref="ParsePublic(ReadOnlySpan{byte}, out JwkFault)"/>
    public static JsonWebKey? ParsePublic(string json, out JwkFault fault)
    {
        if (json.Length <= JsonWebKeyReader.MaxBytes)
            return ParsePublic(Encoding.UTF8.GetBytes(json), out fault);

        fault = JwkFault.TooLarge;
        return null;
    }

    /// <summary>The public half of an EC key pair.</summary>
    /// <exception cref="ArgumentException">The curve is none of P-256, P-384 and P-521.</exception>
    public static JsonWebKey From(ECDsa key, string? kid = null)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        var curve = key.KeySize switch
        {
            256 when IsCurve(parameters, ECCurve.NamedCurves.nistP256) => EllipticCurve.P256,
            384 when IsCurve(parameters, ECCurve.NamedCurves.nistP384) => EllipticCurve.P384,
            521 when IsCurve(parameters, ECCurve.NamedCurves.nistP521) => EllipticCurve.P521,
            _ => throw new ArgumentException("The curve must be P-256, P-384 or P-521.", nameof(key)),
        };
        return Checked(Ec(curve, parameters.Q.X!, parameters.Q.Y!, kid, out var fault), fault, nameof(key));
    }

    /// <summary>The public half of an RSA key pair, for <see cref="JoseAlg.PS256"/> or <see cref="JoseAlg.RS256"/>.</summary>
    /// <exception cref="ArgumentException">The key is shorter than 2048 or longer than 4096 bits, or the algorithm is not an RSA one.</exception>
    public static JsonWebKey From(RSA key, string alg, string? kid = null)
    {
        if (alg is not (JoseAlg.PS256 or JoseAlg.RS256))
            throw new ArgumentException("The algorithm of an RSA key must be PS256 or RS256.", nameof(alg));

        var parameters = key.ExportParameters(includePrivateParameters: false);
        return Checked(Rsa(parameters.Modulus!, parameters.Exponent!, alg, kid, out var fault), fault, nameof(key));
    }

    /// <summary>Writes the public key as one object: key members, then <c>kid</c>, <c>use</c> and <c>alg</c>.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("kty"u8, KeyType);
        if (curve is not null)
            writer.WriteString("crv"u8, curve.Name);
        writer.WriteString(curve is null ? "n"u8 : "x"u8, Base64UrlText.Encode(first));
        writer.WriteString(curve is null ? "e"u8 : "y"u8, Base64UrlText.Encode(second));
        writer.WriteString("kid"u8, Kid);
        writer.WriteString("use"u8, "sig"u8);
        writer.WriteString("alg"u8, Alg);
        writer.WriteEndObject();
    }

    /// <summary>The public key as JSON text; <see cref="ParsePublic(string, out JwkFault)"/> reads it back.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
            WriteTo(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public bool Equals(JsonWebKey? other) => other is not null && Thumbprint == other.Thumbprint && Kid == other.Kid && Alg == other.Alg;

    public override bool Equals(object? obj) => Equals(obj as JsonWebKey);

    public override int GetHashCode() => HashCode.Combine(Thumbprint, Kid, Alg);

    public override string ToString() => $"{Alg} key {Kid}";

    internal static JsonWebKey? Ec(EllipticCurve curve, byte[] x, byte[] y, string? kid, out JwkFault fault)
    {
        fault = x.Length != curve.CoordinateBytes || y.Length != curve.CoordinateBytes ? JwkFault.CoordinateLength
            : !curve.Contains(x, y) ? JwkFault.NotOnCurve
            : JwkFault.None;
        return fault == JwkFault.None ? new JsonWebKey(curve, x, y, curve.Alg, curve.Bits, kid) : null;
    }

    internal static JsonWebKey? Rsa(byte[] modulus, byte[] exponent, string alg, string? kid, out JwkFault fault)
    {
        var bits = modulus.Length == 0 ? 0 : modulus.Length * 8 - byte.LeadingZeroCount(modulus[0]);
        fault = modulus.Length == 0 || modulus[0] == 0 || (modulus[^1] & 1) == 0 ? JwkFault.ModulusInvalid // RFC 7518 §6.3.1.1: no leading zero
            : bits is < 2048 or > 4096 ? JwkFault.ModulusSize
            : !IsUsualExponent(exponent) ? JwkFault.ExponentInvalid
            : JwkFault.None;
        return fault == JwkFault.None ? new JsonWebKey(curve: null, modulus, exponent, alg, bits, kid) : null;
    }

    // Odd, at least 65537 and at most four bytes: smaller ones are a risk, larger ones only make verification slow.
    private static bool IsUsualExponent(byte[] exponent) =>
        exponent.Length is 3 or 4 && exponent[0] != 0 && (exponent[^1] & 1) == 1;

    private static bool IsCurve(ECParameters parameters, ECCurve named) =>
        parameters.Curve.IsNamed && parameters.Curve.Oid.Value == named.Oid.Value;

    private static JsonWebKey Checked(JsonWebKey? key, JwkFault fault, string parameter) =>
        key ?? throw new ArgumentException($"The key cannot be used: {fault}.", parameter);

    // RFC 7638 §3.2: only the required members, sorted, no white space. None of the values needs escaping.
    private string RequiredMembers() => curve is null
        ? $$"""{"e":"{{Base64UrlText.Encode(second)}}","kty":"RSA","n":"{{Base64UrlText.Encode(first)}}"}"""
        : $$"""{"crv":"{{curve.Name}}","kty":"EC","x":"{{Base64UrlText.Encode(first)}}","y":"{{Base64UrlText.Encode(second)}}"}""";
}
