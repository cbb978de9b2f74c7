using System.Collections.Immutable;
using System.Text.Json;
using Assay.Core.StatusLists;

namespace Assay.Core.Tokens;

/// <summary>
/// The claims of an access token (RFC 9068 §2.2). <c>sub</c> is the client itself: nobody delegates in a client-credentials grant. There is one claim of
/// our own, <see cref="Provenance"/>; to the evidence the <c>jti</c> alone leads.
/// </summary>
/// <param name="Audience">The resource, exactly as it is registered (RFC 9068 §3).</param>
/// <param name="Scopes">The granted ones, at least one.</param>
/// <param name="IssuedAt">Rounded down to a whole second.</param>
/// <param name="Lifetime">Rounded down to whole seconds.</param>
public readonly record struct AccessTokenClaims(
    string Issuer, string ClientId, string Audience, ImmutableArray<string> Scopes, DateTimeOffset IssuedAt, TimeSpan Lifetime)
{
    private static readonly JsonEncodedText ProvenanceName = JsonEncodedText.Encode(Provenance.Claim);
    private static readonly JsonEncodedText UriName = JsonEncodedText.Encode("uri");

    /// <summary><c>exp</c> as it stands in the token: <c>iat</c> and the life.</summary>
    public DateTimeOffset ExpiresAt => DateTimeOffset.FromUnixTimeSeconds(IssuedAt.ToUnixTimeSeconds() + Seconds);

    private long Seconds => Lifetime.Ticks / TimeSpan.TicksPerSecond;

    /// <summary>Writes one JSON object: the payload of the token.</summary>
    /// <param name="jwtId">What <see cref="Evidence.JtiCodec"/> made, ASCII.</param>
    /// <param name="provenance">What <see cref="Provenance.Write"/> wrote, ASCII.</param>
    /// <param name="status">Where whoever validates offline learns of the token's end (draft-ietf-oauth-status-list §6.2).</param>
    public void WriteTo(Utf8JsonWriter json, ReadOnlySpan<byte> jwtId, ReadOnlySpan<byte> provenance, in StatusReference status)
    {
        var issuedAt = IssuedAt.ToUnixTimeSeconds();
        json.WriteStartObject();
        json.WriteString("iss"u8, Issuer);
        json.WriteString("sub"u8, ClientId);
        json.WriteString("aud"u8, Audience);
        json.WriteString("client_id"u8, ClientId);
        json.WriteNumber("iat"u8, issuedAt);
        json.WriteNumber("exp"u8, issuedAt + Seconds);
        json.WriteString("jti"u8, jwtId);
        json.WritePropertyName("scope"u8);
        WriteScope(json);
        json.WriteString(ProvenanceName, provenance);
        json.WriteStartObject("status"u8);
        json.WriteStartObject("status_list"u8);
        json.WriteNumber("idx"u8, status.Index);
        json.WriteString(UriName, status.List.EncodedUri);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // Space-separated (RFC 6749 §3.3), joined by the writer itself: no string is made.
    private void WriteScope(Utf8JsonWriter json)
    {
        for (var i = 0; i < Scopes.Length; i++)
        {
            if (i > 0)
                json.WriteStringValueSegment(" ", isFinalSegment: false);
            json.WriteStringValueSegment(Scopes[i], isFinalSegment: i == Scopes.Length - 1);
        }
    }
}
