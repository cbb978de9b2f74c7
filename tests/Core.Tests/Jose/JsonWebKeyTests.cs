using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Assay.Core.Jose;
using CsCheck;

namespace Assay.Core.Tests.Jose;

public sealed class JsonWebKeyTests
{
    // RFC 7638 §3.1
    private const string Rfc7638Modulus =
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    // RFC 7515 appendix A.3.1
    private const string X = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    private const string Y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    [Fact]
    public void The_thumbprint_of_rfc_7638_comes_out()
    {
        var key = Parse($$"""{"kty":"RSA","n":"{{Rfc7638Modulus}}","e":"AQAB","alg":"RS256","kid":"2011-04-29"}""");

        Assert.Equal("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", key.Thumbprint);
        Assert.Equal(("RSA", null, "RS256", "2011-04-29", 2048, true), (key.KeyType, key.Curve, key.Alg, key.Kid, key.Bits, key.IsAllowed));
    }

    [Fact]
    public void The_thumbprint_of_the_rfc_7515_key_comes_out_and_names_a_key_without_kid()
    {
        var key = Parse(Ec(X, Y));

        Assert.Equal("oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", key.Thumbprint);
        Assert.Equal(("EC", "P-256", "ES256", key.Thumbprint, 256, true), (key.KeyType, key.Curve, key.Alg, key.Kid, key.Bits, key.IsAllowed));
    }

    [Fact]
    public void The_thumbprint_of_the_rfc_9449_key_comes_out() =>
        Assert.Equal(
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
            Parse(Ec("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA")).Thumbprint);

    [Fact]
    public void Other_members_do_not_change_the_thumbprint() =>
        Assert.Equal(
            Parse(Ec(X, Y)).Thumbprint,
            Parse($$"""{"use":"sig","y":"{{Y}}","x5t":"abc","x":"{{X}}","extra":{"a":[1]},"kid":"k","crv":"P-256","alg":"ES256","kty":"EC","key_ops":["verify"]}""").Thumbprint);

    [Theory]
    [InlineData(JwkFault.NotAJsonObject, "")]
    [InlineData(JwkFault.NotAJsonObject, "[]")]
    [InlineData(JwkFault.NotAJsonObject, "\"key\"")]
    [InlineData(JwkFault.NotAJsonObject, "{")]
    [InlineData(JwkFault.NotAJsonObject, "{} {}")]
    [InlineData(JwkFault.NotAJsonObject, "{\"kid\":\"\\ud800\"}")]
    [InlineData(JwkFault.KeyTypeUnsupported, "{}")]
    [InlineData(JwkFault.KeyTypeUnsupported, """{"kty":1}""")]
    [InlineData(JwkFault.KeyTypeUnsupported, """{"kty":"ec"}""")]
    [InlineData(JwkFault.KeyTypeUnsupported, """{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}""")]
    [InlineData(JwkFault.KeyTypeUnsupported, """{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}""")]
    [InlineData(JwkFault.PrivateMember, """{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko"}""")]
    [InlineData(JwkFault.DuplicateMember, """{"kty":"EC","kty":"EC"}""")]
    [InlineData(JwkFault.DuplicateMember, """{"kty":"EC","k\u0074y":"EC"}""")]
    [InlineData(JwkFault.DuplicateMember, """{"kty":"EC","x":{"a":1,"a":2}}""")]
    [InlineData(JwkFault.CurveUnsupported, """{"kty":"EC"}""")]
    [InlineData(JwkFault.CurveUnsupported, """{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}""")]
    [InlineData(JwkFault.CurveUnsupported, """{"kty":"EC","crv":"p-256","x":"AA","y":"AA"}""")]
    [InlineData(JwkFault.MemberInvalid, """{"kty":"EC","crv":"P-256","x":"AA"}""")]
    [InlineData(JwkFault.MemberInvalid, """{"kty":"EC","crv":"P-256","x":"AA","y":7}""")]
    [InlineData(JwkFault.MemberInvalid, """{"kty":"EC","crv":"P-256","x":"AA==","y":"AA"}""")]
    [InlineData(JwkFault.AlgMissing, """{"kty":"RSA","n":"AA","e":"AQAB"}""")]
    [InlineData(JwkFault.AlgMismatch, """{"kty":"RSA","n":"AA","e":"AQAB","alg":"HS256"}""")]
    [InlineData(JwkFault.AlgMismatch, """{"kty":"RSA","n":"AA","e":"AQAB","alg":"ES256"}""")]
    [InlineData(JwkFault.AlgMismatch, """{"kty":"RSA","n":"AA","e":"AQAB","alg":"rs256"}""")]
    [InlineData(JwkFault.AlgMismatch, """{"kty":"RSA","n":"AA","e":"AQAB","alg":["RS256"]}""")]
    [InlineData(JwkFault.MemberInvalid, """{"kty":"RSA","n":"AA","alg":"RS256"}""")]
    [InlineData(JwkFault.ModulusInvalid, """{"kty":"RSA","n":"","e":"AQAB","alg":"RS256"}""")]
    [InlineData(JwkFault.ModulusInvalid, """{"kty":"RSA","n":"AAE","e":"AQAB","alg":"RS256"}""")]
    [InlineData(JwkFault.ModulusSize, """{"kty":"RSA","n":"Aw","e":"AQAB","alg":"RS256"}""")]
    public void A_key_that_cannot_be_used_is_refused_with_its_reason(JwkFault expected, string json)
    {
        Assert.Null(JsonWebKey.ParsePublic(json, out var fault));
        Assert.Equal(expected, fault);
    }

    [Theory]
    [InlineData(JwkFault.AlgMismatch, "\"alg\":\"ES384\"")]
    [InlineData(JwkFault.AlgMismatch, "\"alg\":\"HS256\"")]
    [InlineData(JwkFault.AlgMismatch, "\"alg\":null")]
    [InlineData(JwkFault.UseNotSignature, "\"use\":\"enc\"")]
    [InlineData(JwkFault.UseNotSignature, "\"use\":1")]
    [InlineData(JwkFault.UseNotSignature, "\"key_ops\":[\"sign\"]")]
    [InlineData(JwkFault.UseNotSignature, "\"key_ops\":[]")]
    [InlineData(JwkFault.UseNotSignature, "\"key_ops\":\"verify\"")]
    [InlineData(JwkFault.KidInvalid, "\"kid\":\"\"")]
    [InlineData(JwkFault.KidInvalid, "\"kid\":5")]
    [InlineData(JwkFault.KidInvalid, "\"kid\":null")]
    [InlineData(JwkFault.KidInvalid, "\"kid\":\"a\\nb\"")]
    [InlineData(JwkFault.KidInvalid, "\"kid\":\"schl\u00fcssel\"")]
    [InlineData(JwkFault.PrivateMember, "\"d\":\"AA\"")]
    [InlineData(JwkFault.PrivateMember, "\"d\":null")]
    [InlineData(JwkFault.PrivateMember, "\"\\u0064\":\"AA\"")]
    [InlineData(JwkFault.PrivateMember, "\"p\":\"AA\"")]
    [InlineData(JwkFault.PrivateMember, "\"q\":\"AA\"")]
    [InlineData(JwkFault.PrivateMember, "\"dp\":\"AA\"")]
    [InlineData(JwkFault.PrivateMember, "\"dq\":\"AA\"")]
    [InlineData(JwkFault.PrivateMember, "\"qi\":\"AA\"")]
    [InlineData(JwkFault.PrivateMember, "\"oth\":[]")]
    [InlineData(JwkFault.PrivateMember, "\"priv\":\"AA\"")]
    public void A_good_key_with_one_bad_member_is_refused(JwkFault expected, string member)
    {
        Assert.Null(JsonWebKey.ParsePublic(Ec(X, Y, member), out var fault));
        Assert.Equal(expected, fault);
    }

    [Fact]
    public void The_key_identifier_has_a_bound()
    {
        Assert.NotNull(JsonWebKey.ParsePublic(Ec(X, Y, $"\"kid\":\"{new string('k', 128)}\""), out _));
        Assert.Null(JsonWebKey.ParsePublic(Ec(X, Y, $"\"kid\":\"{new string('k', 129)}\""), out var fault));
        Assert.Equal(JwkFault.KidInvalid, fault);
    }

    [Fact]
    public void A_key_of_excessive_length_is_refused_before_it_is_read()
    {
        Assert.Null(JsonWebKey.ParsePublic(Ec(X, Y, $"\"x5c\":\"{new string('A', 17_000)}\""), out var fault));
        Assert.Equal(JwkFault.TooLarge, fault);
    }

    [Fact]
    public void Coordinates_of_another_length_are_refused()
    {
        var x = Base64UrlText.Decode(X, 32)!;
        foreach (var wrong in new byte[][] { x[..31], [0, .. x], [], new byte[64] })
        {
            Assert.Null(JsonWebKey.ParsePublic(Ec(Base64UrlText.Encode(wrong), Y), out var fault));
            Assert.Equal(JwkFault.CoordinateLength, fault);
        }
    }

    [Fact]
    public void A_point_off_the_curve_is_refused() => Gen.Int[0, 63].Select(Gen.Int[1, 255]).Sample((at, change) =>
    {
        var point = (byte[])[.. Base64UrlText.Decode(X, 32)!, .. Base64UrlText.Decode(Y, 32)!];
        point[at] ^= (byte)change;

        Assert.Null(JsonWebKey.ParsePublic(Ec(Base64UrlText.Encode(point.AsSpan(0, 32)), Base64UrlText.Encode(point.AsSpan(32))), out var fault));
        Assert.Equal(JwkFault.NotOnCurve, fault);
    });

    [Fact]
    public void A_coordinate_that_is_not_reduced_is_refused()
    {
        // x = 0 is on P-256: y² = b. Its second spelling is x = p.
        var p = BigInteger.Pow(2, 256) - BigInteger.Pow(2, 224) + BigInteger.Pow(2, 192) + BigInteger.Pow(2, 96) - 1;
        var b = BigInteger.Parse("05ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", System.Globalization.NumberStyles.HexNumber);
        var y = BigInteger.ModPow(b, (p + 1) / 4, p);

        Assert.NotNull(JsonWebKey.ParsePublic(Ec(Coordinate(0), Coordinate(y)), out _));
        Assert.Null(JsonWebKey.ParsePublic(Ec(Coordinate(p), Coordinate(y)), out var fault));
        Assert.Equal(JwkFault.NotOnCurve, fault);
    }

    [Theory]
    [InlineData(256, "P-256", "ES256", true)]
    [InlineData(384, "P-384", "ES384", false)]
    [InlineData(521, "P-521", "ES512", false)]
    public void A_generated_key_is_read_back_and_the_costly_curves_are_not_allowed_by_default(int bits, string curve, string alg, bool allowed)
    {
        using var pair = ECDsa.Create(bits switch
        {
            256 => ECCurve.NamedCurves.nistP256,
            384 => ECCurve.NamedCurves.nistP384,
            _ => ECCurve.NamedCurves.nistP521,
        });

        var key = JsonWebKey.From(pair, "mine");

        Assert.Equal(("EC", curve, alg, "mine", bits, allowed), (key.KeyType, key.Curve, key.Alg, key.Kid, key.Bits, key.IsAllowed));
        Assert.Equal(key, Parse(key.ToJson()));
    }

    [Fact]
    public void An_rsa_pair_is_read_back_and_its_size_is_bounded()
    {
        using var small = RSA.Create(1024);
        using var usual = RSA.Create(2048);
        var key = JsonWebKey.From(usual, JoseAlg.PS256);

        Assert.Equal(key, Parse(key.ToJson()));
        Assert.Equal(key.Thumbprint, key.Kid);
        Assert.Throws<ArgumentException>(() => JsonWebKey.From(small, JoseAlg.PS256));
        Assert.Throws<ArgumentException>(() => JsonWebKey.From(usual, JoseAlg.ES256));
    }

    [Theory]
    [InlineData(2048 / 8, 0x80, JwkFault.None, true)]
    [InlineData(2048 / 8, 0x7f, JwkFault.ModulusSize, false)]
    [InlineData(3072 / 8, 0x80, JwkFault.None, true)]
    [InlineData(3072 / 8 + 1, 0x01, JwkFault.None, false)]
    [InlineData(4096 / 8, 0xff, JwkFault.None, false)]
    [InlineData(4096 / 8 + 1, 0x01, JwkFault.ModulusSize, false)]
    public void The_size_of_a_modulus_is_counted_in_bits(int length, byte top, JwkFault expected, bool allowed)
    {
        var modulus = new byte[length];
        (modulus[0], modulus[^1]) = (top, 1);

        var key = JsonWebKey.ParsePublic(Rsa(modulus, [1, 0, 1]), out var fault);

        Assert.Equal((expected, allowed), (fault, key?.IsAllowed ?? false));
    }

    [Theory]
    [InlineData(new byte[] { 3 })]
    [InlineData(new byte[] { 0, 1, 0, 1 })]
    [InlineData(new byte[] { 1, 0, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 1 })]
    [InlineData(new byte[] { })]
    public void An_unusual_exponent_is_refused(byte[] exponent)
    {
        Assert.Null(JsonWebKey.ParsePublic(Rsa(Base64UrlText.Decode(Rfc7638Modulus, 256)!, exponent), out var fault));
        Assert.Equal(JwkFault.ExponentInvalid, fault);
    }

    [Fact]
    public void The_public_text_has_the_key_and_its_names_and_nothing_private()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = pair.ExportParameters(false).Q;

        Assert.Equal(
            $$"""{"kty":"EC","crv":"P-256","x":"{{Base64UrlText.Encode(point.X)}}","y":"{{Base64UrlText.Encode(point.Y)}}","kid":"k","use":"sig","alg":"ES256"}""",
            JsonWebKey.From(pair, "k").ToJson());
    }

    [Fact]
    public void A_set_is_read_back()
    {
        using var one = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var two = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        JsonWebKey[] keys = [JsonWebKey.From(one, "1"), JsonWebKey.From(two, "2")];

        var read = JsonWebKeySet.ParsePublic(JsonWebKeySet.ToUtf8Json(keys), out var fault);

        Assert.Equal(JwkFault.None, fault);
        Assert.Equal(keys, read!.Value);
    }

    [Fact]
    public void A_set_of_no_use_is_refused_with_its_reason()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = JsonWebKey.From(pair, "1").ToJson();

        Assert.Equal(JwkFault.SetInvalid, SetFault("{}"));
        Assert.Equal(JwkFault.SetInvalid, SetFault("""{"keys":{}}"""));
        Assert.Equal(JwkFault.SetInvalid, SetFault("""{"keys":[]}"""));
        Assert.Equal(JwkFault.SetInvalid, SetFault($$"""{"keys":[{{string.Join(',', Enumerable.Repeat("{}", 17))}}]}"""));
        Assert.Equal(JwkFault.NotAJsonObject, SetFault("""{"keys":[1]}"""));
        Assert.Equal(JwkFault.KeyTypeUnsupported, SetFault($$"""{"keys":[{{key}},{}]}"""));
        Assert.Equal(JwkFault.DuplicateKey, SetFault($$"""{"keys":[{{key}},{{JsonWebKey.From(pair, "2").ToJson()}}]}"""));
        Assert.Equal(JwkFault.DuplicateKey, SetFault($$"""{"keys":[{{key}},{{JsonWebKey.From(other, "1").ToJson()}}]}"""));
        Assert.Equal(JwkFault.DuplicateMember, SetFault("""{"keys":[],"keys":[]}"""));
        Assert.Equal(JwkFault.TooLarge, SetFault(new string(' ', JsonWebKeySet.MaxBytes + 1)));
    }

    private static JwkFault SetFault(string json)
    {
        Assert.Null(JsonWebKeySet.ParsePublic(Encoding.UTF8.GetBytes(json), out var fault));
        return fault;
    }

    private static JsonWebKey Parse(string json)
    {
        var key = JsonWebKey.ParsePublic(json, out var fault);
        Assert.Equal(JwkFault.None, fault);
        return key!;
    }

    private static string Ec(string x, string y, string? member = null) =>
        $$"""{"kty":"EC","crv":"P-256","x":"{{x}}","y":"{{y}}"{{(member is null ? "" : "," + member)}}}""";

    private static string Rsa(byte[] modulus, byte[] exponent) => JsonSerializer.Serialize(new
    {
        kty = "RSA",
        n = Base64UrlText.Encode(modulus),
        e = Base64UrlText.Encode(exponent),
        alg = "RS256",
    });

    private static string Coordinate(BigInteger value)
    {
        var bytes = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        return Base64UrlText.Encode([.. new byte[32 - bytes.Length], .. bytes]);
    }
}
