using System.Text.Json.Nodes;
using Assay.Core.Jose;
using CsCheck;

namespace Assay.Core.Tests.Jose;

public sealed class ClientAssertionClaimsTests
{
    private const string Good =
        """{"iss":"exporter","sub":"exporter","aud":"https://id.example","exp":1764000060,"iat":1764000000,"nbf":1763999999,"jti":"j1"}""";

    [Fact]
    public void All_claims_are_read()
    {
        var claims = Read(Good);

        Assert.Equal(
            ("exporter", "exporter", new NumericDate(1764000060), new NumericDate(1764000000), new NumericDate(1763999999), "j1"),
            (claims.Issuer, claims.Subject, claims.Expires, claims.IssuedAt, claims.NotBefore!.Value, claims.JwtId));
        Assert.Equal(["https://id.example"], claims.Audience);
    }

    [Theory]
    [InlineData(ClaimsFault.IssMissing, "iss")]
    [InlineData(ClaimsFault.SubMissing, "sub")]
    [InlineData(ClaimsFault.AudMissing, "aud")]
    [InlineData(ClaimsFault.ExpMissing, "exp")]
    [InlineData(ClaimsFault.IatMissing, "iat")]
    [InlineData(ClaimsFault.JtiMissing, "jti")]
    public void Every_claim_but_nbf_is_required(ClaimsFault expected, string claim)
    {
        var json = JsonNode.Parse(Good)!.AsObject();
        json.Remove(claim);

        Assert.Equal(expected, Fault(json.ToJsonString()));
    }

    [Fact]
    public void Nbf_may_be_absent()
    {
        var json = JsonNode.Parse(Good)!.AsObject();
        json.Remove("nbf");

        Assert.Null(Read(json.ToJsonString()).NotBefore);
    }

    [Theory]
    [InlineData(ClaimsFault.IssInvalid, "iss", "1")]
    [InlineData(ClaimsFault.IssInvalid, "iss", "\"\"")]
    [InlineData(ClaimsFault.IssInvalid, "iss", "null")]
    [InlineData(ClaimsFault.SubInvalid, "sub", "[\"exporter\"]")]
    [InlineData(ClaimsFault.SubInvalid, "sub", "true")]
    [InlineData(ClaimsFault.AudInvalid, "aud", "[]")]
    [InlineData(ClaimsFault.AudInvalid, "aud", "\"\"")]
    [InlineData(ClaimsFault.AudInvalid, "aud", "{}")]
    [InlineData(ClaimsFault.AudInvalid, "aud", "null")]
    [InlineData(ClaimsFault.AudInvalid, "aud", "[\"a\",1]")]
    [InlineData(ClaimsFault.AudInvalid, "aud", "[[\"a\"]]")]
    [InlineData(ClaimsFault.AudInvalid, "aud", "[\"\"]")]
    [InlineData(ClaimsFault.AudInvalid, "aud", "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]")]
    [InlineData(ClaimsFault.ExpInvalid, "exp", "\"1764000060\"")]
    [InlineData(ClaimsFault.ExpInvalid, "exp", "null")]
    [InlineData(ClaimsFault.ExpInvalid, "exp", "-1")]
    [InlineData(ClaimsFault.ExpInvalid, "exp", "253402300800")]
    [InlineData(ClaimsFault.ExpInvalid, "exp", "1e300")]
    [InlineData(ClaimsFault.IatInvalid, "iat", "[]")]
    [InlineData(ClaimsFault.IatInvalid, "iat", "true")]
    [InlineData(ClaimsFault.NbfInvalid, "nbf", "\"now\"")]
    [InlineData(ClaimsFault.NbfInvalid, "nbf", "null")]
    [InlineData(ClaimsFault.JtiInvalid, "jti", "1")]
    [InlineData(ClaimsFault.JtiInvalid, "jti", "\"\"")]
    public void A_claim_of_the_wrong_type_is_refused(ClaimsFault expected, string claim, string value)
    {
        var json = JsonNode.Parse(Good)!.AsObject();
        json[claim] = JsonNode.Parse(value);

        Assert.Equal(expected, Fault(json.ToJsonString()));
    }

    [Fact]
    public void Texts_have_bounds()
    {
        Assert.Equal(ClaimsFault.None, Fault(Good.Replace("\"j1\"", $"\"{new string('j', 256)}\"")));
        Assert.Equal(ClaimsFault.JtiInvalid, Fault(Good.Replace("\"j1\"", $"\"{new string('j', 257)}\"")));
        Assert.Equal(ClaimsFault.IssInvalid, Fault(Good.Replace("\"iss\":\"exporter\"", $"\"iss\":\"{new string('i', 513)}\"")));
        Assert.Equal(ClaimsFault.AudInvalid, Fault(Good.Replace("https://id.example", new string('a', 2049))));
    }

    [Fact]
    public void Other_claims_are_passed_over_whatever_they_hold() =>
        Assert.Equal("j1", Read(Good.Replace("{\"iss\"", """{"x":{"iss":"evil","aud":[1]},"y":[{"jti":"evil"}],"iss" """)).JwtId);

    [Fact]
    public void Names_and_values_may_be_escaped() =>
        Assert.Equal("exporter", Read(Good.Replace("\"iss\":\"exporter\"", "\"\\u0069ss\":\"\\u0065xporter\"")).Issuer);

    [Theory]
    [InlineData("\"https://id.example\"", true)]
    [InlineData("[\"https://id.example\"]", true)]
    [InlineData("[\"https://id.example\",\"https://other.example\"]", false)]
    [InlineData("[\"https://id.example\",\"https://id.example\"]", false)]
    [InlineData("\"https://id.example/\"", false)]
    [InlineData("\"https://ID.example\"", false)]
    [InlineData("\"https://id.example/oauth/token\"", false)]
    public void The_issuer_must_be_the_only_audience(string audience, bool expected) =>
        Assert.Equal(expected, Read(Good.Replace("\"https://id.example\"", audience)).IsAddressedOnlyTo("https://id.example"));

    [Theory]
    [InlineData("1764000060.5", "2025-11-24T16:01:00.5Z")]
    [InlineData("1764000060.123456789", "2025-11-24T16:01:00.1234567Z")]
    [InlineData("1.76400006e9", "2025-11-24T16:01:00Z")]
    [InlineData("0", "1970-01-01T00:00:00Z")]
    [InlineData("253402300799", "9999-12-31T23:59:59Z")]
    public void Dates_may_be_fractional(string number, string expected) =>
        Assert.Equal(DateTimeOffset.Parse(expected, null), Read(Good.Replace("1764000060", number)).Expires.ToDateTimeOffset());

    [Fact]
    public void A_date_survives_the_round_trip_and_keeps_its_order() =>
        Gen.Long[0, 2_534_023_007_990_000_000].Select(Gen.Long[0, 2_534_023_007_990_000_000]).Sample((a, b) =>
        {
            var (one, two) = (DateTimeOffset.UnixEpoch.AddTicks(a / 10), DateTimeOffset.UnixEpoch.AddTicks(b / 10));
            Assert.Equal(one, NumericDate.From(one).ToDateTimeOffset());
            Assert.Equal(one < two, NumericDate.From(one) < NumericDate.From(two));
        });

    private static ClientAssertionClaims Read(string payload)
    {
        Assert.True(ClientAssertionClaims.TryRead(Parse(payload), out var claims, out var fault), fault.ToString());
        return claims;
    }

    private static ClaimsFault Fault(string payload)
    {
        Assert.Equal(ClientAssertionClaims.TryRead(Parse(payload), out var claims, out var fault), claims is not null);
        return fault;
    }

    private static CompactJws Parse(string payload)
    {
        Assert.True(CompactJws.TryParse(Jws.Text(Jws.Header, payload), out var jws, out var fault), fault.ToString());
        return jws;
    }
}
