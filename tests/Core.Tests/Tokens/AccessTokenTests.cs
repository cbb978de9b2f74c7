using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Assay.Core.Jose;
using Assay.Core.StatusLists;
using Assay.Core.Tokens;

namespace Assay.Core.Tests.Tokens;

public sealed class AccessTokenTests
{
    private static readonly AccessTokenClaims Claims = new(
        "https://issuer.example", "exporter", "https://payments.example", ["list", "pay"], DateTimeOffset.FromUnixTimeSeconds(1_000), TimeSpan.FromSeconds(300));

    [Fact]
    public void A_token_of_ours_is_read_back()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var writer = new JwtWriter();
        Claims.WriteTo(writer.Claims, "jti-1"u8, "sealed"u8, new StatusReference(new StatusListAddress("a", "https://issuer.example/status-lists/a"), 7));
        writer.Seal(new JwsHeaderSegment(JoseAlg.ES256, JoseType.AccessToken, "kid-1"));
        Assert.True(writer.TrySign(key));

        Assert.True(CompactJws.TryParse(writer.TokenMemory, out var jws, out _));
        Assert.True(AccessToken.TryRead(jws, out var token));

        Assert.Equal(
            new AccessToken("https://issuer.example", "exporter", "exporter", "https://payments.example", "list pay", 1_000, 1_300, "jti-1", "kid-1", "sealed"), token);
    }

    [Theory]
    [InlineData("iss"), InlineData("sub"), InlineData("client_id"), InlineData("aud"), InlineData("scope"), InlineData("jti"), InlineData("iat"), InlineData("exp")]
    [InlineData(Provenance.Claim)]
    public void Without_a_claim_or_with_one_of_another_type_it_is_none(string claim)
    {
        var claims = new JsonObject
        {
            ["iss"] = "i", ["sub"] = "s", ["client_id"] = "c", ["aud"] = "a", ["scope"] = "x", ["jti"] = "j", ["iat"] = 1, ["exp"] = 2, [Provenance.Claim] = "p",
        };
        Assert.True(AccessToken.TryRead(Parse("at+jwt", claims), out _));

        claims[claim] = new JsonArray("a");
        Assert.False(AccessToken.TryRead(Parse("at+jwt", claims), out _));
        claims.Remove(claim);
        Assert.False(AccessToken.TryRead(Parse("at+jwt", claims), out _));
    }

    [Theory]
    [InlineData("JWT"), InlineData("token-introspection+jwt"), InlineData("client-authentication+jwt")]
    public void A_token_of_another_type_is_none(string typ) => Assert.False(AccessToken.TryRead(
        Parse(typ, new JsonObject { ["iss"] = "i", ["sub"] = "s", ["client_id"] = "c", ["aud"] = "a", ["scope"] = "x", ["jti"] = "j", ["iat"] = 1, ["exp"] = 2, [Provenance.Claim] = "p" }),
        out _));

    private static CompactJws Parse(string typ, JsonObject claims)
    {
        var header = new JsonObject { ["alg"] = "ES256", ["typ"] = typ, ["kid"] = "k" };
        var text = $"{Base64UrlText.Encode(System.Text.Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Base64UrlText.Encode(System.Text.Encoding.UTF8.GetBytes(claims.ToJsonString()))}.AAAA";
        Assert.True(CompactJws.TryParse(text, out var jws, out var fault), fault.ToString());
        return jws;
    }
}
