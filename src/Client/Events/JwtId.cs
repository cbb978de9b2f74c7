using System.Buffers.Text;
using System.Text.Json;

namespace Assay.Client.Events;

/// <summary>
/// The name in an access token, by which an event speaks of it. What a client holds is not its to judge, and nothing is checked here: to nobody but its own
/// cache does it say anything.
/// </summary>
internal static class JwtId
{
    /// <summary>Null when the token is no JWT, or has none.</summary>
    public static string? Of(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3 || !Base64Url.IsValid(parts[1]))
            return null;

        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
            return claims.RootElement.ValueKind == JsonValueKind.Object && claims.RootElement.TryGetProperty("jti", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
