using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Assay.Cli.Tokens;

/// <summary>A JWT taken apart for reading. Nothing here says it is genuine.</summary>
/// <param name="SigningInputSha256">What evidence knows the token by: base64url of the SHA-256 of <c>header.payload</c>.</param>
/// <param name="Signature">The third part, as it stands there.</param>
internal sealed record CompactToken(JsonElement Header, JsonElement Claims, string SigningInputSha256, string Signature)
{
    public string? Kid => Header.TryGetProperty("kid", out var kid) && kid.ValueKind == JsonValueKind.String ? kid.GetString() : null;

    public string? Jti => Claims.TryGetProperty("jti", out var jti) && jti.ValueKind == JsonValueKind.String ? jti.GetString() : null;

    public static CompactToken? Parse(string text)
    {
        try
        {
            if (text.Split('.') is not [var header, var claims, var signature])
                return null;
            var parts = (Object(header), Object(claims));
            return parts is ({ } first, { } second)
                ? new CompactToken(first, second, Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes($"{header}.{claims}"))), signature)
                : null;
        }
        catch (Exception fault) when (fault is FormatException or JsonException)
        {
            return null;
        }
    }

    private static JsonElement? Object(string part)
    {
        var root = JsonDocument.Parse(Base64Url.DecodeFromChars(part)).RootElement;
        return root.ValueKind == JsonValueKind.Object ? root : null;
    }
}
