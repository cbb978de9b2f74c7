using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Core.Tests.Transparency;

/// <summary>A witness's key that signs (RFC 8032 §5.1.6), in projective coordinates and with nothing of ours in it.</summary>
internal sealed class Ed25519Signing
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;
    private static readonly BigInteger L = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493");
    private static readonly BigInteger D = Mod(-121665 * BigInteger.ModPow(121666, P - 2, P));

    private static readonly (BigInteger X, BigInteger Y, BigInteger Z) Base = (
        BigInteger.Parse("15112221349535400772501151409588531511454012693041857206046113283949847762202"),
        BigInteger.Parse("46316835694926478169428394003475163141307993866256225615783033603165251855960"), 1);

    private readonly BigInteger scalar;
    private readonly byte[] prefix;

    public Ed25519Signing(byte[] secret)
    {
        var hash = SHA512.HashData(secret);
        hash[0] &= 0xf8;
        hash[31] = (byte)((hash[31] & 0x7f) | 0x40);
        scalar = new BigInteger(hash.AsSpan(0, 32), isUnsigned: true);
        prefix = hash[32..];
        PublicKey = Encode(Times(scalar));
    }

    public byte[] PublicKey { get; }

    public byte[] Sign(byte[] message)
    {
        var r = new BigInteger(SHA512.HashData([.. prefix, .. message]), isUnsigned: true) % L;
        var commitment = Encode(Times(r));
        var k = new BigInteger(SHA512.HashData([.. commitment, .. PublicKey, .. message]), isUnsigned: true) % L;
        var s = new byte[32];
        ((r + k * scalar) % L).TryWriteBytes(s, out _, isUnsigned: true);
        return [.. commitment, .. s];
    }

    /// <summary>As C2SP signed-note hands keys out: name+id+base64.</summary>
    public string NoteKey(string name) => $"{name}+{Convert.ToHexStringLower(Id(name))}+{Convert.ToBase64String([4, .. PublicKey])}";

    /// <summary>The line of a cosignature (C2SP tlog-cosignature).</summary>
    public string Cosign(string name, string checkpoint, long time)
    {
        var stamp = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(stamp, time);
        return $"— {name} {Convert.ToBase64String([.. Id(name), .. stamp, .. Sign(Encoding.UTF8.GetBytes($"cosignature/v1\ntime {time}\n{checkpoint}"))])}";
    }

    private byte[] Id(string name) => SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', 4, .. PublicKey])[..4];

    private static (BigInteger X, BigInteger Y, BigInteger Z) Times(BigInteger number)
    {
        (BigInteger X, BigInteger Y, BigInteger Z) sum = (0, 1, 1);
        for (var bit = 255; bit >= 0; bit--)
        {
            sum = Add(sum, sum);
            if (!(number >> bit).IsEven)
                sum = Add(sum, Base);
        }

        return sum;
    }

    private static (BigInteger X, BigInteger Y, BigInteger Z) Add((BigInteger X, BigInteger Y, BigInteger Z) one, (BigInteger X, BigInteger Y, BigInteger Z) two)
    {
        var a = one.Z * two.Z % P;
        var b = a * a % P;
        var c = one.X * two.X % P;
        var d = one.Y * two.Y % P;
        var e = D * c % P * d % P;
        var (f, g) = (Mod(b - e), (b + e) % P);
        return (Mod(a * f % P * ((one.X + one.Y) * (two.X + two.Y) - c - d)), Mod(a * g % P * (d + c)), f * g % P);
    }

    private static byte[] Encode((BigInteger X, BigInteger Y, BigInteger Z) point)
    {
        var inverse = BigInteger.ModPow(point.Z, P - 2, P);
        var (x, y) = (point.X * inverse % P, point.Y * inverse % P);
        var encoded = new byte[32];
        y.TryWriteBytes(encoded, out _, isUnsigned: true);
        encoded[31] |= (byte)(x.IsEven ? 0 : 0x80);
        return encoded;
    }

    private static BigInteger Mod(BigInteger value) => (value % P + P) % P;
}
