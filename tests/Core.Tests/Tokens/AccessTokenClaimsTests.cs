using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Assay.Core.Jose;
using Assay.Core.StatusLists;
using Assay.Core.Tokens;

namespace Assay.Core.Tests.Tokens;

public sealed class AccessTokenClaimsTests
{
    private static readonly AccessTokenClaims Claims = new(
        "https://issuer.example", "exporter", "https://payments.example", ["list", "pay"], new DateTimeOffset(2026, 1, 31, 12, 0, 0, 999, TimeSpan.Zero),
        TimeSpan.FromSeconds(300));

    private static readonly StatusReference Status = new(new StatusListAddress("a+b&c", "https://issuer.example/status-lists/a+b&c"), 7);

    [Fact]
    public void The_payload_is_these_bytes() => Assert.Equal(
        """{"iss":"https://issuer.example","sub":"exporter","aud":"https://payments.example","client_id":"exporter","iat":1769860800,"exp":1769861100,"jti":"jti-1","scope":"list pay","urn:assay:prov":"sealed","status":{"status_list":{"idx":7,"uri":"https://issuer.example/status-lists/a+b&c"}}}""",
        Payload(Claims));

    [Fact]
    public void One_scope_stands_alone_and_what_json_must_escape_is_escaped()
    {
        Assert.Contains("\"scope\":\"list\",", Payload(Claims with { Scopes = ["list"] }));

        using var payload = JsonDocument.Parse(Payload(Claims with { ClientId = "a\"b\\c", Scopes = ["x'é", "y<z"] }));
        Assert.Equal(("a\"b\\c", "x'é y<z"), (payload.RootElement.GetProperty("sub").GetString(), payload.RootElement.GetProperty("scope").GetString()));
    }

    [Theory]
    [InlineData(300.0), InlineData(300.999)]
    public void The_token_expires_a_whole_number_of_seconds_after_it_was_issued(double seconds)
    {
        var claims = Claims with { Lifetime = TimeSpan.FromSeconds(seconds) };

        using var payload = JsonDocument.Parse(Payload(claims));
        Assert.Equal(300, payload.RootElement.GetProperty("exp").GetInt64() - payload.RootElement.GetProperty("iat").GetInt64());
        Assert.Equal(payload.RootElement.GetProperty("exp").GetInt64() * 1000, claims.ExpiresAt.ToUnixTimeMilliseconds());
    }

    [Fact]
    public void A_signed_token_has_the_access_token_type_and_verifies()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var token = new JwtWriter();
        Claims.WriteTo(token.Claims, "jti-1"u8, "sealed"u8, Status);
        token.Seal(new JwsHeaderSegment(JoseAlg.ES256, JoseType.AccessToken, "kid-1"));
        Assert.True(token.TrySign(key));

        Assert.True(CompactJws.TryParse(token.TokenMemory, out var jws, out _));
        Assert.Equal(new JoseHeader("ES256", "kid-1", "at+jwt"), jws.Header);
        Assert.Equal(Payload(Claims), Encoding.UTF8.GetString(jws.Payload.Span));
        Assert.True(JsonWebKey.From(key).Verifier.Verify(jws));
    }

    private static string Payload(AccessTokenClaims claims)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, JwtWriter.JsonOptions))
            claims.WriteTo(json, "jti-1"u8, "sealed"u8, Status);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
