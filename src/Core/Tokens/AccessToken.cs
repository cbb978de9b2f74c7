using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Assay.Core.Jose;

namespace Assay.Core.Tokens;

/// <summary>
/// An access token of ours, read back (RFC 9068 §2.2): every claim there and of its type, and nothing yet believed. Issuer, times and signature still
/// have to be checked.
/// </summary>
/// <param name="IssuedAt">Seconds of Unix time.</param>
/// <param name="ExpiresAt">Seconds of Unix time; the first it is no longer valid.</param>
/// <param name="KeyId">From the header.</param>
/// <param name="Provenance">See <see cref="Tokens.Provenance.TryRead"/>.</param>
public sealed record AccessToken(
    string Issuer, string Subject, string ClientId, string Audience, string Scope, long IssuedAt, long ExpiresAt, string JwtId, string KeyId, string Provenance)
{
    /// <summary>False when it lacks what each token of ours has.</summary>
    public static bool TryRead(CompactJws jws, [NotNullWhen(true)] out AccessToken? token)
    {
        token = null;
        if (!JoseType.Matches(jws.Header.Typ, JoseType.AccessToken) || jws.Header.Kid is not { } kid)
            return false;

        using var payload = JsonDocument.Parse(jws.Payload);
        var claims = payload.RootElement;
        if (Text(claims, "iss") is { } issuer
            && Text(claims, "sub") is { } subject
            && Text(claims, "client_id") is { } clientId
            && Text(claims, "aud") is { } audience
            && Text(claims, "scope") is { } scope
            && Text(claims, "jti") is { } jti
            && Text(claims, Tokens.Provenance.Claim) is { } provenance
            && Second(claims, "iat") is { } issuedAt
            && Second(claims, "exp") is { } expiresAt)
            token = new AccessToken(issuer, subject, clientId, audience, scope, issuedAt, expiresAt, jti, kid, provenance);
        return token is not null;
    }

    private static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var claim) && claim.ValueKind == JsonValueKind.String ? claim.GetString() : null;

    private static long? Second(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var claim) && claim.ValueKind == JsonValueKind.Number && claim.TryGetInt64(out var second) ? second : null;
}
