using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace Assay.Core.Jose;

/// <summary>A NIST prime curve y² = x³ - 3x + b over a prime field (FIPS 186-4, D.1.2), with its name and algorithm in JOSE (RFC 7518 §3.4, §6.2.1.1).</summary>
internal sealed class EllipticCurve
{
    public static readonly EllipticCurve P256 = new(
        "P-256", JoseAlg.ES256, 256, ECCurve.NamedCurves.nistP256,
        BigInteger.Pow(2, 256) - BigInteger.Pow(2, 224) + BigInteger.Pow(2, 192) + BigInteger.Pow(2, 96) - 1,
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");

    public static readonly EllipticCurve P384 = new(
        "P-384", JoseAlg.ES384, 384, ECCurve.NamedCurves.nistP384,
        BigInteger.Pow(2, 384) - BigInteger.Pow(2, 128) - BigInteger.Pow(2, 96) + BigInteger.Pow(2, 32) - 1,
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef");

    public static readonly EllipticCurve P521 = new(
        "P-521", JoseAlg.ES512, 521, ECCurve.NamedCurves.nistP521,
        BigInteger.Pow(2, 521) - 1,
        "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00");

    private readonly BigInteger prime;
    private readonly BigInteger b;

    private EllipticCurve(string name, string alg, int bits, ECCurve curve, BigInteger prime, string b)
    {
        (Name, Alg, Bits, Curve, this.prime) = (name, alg, bits, curve, prime);
        this.b = BigInteger.Parse("0" + b, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    public string Name { get; }

    public string Alg { get; }

    public int Bits { get; }

    public ECCurve Curve { get; }

    /// <summary>Bytes of one coordinate, leading zeros kept; a signature is two of them.</summary>
    public int CoordinateBytes => (Bits + 7) / 8;

    public static EllipticCurve? Named(string name) => name switch
    {
        "P-256" => P256,
        "P-384" => P384,
        "P-521" => P521,
        _ => null,
    };

    /// <summary>
    /// Whether the point solves the curve's equation. Checked here, not left to the platform's import, because a point off the curve can leak or forge
    /// (RFC 8725 §3.4). The cofactor is 1, so a point on the curve is in the right group.
    /// </summary>
    public bool Contains(ReadOnlySpan<byte> xBytes, ReadOnlySpan<byte> yBytes)
    {
        var x = new BigInteger(xBytes, isUnsigned: true, isBigEndian: true);
        var y = new BigInteger(yBytes, isUnsigned: true, isBigEndian: true);
        if (x >= prime || y >= prime)
            return false;

        var difference = y * y - (x * x * x - 3 * x + b);
        return (difference % prime).IsZero;
    }
}
