using System.Security.Cryptography;
using Assay.Core.Jose;

namespace Assay.Core.Tests.Jose;

public sealed class EcdsaDerTests
{
    [Theory]
    [InlineData("01", "02", "3006020101020102")]
    [InlineData("7f", "80", "300702017f02020080")]
    [InlineData("00", "ff00", "30080201000203" + "00ff00")]
    [InlineData("80000000000000000000000000000000000000000000000000000000000000ff", "01", "3026022100" + "80000000000000000000000000000000000000000000000000000000000000ff" + "020101")]
    public void Integers_have_no_zeros_before_them_but_the_one_that_keeps_them_positive(string r, string s, string der)
    {
        Span<byte> written = stackalloc byte[EcdsaDer.MostBytes];
        written.Fill(0xee);

        var length = EcdsaDer.Write(Convert.FromHexString(r.PadLeft(64, '0') + s.PadLeft(64, '0')), written);

        Assert.Equal(der, Convert.ToHexStringLower(written[..length]));
    }

    [Fact]
    public void The_largest_signature_fits()
    {
        Span<byte> written = stackalloc byte[EcdsaDer.MostBytes];
        var largest = new byte[EcdsaDer.P256Bytes];
        largest.AsSpan().Fill(0xff);

        Assert.Equal(EcdsaDer.MostBytes, EcdsaDer.Write(largest, written));
        Assert.Equal(EcdsaDer.MostBytes - 2, written[1]);
    }

    [Fact]
    public void The_platform_takes_what_is_written()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Span<byte> written = stackalloc byte[EcdsaDer.MostBytes];
        for (var i = 0; i < 300; i++) // one in 256 has a number that begins with a zero
        {
            var hash = SHA256.HashData([(byte)i, (byte)(i >> 8)]);
            var signature = key.SignHash(hash);

            var length = EcdsaDer.Write(signature, written);

            Assert.True(key.VerifyHash(hash, written[..length], DSASignatureFormat.Rfc3279DerSequence));
        }
    }
}
