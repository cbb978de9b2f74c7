using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace Assay.Core.Transparency;

/// <summary>
/// Verifies Ed25519 signatures (RFC 8032 §5.1.7), which the platform does not have and which witnesses use. Verifies only: everything it handles is public, so it takes no care of how long it
/// takes, some milliseconds. Strict: one spelling of each point and number, and no cofactor.
/// </summary>
internal static class Ed25519
{
    public const int KeySize = 32;
    public const int SignatureSize = 64;

    private static readonly BigInteger P = (BigInteger.One << 255) - 19;
    private static readonly BigInteger L = (BigInteger.One << 252) + BigInteger.Parse("27742317777372353535851937790883648493", CultureInfo.InvariantCulture);
    private static readonly BigInteger D = Mod(-121665 * Inverse(121666));
    private static readonly BigInteger RootOfMinusOne = BigInteger.ModPow(2, (P - 1) / 4, P);
    private static readonly Point Base = Decode(Convert.FromHexString("5866666666666666666666666666666666666666666666666666666666666666"))!.Value;
    private static readonly Point Neutral = new(0, 1, 1, 0);

    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != KeySize || signature.Length != SignatureSize || Decode(publicKey) is not { } key)
            return false;
        var s = new BigInteger(signature[KeySize..], isUnsigned: true);
        if (s >= L)
            return false;

        Span<byte> digest = stackalloc byte[SHA512.HashSizeInBytes];
        using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512))
        {
            hash.AppendData(signature[..KeySize]);
            hash.AppendData(publicKey);
            hash.AppendData(message);
            hash.GetHashAndReset(digest);
        }

        var k = new BigInteger(digest, isUnsigned: true) % L;
        Span<byte> expected = stackalloc byte[KeySize];
        Encode(Sum(s, Base, k, key.Negated), expected);
        return expected.SequenceEqual(signature[..KeySize]);
    }

    /// <summary>[a]A + [b]B.</summary>
    private static Point Sum(BigInteger a, Point pointA, BigInteger b, Point pointB)
    {
        var both = Add(pointA, pointB);
        var sum = Neutral;
        for (var bit = 255; bit >= 0; bit--)
        {
            sum = Add(sum, sum);
            var (inA, inB) = (!(a >> bit).IsEven, !(b >> bit).IsEven);
            if (inA || inB)
                sum = Add(sum, inA && inB ? both : inA ? pointA : pointB);
        }

        return sum;
    }

    /// <summary>RFC 8032 §5.1.4; complete, so it doubles too.</summary>
    private static Point Add(Point one, Point two)
    {
        var a = Mod((one.Y - one.X) * (two.Y - two.X));
        var b = Mod((one.Y + one.X) * (two.Y + two.X));
        var c = Mod(2 * one.T * D % P * two.T);
        var d = Mod(2 * one.Z * two.Z);
        var (e, f, g, h) = (b - a, d - c, d + c, b + a);
        return new Point(Mod(e * f), Mod(g * h), Mod(f * g), Mod(e * h));
    }

    /// <summary>RFC 8032 §5.1.3; null when it is no point, or not the one spelling of it.</summary>
    private static Point? Decode(ReadOnlySpan<byte> encoded)
    {
        var y = new BigInteger(encoded, isUnsigned: true);
        var isOdd = !(y >> 255).IsZero;
        y &= (BigInteger.One << 255) - 1;
        if (y >= P)
            return null;

        var square = y * y;
        var u = Mod(square - 1);
        var v = Mod(D * square + 1);
        var v3 = Mod(v * v % P * v);
        var x = Mod(u * v3 % P * BigInteger.ModPow(Mod(u * v3 % P * v3 % P * v), (P - 5) / 8, P));
        var found = Mod(v * x % P * x);
        if (found == Mod(-u))
            x = Mod(x * RootOfMinusOne);
        else if (found != u)
            return null;
        if (x.IsZero && isOdd)
            return null;
        if (x.IsEven == isOdd)
            x = P - x;
        return new Point(x, y, 1, Mod(x * y));
    }

    private static void Encode(Point point, Span<byte> encoded)
    {
        var inverse = Inverse(point.Z);
        var (x, y) = (Mod(point.X * inverse), Mod(point.Y * inverse));
        encoded.Clear();
        y.TryWriteBytes(encoded, out _, isUnsigned: true);
        if (!x.IsEven)
            encoded[^1] |= 0x80;
    }

    private static BigInteger Inverse(BigInteger value) => BigInteger.ModPow(value, P - 2, P);

    private static BigInteger Mod(BigInteger value)
    {
        value %= P;
        return value.Sign < 0 ? value + P : value;
    }

    /// <summary>Extended homogeneous coordinates.</summary>
    private readonly record struct Point(BigInteger X, BigInteger Y, BigInteger Z, BigInteger T)
    {
        public Point Negated => new(Mod(-X), Y, Z, Mod(-T));
    }
}
