using System.Security.Cryptography;
using System.Text;
using Assay.Core.Jose;
using CsCheck;

namespace Assay.Core.Tests.Jose;

public sealed class SignatureVerifierTests : IDisposable
{
    private const string Payload = """{"iss":"joe"}""";

    private readonly ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly RSA rsa = RSA.Create(2048);

    public void Dispose()
    {
        ec.Dispose();
        rsa.Dispose();
    }

    [Fact]
    public void The_token_of_rfc_7515_appendix_A3_verifies()
    {
        var key = JsonWebKey.ParsePublic(
            """{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""", out _)!;
        const string token =
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
            + "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

        Assert.True(Verify(key, token));
        Assert.False(Verify(key, token.Replace("DtEh", "DtEi")));
    }

    [Fact]
    public void The_proofs_of_rfc_9449_and_of_the_attestation_draft_verify()
    {
        var dpop = JsonWebKey.ParsePublic(
            """{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}""", out _)!;
        var attested = JsonWebKey.ParsePublic(
            """{"kty":"EC","crv":"P-256","x":"VcKVNBZ4IaBAYW3jxM4w3TJFVA7myeUGQyGt-g_yvpQ","y":"f-E-hYE3TAWKwhVv9pej9NABs9SX9XsNO80x57jFTyU"}""", out _)!;

        Assert.True(Verify(
            dpop,
            "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"));
        Assert.True(Verify(
            attested,
            "eyJ0eXAiOiJvYXV0aC1jbGllbnQtYXR0ZXN0YXRpb24tcG9wK2p3dCIsImFsZyI6IkVTMjU2In0.eyJhdWQiOiJodHRwczovL2FzLmV4YW1wbGUuY29tIiwianRpIjoiZDI1ZDAwYWItNTUyYi00NmZjLWFlMTktOThmNDQwZjI1MDY0IiwiaWF0IjoxNzcyNDg3NTk1LCJjaGFsbGVuZ2UiOiI1YzFhOWUxMC0yOWZmLTRjMmItYWU3My01N2MwOTU3YzA5YzQifQ.M4Uc4rWVAqaLlmDDUXQKkKPbAQKj0JrTizLgWhZndmbkvM3VL8y-w_QJr7Z0HZlH94E64cLa8L5fSjJItYv0jg"));
    }

    [Fact]
    public void A_signature_is_verified_by_the_hash_of_what_it_is_over_alone()
    {
        var key = JsonWebKey.ParsePublic(
            """{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""", out _)!;
        var hash = SHA256.HashData("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"u8);
        var signature = Base64UrlText.Decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", 64)!; // RFC 7515, appendix A.3

        Assert.True(key.Verifier.VerifyHash(hash, signature));
        Assert.False(key.Verifier.VerifyHash(SHA256.HashData("something else"u8), signature));
        Assert.False(key.Verifier.VerifyHash(hash, new byte[64]));
        Assert.False(key.Verifier.VerifyHash(hash, signature.AsSpan(1)));
        Assert.False(key.Verifier.VerifyHash(hash.AsSpan(1), signature));
        Assert.False(JsonWebKey.From(rsa, JoseAlg.RS256).Verifier.VerifyHash(hash, signature));
    }

    [Fact]
    public void Each_algorithm_verifies_its_own_signatures_only()
    {
        var es256 = JsonWebKey.From(ec);
        var rs256 = JsonWebKey.From(rsa, JoseAlg.RS256);
        var ps256 = JsonWebKey.From(rsa, JoseAlg.PS256);
        var byEs256 = Jws.Signed(ec, """{"alg":"ES256"}""", Payload);
        var byRs256 = Jws.Signed(rsa, """{"alg":"RS256"}""", Payload, RSASignaturePadding.Pkcs1);
        var byPs256 = Jws.Signed(rsa, """{"alg":"PS256"}""", Payload, RSASignaturePadding.Pss);

        Assert.Equal([true, false, false], new[] { byEs256, byRs256, byPs256 }.Select(token => Verify(es256, token)));
        Assert.Equal([false, true, false], new[] { byEs256, byRs256, byPs256 }.Select(token => Verify(rs256, token)));
        Assert.Equal([false, false, true], new[] { byEs256, byRs256, byPs256 }.Select(token => Verify(ps256, token)));
    }

    [Fact]
    public void One_key_serves_one_algorithm_whatever_the_header_says()
    {
        // The signature is good, only the name is another one.
        Assert.False(Verify(JsonWebKey.From(rsa, JoseAlg.RS256), Jws.Signed(rsa, """{"alg":"PS256"}""", Payload, RSASignaturePadding.Pkcs1)));
        Assert.False(Verify(JsonWebKey.From(ec), Jws.Signed(ec, """{"alg":"ES384"}""", Payload)));
        Assert.False(Verify(JsonWebKey.From(ec), Jws.Signed(ec, """{"alg":"es256"}""", Payload)));
    }

    [Theory]
    [InlineData(384, "ES384")]
    [InlineData(521, "ES512")]
    public void The_larger_curves_verify_too(int bits, string alg)
    {
        using var key = ECDsa.Create(bits == 384 ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP521);
        var hash = bits == 384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA512;
        var input = Encoding.ASCII.GetBytes("input");
        var signature = key.SignData(input, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

        var verifier = JsonWebKey.From(key).Verifier;

        Assert.Equal(alg, verifier.Alg);
        Assert.True(verifier.Verify(input, signature));
        signature[5] ^= 1;
        Assert.False(verifier.Verify(input, signature));
    }

    [Fact]
    public void An_hmac_made_with_the_public_key_is_refused()
    {
        var header = """{"alg":"HS256"}""";
        var input = $"{Jws.Encode(header)}.{Jws.Encode(Payload)}";
        var forged = HMACSHA256.HashData(Encoding.ASCII.GetBytes(rsa.ExportSubjectPublicKeyInfoPem()), Encoding.ASCII.GetBytes(input));

        Assert.False(Verify(JsonWebKey.From(rsa, JoseAlg.RS256), Jws.Text(header, Payload, forged)));
        Assert.False(Verify(JsonWebKey.From(rsa, JoseAlg.RS256), Jws.Text("""{"alg":"RS256"}""", Payload, forged)));
    }

    [Fact]
    public void A_der_signature_is_refused_and_the_raw_one_of_the_same_content_accepted()
    {
        var key = JsonWebKey.From(ec);

        Assert.False(Verify(key, Jws.Signed(ec, Jws.Header, Payload, DSASignatureFormat.Rfc3279DerSequence)));
        Assert.True(Verify(key, Jws.Signed(ec, Jws.Header, Payload)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(65)]
    [InlineData(128)]
    [InlineData(256)]
    public void A_signature_of_another_length_is_refused(int length)
    {
        var verifier = JsonWebKey.From(ec).Verifier;
        var good = ec.SignData("input"u8, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        var cut = new byte[length];
        good.AsSpan(0, Math.Min(length, good.Length)).CopyTo(cut);

        Assert.False(verifier.Verify("input"u8, cut));
    }

    [Fact]
    public void Zero_and_oversized_halves_of_a_signature_are_refused()
    {
        var verifier = JsonWebKey.From(ec).Verifier;
        var all = new byte[64];
        Assert.False(verifier.Verify("input"u8, all)); // r = s = 0, accepted by some implementations of 2022
        all.AsSpan().Fill(0xff);
        Assert.False(verifier.Verify("input"u8, all));
        all.AsSpan(0, 32).Clear();
        Assert.False(verifier.Verify("input"u8, all));
    }

    [Fact]
    public void An_rsa_signature_larger_than_the_modulus_is_refused()
    {
        var signature = new byte[256];
        signature.AsSpan().Fill(0xff);

        Assert.False(JsonWebKey.From(rsa, JoseAlg.RS256).Verifier.Verify("input"u8, signature));
        Assert.False(JsonWebKey.From(rsa, JoseAlg.PS256).Verifier.Verify("input"u8, signature));
    }

    [Fact]
    public void Changing_any_character_of_a_valid_token_makes_it_worthless()
    {
        var key = JsonWebKey.From(ec);
        var token = Encoding.ASCII.GetBytes(Jws.Signed(ec, Jws.Header, """{"iss":"joe","sub":"joe","n":[1,2,3]}"""));

        Gen.Int[0, token.Length - 1].Select(Gen.Byte[1, 255]).Sample((at, change) =>
        {
            var changed = token.ToArray();
            changed[at] ^= change;
            Assert.False(CompactJws.TryParse(changed, out var jws, out _) && key.Verifier.Verify(jws));
        });
    }

    [Fact]
    public void Cutting_or_lengthening_a_valid_token_makes_it_worthless()
    {
        var key = JsonWebKey.From(ec);
        var token = Jws.Signed(ec, Jws.Header, Payload);
        Assert.True(Verify(key, token));

        for (var length = 0; length < token.Length; length++)
            Assert.False(CompactJws.TryParse(token[..length], out var jws, out _) && key.Verifier.Verify(jws));
        foreach (var tail in new[] { "A", "AA", "AAAA", ".", "=", " ", "\n" })
            Assert.False(CompactJws.TryParse(token + tail, out var jws, out _) && key.Verifier.Verify(jws));
    }

    [Fact]
    public void Another_key_does_not_verify()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.False(Verify(JsonWebKey.From(other), Jws.Signed(ec, Jws.Header, Payload)));
    }

    [Fact]
    public void One_verifier_serves_many_threads()
    {
        var verifier = JsonWebKey.From(ec).Verifier;
        var good = ec.SignData("input"u8, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        var wrong = 0;

        Parallel.For(0, 400, i =>
        {
            if (verifier.Verify(i % 2 == 0 ? "input"u8 : "other"u8, good) != (i % 2 == 0))
                Interlocked.Increment(ref wrong);
        });

        Assert.Equal(0, wrong);
    }

    private static bool Verify(JsonWebKey key, string token)
    {
        Assert.True(CompactJws.TryParse(token, out var jws, out var fault), fault.ToString());
        return key.Verifier.Verify(jws);
    }
}
