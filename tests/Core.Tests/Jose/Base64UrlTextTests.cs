using System.Text;
using Assay.Core.Jose;
using CsCheck;

namespace Assay.Core.Tests.Jose;

public sealed class Base64UrlTextTests
{
    [Theory] // RFC 4648 §10 in the URL alphabet without padding, and RFC 7515 appendix C
    [InlineData("", "")]
    [InlineData("f", "Zg")]
    [InlineData("fo", "Zm8")]
    [InlineData("foo", "Zm9v")]
    [InlineData("foobar", "Zm9vYmFy")]
    public void Published_vectors_encode_and_decode(string plain, string text)
    {
        Assert.Equal(text, Base64UrlText.Encode(Encoding.ASCII.GetBytes(plain)));
        Assert.Equal(plain, Encoding.ASCII.GetString(Base64UrlText.Decode(text, 100)!));
    }

    [Fact]
    public void The_url_alphabet_is_used() =>
        Assert.Equal([3, 236, 255, 224, 193], Base64UrlText.Decode("A-z_4ME", 5)!);

    [Theory]
    [InlineData("Zg==")]
    [InlineData("Zm8=")]
    [InlineData("Zm9v=")]
    [InlineData("Z")]
    [InlineData("Zm9vY")]
    [InlineData("Zm 9v")]
    [InlineData(" Zm9v")]
    [InlineData("Zm9v\n")]
    [InlineData("A+z/4ME")]
    [InlineData("Zm9%")]
    [InlineData("Zm9.")]
    [InlineData("Zm9é")]
    [InlineData("Zm9\0")]
    public void Anything_else_is_refused(string text) => Assert.Null(Base64UrlText.Decode(text, 100));

    [Theory]
    [InlineData("Zh")]
    [InlineData("Zv")]
    [InlineData("Z_")]
    [InlineData("Zm9")]
    [InlineData("Zm-")]
    public void A_second_spelling_of_the_same_bytes_is_refused(string text) => Assert.Null(Base64UrlText.Decode(text, 100));

    [Fact]
    public void Text_over_the_bound_is_refused() => Assert.Null(Base64UrlText.Decode("Zm9v", 2));

    [Fact]
    public void A_destination_too_small_is_refused_without_writing_past_it()
    {
        Assert.False(Base64UrlText.TryDecode("Zm9v"u8, new byte[2], out var written));
        Assert.Equal(0, written);
    }

    [Fact]
    public void Every_value_survives_the_round_trip() => Gen.Byte.Array[0, 100].Sample(bytes =>
    {
        var text = new byte[Base64UrlText.EncodedLength(bytes.Length)];
        Assert.Equal(text.Length, Base64UrlText.Encode(bytes, text));
        Assert.Equal(bytes.Length, Base64UrlText.DecodedLength(text.Length));

        var decoded = new byte[bytes.Length];
        Assert.True(Base64UrlText.TryDecode(text, decoded, out var written));
        Assert.Equal(bytes, decoded[..written]);
    });

    [Fact]
    public void What_decodes_encodes_to_the_very_same_text() => Gen.Byte.Array[0, 12].Sample(text =>
    {
        var decoded = new byte[12];
        if (Base64UrlText.TryDecode(text, decoded, out var written))
            Assert.Equal(Encoding.ASCII.GetString(text), Base64UrlText.Encode(decoded.AsSpan(0, written)));
    });

    [Fact]
    public void Text_of_the_alphabet_decodes_only_if_it_is_what_encoding_gives() =>
        Gen.Char["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].Array[0, 9].Sample(characters =>
        {
            var text = new string(characters);
            if (Base64UrlText.Decode(text, 9) is { } bytes)
                Assert.Equal(text, Base64UrlText.Encode(bytes));
            else
                Assert.True(text.Length % 4 != 0);
        });
}
