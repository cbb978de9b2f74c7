using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Assay.Client.Events;

namespace Assay.Client.Tests.Events;

/// <summary>Which security event tokens are believed.</summary>
public sealed class SetReaderTests : IDisposable
{
    private const string Issuer = "https://id.example";
    private const string Revoked = Transmitter.SessionRevoked;

    private readonly ECDsa signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose() => signer.Dispose();

    [Fact]
    public void An_event_of_the_issuer_for_this_client_is_taken_with_what_it_says()
    {
        var read = Read(Signed.Set(Claims(), signer, "key-1"));

        var happened = Assert.IsType<SetResult.Taken>(read).Event;
        Assert.Equal(("set-1", Revoked, 1_700_000_005, "exporter", (string?)null, false), (happened.Id, happened.Type, happened.Time.ToUnixTimeSeconds(), happened.Subject, happened.TokenId, happened.ConcernsEverybody));
        Assert.Equal("""{"event_timestamp":1700000005}""", happened.Details.GetRawText());
    }

    [Theory]
    [InlineData("""{"format":"jwt_id","iss":"https://id.example","jti":"t-1"}""", null, "t-1", false)]
    [InlineData("""{"format":"complex","tenant":{"format":"opaque","id":"default"}}""", null, null, true)]
    [InlineData("""{"format":"opaque","id":"stream-1"}""", null, null, false)]
    [InlineData("""{"format":"iss_sub","iss":"https://other.example","sub":"exporter"}""", null, null, false)]
    [InlineData("""{"format":"jwt_id","iss":"https://other.example","jti":"t-1"}""", null, null, false)]
    public void What_it_is_about_is_read_by_the_format_of_its_subject_and_only_of_this_issuer(string subject, string? identity, string? token, bool everybody)
    {
        var read = Read(Signed.Set(Claims(claims => claims["sub_id"] = JsonNode.Parse(subject)), signer, "key-1"));

        var happened = Assert.IsType<SetResult.Taken>(read).Event;
        Assert.Equal((identity, token, everybody), (happened.Subject, happened.TokenId, happened.ConcernsEverybody));
    }

    /// <summary>RFC 8417 §2.2, SSF 1.0 §4.1, RFC 7515 §4.1.11; codes of RFC 8935 §2.4.</summary>
    [Theory]
    [InlineData("iss", "\"https://other.example\"", "invalid_issuer")]
    [InlineData("iss", "\"https://id.example/\"", "invalid_issuer")]
    [InlineData("aud", "\"somebody\"", "invalid_audience")]
    [InlineData("aud", "[\"somebody\"]", "invalid_audience")]
    [InlineData("aud", "7", "invalid_audience")]
    [InlineData("aud", null, "invalid_audience")]
    [InlineData("sub", "\"exporter\"", "invalid_request")]
    [InlineData("exp", "4000000000", "invalid_request")]
    [InlineData("jti", "\"set-2\"", "invalid_request")]
    [InlineData("jti", null, "invalid_request")]
    [InlineData("iat", null, "invalid_request")]
    [InlineData("iat", "\"now\"", "invalid_request")]
    [InlineData("iat", "-1", "invalid_request")]
    [InlineData("iat", "9e30", "invalid_request")]
    [InlineData("sub_id", null, "invalid_request")]
    [InlineData("sub_id", "\"exporter\"", "invalid_request")]
    [InlineData("events", null, "invalid_request")]
    [InlineData("events", "{}", "invalid_request")]
    [InlineData("events", "[]", "invalid_request")]
    [InlineData("events", """{"a":{},"b":{}}""", "invalid_request")]
    [InlineData("events", """{"a":1}""", "invalid_request")]
    public void Claims_that_are_not_an_events_are_refused(string claim, string? value, string error)
    {
        var token = Signed.Set(
            Claims(claims =>
            {
                if (value is null)
                    claims.Remove(claim);
                else
                    claims[claim] = JsonNode.Parse(value);
            }),
            signer,
            "key-1");

        Assert.Equal(error, Assert.IsType<SetResult.Refused>(Read(token)).Error);
    }

    [Theory]
    [InlineData("""{"alg":"ES256","typ":"at+jwt","kid":"key-1"}""", "invalid_request")]
    [InlineData("""{"alg":"ES256","kid":"key-1"}""", "invalid_request")]
    [InlineData("""{"alg":"ES256","typ":"secevent+jwt"}""", "invalid_request")]
    [InlineData("""{"alg":"ES256","typ":"secevent+jwt","kid":"key-1","crit":["b64"],"b64":false}""", "invalid_request")]
    [InlineData("""{"alg":"ES256","alg":"none","typ":"secevent+jwt","kid":"key-1"}""", "invalid_request")]
    [InlineData("""{"alg":"none","typ":"secevent+jwt","kid":"key-1"}""", "authentication_failed")]
    [InlineData("""{"alg":"HS256","typ":"secevent+jwt","kid":"key-1"}""", "authentication_failed")]
    [InlineData("""{"alg":"ES384","typ":"secevent+jwt","kid":"key-1"}""", "authentication_failed")]
    [InlineData("""{"alg":"RS256","typ":"secevent+jwt","kid":"key-1"}""", "authentication_failed")]
    [InlineData("""{"typ":"secevent+jwt","kid":"key-1"}""", "authentication_failed")]
    [InlineData("""[]""", "invalid_request")]
    [InlineData("""nothing""", "invalid_request")]
    public void A_header_that_is_not_an_events_or_names_an_algorithm_that_is_not_the_keys_is_refused(string header, string error)
    {
        var token = Signed.Compact(header, Claims().ToJsonString(), input => signer.SignData(input, HashAlgorithmName.SHA256));

        Assert.Equal(error, Assert.IsType<SetResult.Refused>(Read(token)).Error);
    }

    [Fact]
    public void Twice_the_same_claim_is_refused()
    {
        var claims = Claims().ToJsonString();
        var token = Signed.Compact(
            """{"alg":"ES256","typ":"secevent+jwt","kid":"key-1"}""", claims[..^1] + ""","aud":"exporter"}""", input => signer.SignData(input, HashAlgorithmName.SHA256));

        Assert.Equal("invalid_request", Assert.IsType<SetResult.Refused>(Read(token)).Error);
    }

    [Fact]
    public void Whatever_was_changed_on_the_way_is_refused()
    {
        var token = Signed.Set(Claims(), signer, "key-1");
        var other = Signed.Set(Claims(claims => claims["sub_id"]!["sub"] = "another"), signer, "key-1");
        var swapped = string.Join('.', token.Split('.')[0], other.Split('.')[1], token.Split('.')[2]);

        Assert.Equal("authentication_failed", Assert.IsType<SetResult.Refused>(Read(swapped)).Error);
        foreach (var broken in new[] { "", "a.b", token + ".x", token + "=", token.Replace(".", ". ", StringComparison.Ordinal), token[..token.LastIndexOf('.')] + ".", new string('x', 40_000) })
            Assert.Equal("invalid_request", Assert.IsType<SetResult.Refused>(Read(broken)).Error);
        Assert.IsType<SetResult.Refused>(Read(null));
    }

    [Fact]
    public void A_key_that_is_not_known_is_said_to_be_unknown() => Assert.IsType<SetResult.UnknownKey>(Read(Signed.Set(Claims(), signer, "key-2")));

    [Theory]
    [InlineData("ES256", "key-1"), InlineData("ES384", "p384"), InlineData("RS256", "rsa"), InlineData("PS256", "rsa")]
    public void Each_kind_of_key_verifies_its_own_algorithms_and_no_others(string algorithm, string keyId)
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);
        var input = Encoding.ASCII.GetBytes("header.claims");
        var signature = algorithm switch
        {
            "ES256" => signer.SignData(input, HashAlgorithmName.SHA256),
            "ES384" => p384.SignData(input, HashAlgorithmName.SHA384),
            "RS256" => rsa.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            _ => rsa.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        };
        using var key = Parse(keyId switch { "p384" => Signed.Key(p384, keyId, null), "rsa" => Signed.Key(rsa, keyId), _ => Signed.Key(signer, keyId) })!;

        var verifying = new[] { "ES256", "ES384", "ES512", "RS256", "PS256", "HS256", "none", null }.Where(named => key.Verifies(named, input, signature));

        Assert.Equal([algorithm], verifying);
        Assert.False(key.Verifies(algorithm, input, signature.AsSpan(1)));
    }

    [Theory]
    [InlineData("""{"kty":"EC","crv":"P-256","kid":"k","x":"AA","y":"AA"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","kid":"k"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","kid":"k","x":"!","y":"!"}""")]
    [InlineData("""{"kty":"EC","crv":"secp256k1","kid":"k","x":"AA","y":"AA"}""")]
    [InlineData("""{"kty":"oct","kid":"k","k":"AA"}""")]
    [InlineData("""{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","kid":"k"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256"}""")]
    public void What_is_no_key_to_verify_with_is_passed_over(string json) => Assert.Null(Parse(json));

    [Fact]
    public void A_key_for_encryption_or_another_algorithm_verifies_nothing()
    {
        Assert.Null(Parse(Signed.Key(signer, "k").Replace("\"sig\"", "\"enc\"", StringComparison.Ordinal)));
        Assert.Null(Parse(Signed.Key(signer, "k", "ECDH-ES")));
    }

    private static VerificationKey? Parse(string json) => VerificationKey.Read(JsonSerializer.Deserialize(json, EventJson.Default.KeyJson));

    private SetResult Read(string? token)
    {
        using var key = Parse(Signed.Key(signer, "key-1"))!;
        return new SetReader(Issuer, "exporter").Read("set-1", token, id => id == key.Id ? key : null);
    }

    private static JsonObject Claims(Action<JsonObject>? change = null)
    {
        var claims = new JsonObject
        {
            ["iss"] = Issuer, ["jti"] = "set-1", ["iat"] = 1_700_000_009, ["aud"] = "exporter", ["txn"] = "1",
            ["sub_id"] = new JsonObject { ["format"] = "iss_sub", ["iss"] = Issuer, ["sub"] = "exporter" },
            ["events"] = new JsonObject { [Revoked] = new JsonObject { ["event_timestamp"] = 1_700_000_005 } },
        };
        change?.Invoke(claims);
        return claims;
    }
}
