using System.Buffers;
using System.Text.Json;
using Assay.Core.Jose;
using Assay.Core.Tokens;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Assay.Silo.Tokens;

/// <summary>The answer of introspection: plain (RFC 7662 §2.2) or signed for the one who asked (RFC 9701 §5).</summary>
internal static class IntrospectionAnswer
{
    public const string SignedMediaType = "application/token-introspection+jwt";

    /// <summary>Whether the caller names the signed form, and does not like plain JSON better.</summary>
    public static bool IsSignedWanted(StringValues accept)
    {
        if (!MediaTypeHeaderValue.TryParseList(accept, out var accepted))
            return false;

        double signed = 0, plain = 0;
        foreach (var type in accepted)
        {
            if (type.MediaType.Equals(SignedMediaType, StringComparison.OrdinalIgnoreCase))
                signed = type.Quality ?? 1;
            else if (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
                plain = type.Quality ?? 1;
        }

        return signed > 0 && signed >= plain;
    }

    /// <param name="token">Null for anything the caller is not to know more of than that it is good for nothing here.</param>
    public static ReadOnlyMemory<byte> Plain(AccessToken? token)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(body))
            Write(json, token);
        return body.WrittenMemory;
    }

    /// <summary>A JWT of its own type and key, which can stand in for no access token. Whoever sends it disposes it.</summary>
    public static JwtWriter Signed(AccessToken? token, string issuer, string caller, DateTimeOffset now, JwsHeaderSegment header)
    {
        var jwt = new JwtWriter();
        var json = jwt.Claims;
        json.WriteStartObject();
        json.WriteString("iss"u8, issuer);
        json.WriteString("aud"u8, caller);
        json.WriteNumber("iat"u8, now.ToUnixTimeSeconds());
        json.WritePropertyName("token_introspection"u8);
        Write(json, token);
        json.WriteEndObject();
        jwt.Seal(header);
        return jwt;
    }

    private static void Write(Utf8JsonWriter json, AccessToken? token)
    {
        json.WriteStartObject();
        json.WriteBoolean("active"u8, token is not null);
        if (token is not null)
        {
            json.WriteString("scope"u8, token.Scope);
            json.WriteString("client_id"u8, token.ClientId);
            json.WriteString("token_type"u8, "Bearer"u8);
            json.WriteNumber("exp"u8, token.ExpiresAt);
            json.WriteNumber("iat"u8, token.IssuedAt);
            json.WriteString("sub"u8, token.Subject);
            json.WriteString("aud"u8, token.Audience);
            json.WriteString("iss"u8, token.Issuer);
            json.WriteString("jti"u8, token.JwtId);
        }

        json.WriteEndObject();
    }
}
