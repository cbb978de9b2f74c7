using System.Collections.Immutable;
using System.Text.Json;

namespace Assay.Core.Tokens;

/// <summary>The claims of an access token (RFC 9068 §2.2). <c>sub</c> is the client itself: nobody delegates in a client-credentials grant.</summary>
public readonly record struct AccessTokenClaims(
    string Issuer, string ClientId, string Audience, ImmutableArray<string> Scopes, DateTimeOffset IssuedAt, TimeSpan Lifetime, string JwtId)
{
    /// <summary>Writes one JSON object. Times are whole seconds: <c>iat</c> rounded down, <c>exp</c> = <c>iat</c> + lifetime.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        var issuedAt = IssuedAt.ToUnixTimeSeconds();
        json.WriteStartObject();
        json.WriteString("iss"u8, Issuer);
        json.WriteString("sub"u8, ClientId);
        json.WriteString("aud"u8, Audience);
        json.WriteString("client_id"u8, ClientId);
        json.WriteNumber("iat"u8, issuedAt);
        json.WriteNumber("exp"u8, issuedAt + (long)Lifetime.TotalSeconds);
        json.WriteString("jti"u8, JwtId);
        WriteScope(json);
        json.WriteEndObject();
    }

    /// <summary><c>exp</c> as it stands in the token.</summary>
    public DateTimeOffset ExpiresAt => DateTimeOffset.FromUnixTimeSeconds(IssuedAt.ToUnixTimeSeconds()) + Lifetime;

    private void WriteScope(Utf8JsonWriter json)
    {
        if (Scopes.Length == 1)
            json.WriteString("scope"u8, Scopes[0]);
        else
            json.WriteString("scope"u8, string.Join(' ', Scopes.AsSpan()!));
    }
}
