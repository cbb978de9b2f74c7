using System.Security.Cryptography;
using System.Text;
using Assay.Core.Jose;
using CsCheck;

namespace Assay.Core.Tests.Jose;

public sealed class JwtWriterTests : IDisposable
{
    private static readonly JwsHeaderSegment Header = new(JoseAlg.ES256, JoseType.AccessToken, "key-1");

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose() => key.Dispose();

    [Fact]
    public void A_token_is_written_sealed_and_signed()
    {
        using var jwt = Sealed("https://api.example/a+b&c");

        var digest = jwt.Digest.ToArray();
        Assert.True(jwt.TrySign(key));

        Assert.True(CompactJws.TryParse(jwt.Token.ToArray(), out var jws, out var fault), fault.ToString());
        Assert.Equal(new JoseHeader("ES256", "key-1", "at+jwt"), jws.Header);
        Assert.Equal("""{"aud":"https://api.example/a+b&c","exp":1764000060}""", Encoding.UTF8.GetString(jws.Payload.Span));
        Assert.True(JsonWebKey.From(key).Verifier.Verify(jws));
        Assert.Equal(SHA256.HashData(jws.SigningInput.Span), digest);
        Assert.Equal(jws.SigningInput.ToArray(), jwt.SigningInput.ToArray());
        Assert.Equal(jwt.Token.ToArray(), jwt.TokenMemory.ToArray());
    }

    [Fact]
    public void Memory_given_back_does_not_leak_into_the_next_token() => Gen.String[0, 3000].Sample(
        audience =>
        {
            using var jwt = Sealed(audience);
            Assert.True(jwt.TrySign(key));
            Assert.True(CompactJws.TryParse(jwt.Token.ToArray(), out var jws, out var fault), fault.ToString());
            Assert.True(JsonWebKey.From(key).Verifier.Verify(jws));
        },
        iter: 50);

    [Fact]
    public void The_token_is_erased_when_the_writer_is_disposed()
    {
        var jwt = Sealed("a");
        Assert.True(jwt.TrySign(key));
        var token = jwt.TokenMemory;

        jwt.Dispose();

        Assert.Equal(new byte[token.Length], token.ToArray());
    }

    [Fact]
    public void Two_writers_in_use_do_not_share_memory()
    {
        using var one = Sealed("one");
        using var two = Sealed("two");
        Assert.True(one.TrySign(key));
        Assert.True(two.TrySign(key));

        Assert.True(CompactJws.TryParse(one.TokenMemory, out var first, out _));
        Assert.True(CompactJws.TryParse(two.TokenMemory, out var second, out _));
        Assert.Contains("one", Encoding.UTF8.GetString(first.Payload.Span));
        Assert.Contains("two", Encoding.UTF8.GetString(second.Payload.Span));
    }

    [Fact]
    public void A_writer_disposed_twice_gives_its_memory_back_once()
    {
        var jwt = Sealed("a");
        jwt.Dispose();
        using var next = Sealed("b");

        jwt.Dispose();

        Assert.True(next.TrySign(key));
        Assert.True(CompactJws.TryParse(next.TokenMemory, out var jws, out _));
        Assert.True(JsonWebKey.From(key).Verifier.Verify(jws));
    }

    [Fact]
    public void A_key_of_another_curve_signs_nothing()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var jwt = Sealed("a");

        Assert.False(jwt.TrySign(other));
        Assert.Throws<InvalidOperationException>(() => jwt.TokenMemory);
    }

    [Fact]
    public void The_steps_happen_in_their_order()
    {
        var jwt = new JwtWriter();
        Assert.Throws<InvalidOperationException>(() => jwt.Seal(Header));
        Assert.Throws<InvalidOperationException>(() => jwt.TrySign(key));
        Assert.Throws<InvalidOperationException>(() => jwt.Digest.Length);

        jwt.Claims.WriteStartObject();
        Assert.Throws<InvalidOperationException>(() => jwt.Seal(Header));
        jwt.Claims.WriteEndObject();
        Assert.Throws<InvalidOperationException>(() => jwt.Seal(new JwsHeaderSegment(JoseAlg.RS256, "at+jwt", "k")));
        jwt.Seal(Header);

        Assert.Throws<InvalidOperationException>(() => jwt.Claims);
        Assert.Throws<InvalidOperationException>(() => jwt.Seal(Header));
        Assert.Throws<InvalidOperationException>(() => jwt.Token.Length);
        jwt.Dispose();
        Assert.Throws<ObjectDisposedException>(() => jwt.TrySign(key));
    }

    [Fact]
    public void Claims_that_are_no_object_are_not_sealed()
    {
        using var jwt = new JwtWriter();
        jwt.Claims.WriteStringValue("claims");

        Assert.Throws<InvalidOperationException>(() => jwt.Seal(Header));
    }

    [Fact]
    public void A_token_over_the_limit_is_not_sealed() => Assert.Throws<InvalidOperationException>(() => Sealed(new string('a', 12_300)));

    [Theory]
    [InlineData("")]
    [InlineData("key\n")]
    [InlineData("schlüssel")]
    public void A_header_names_its_key_in_printable_ascii(string kid) =>
        Assert.Throws<ArgumentException>(() => new JwsHeaderSegment(JoseAlg.ES256, "at+jwt", kid));

    private static JwtWriter Sealed(string audience)
    {
        var jwt = new JwtWriter();
        jwt.Claims.WriteStartObject();
        jwt.Claims.WriteString("aud"u8, audience);
        jwt.Claims.WriteNumber("exp"u8, 1764000060);
        jwt.Claims.WriteEndObject();
        jwt.Seal(Header);
        return jwt;
    }
}
