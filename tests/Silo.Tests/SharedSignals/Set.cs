using System.Buffers.Text;
using System.Text.Json;

namespace Assay.Silo.Tests.SharedSignals;

/// <summary>A security event token, read but not checked.</summary>
internal sealed record Set(JsonElement Header, JsonElement Claims, string Text)
{
    public string JwtId => Claims.GetProperty("jti").GetString()!;

    public string Transaction => Claims.GetProperty("txn").GetString()!;

    /// <summary><c>session-revoked</c> of its URI.</summary>
    public string Type => Claims.GetProperty("events").EnumerateObject().Single().Name.Split('/')[^1];

    public JsonElement Event => Claims.GetProperty("events").EnumerateObject().Single().Value;

    public JsonElement Subject => Claims.GetProperty("sub_id");

    public string? About => Subject.TryGetProperty("sub", out var sub) ? sub.GetString() : null;

    public static Set Of(string text)
    {
        var parts = text.Split('.');
        using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
        return new Set(header.RootElement.Clone(), claims.RootElement.Clone(), text);
    }
}
