using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Assay.Client.Events;

/// <summary>What became of a security event token that was looked at.</summary>
internal abstract record SetResult
{
    private SetResult()
    {
    }

    public sealed record Taken(SecurityEvent Event) : SetResult;

    /// <param name="Error">A code of RFC 8935 §2.4.</param>
    public sealed record Refused(string Error, string Reason) : SetResult;

    /// <summary>Signed with a key that is not among the known ones, which may be new.</summary>
    public sealed record UnknownKey : SetResult;
}

/// <summary>
/// Reads security event tokens (RFC 8417, SSF 1.0 §4) strictly: signed with a key of the issuer by an algorithm of that key, from this issuer, for this
/// receiver, one event, and neither <c>sub</c> nor <c>exp</c>, so that nothing else the issuer signs passes as an event.
/// </summary>
internal sealed class SetReader(string issuer, string receiver)
{
    private const int MostCharacters = 32 * 1024;
    private const int MostNameLength = 512;

    private static readonly SearchValues<char> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <param name="name">What the transmitter calls it, which its own <c>jti</c> has to be.</param>
    /// <param name="find">The key of that id; null when there is none.</param>
    public SetResult Read(string name, string? token, Func<string, VerificationKey?> find)
    {
        if (token is null || token.Length > MostCharacters)
            return Invalid("it is no token, or a very long one");
        var parts = token.Split('.');
        if (parts.Length != 3 || Decoded(parts[0]) is not { } head || Decoded(parts[1]) is not { } body || Decoded(parts[2]) is not { Length: > 0 } signature)
            return Invalid("it is no JWS in compact form");

        SetHeaderJson? header;
        try
        {
            header = JsonSerializer.Deserialize(head, EventJson.Default.SetHeaderJson);
        }
        catch (JsonException)
        {
            return Invalid("its header is no JSON object");
        }

        if (header is not { KeyId.Length: > 0, Critical: null } || header.Type is not { } type || !IsSetType(type))
            return Invalid("its header is not that of a security event token: typ, kid, and nothing critical");
        if (find(header.KeyId) is not { } key)
            return new SetResult.UnknownKey();
        if (!key.Verifies(header.Algorithm, Encoding.ASCII.GetBytes(token, 0, parts[0].Length + 1 + parts[1].Length), signature))
            return new SetResult.Refused("authentication_failed", "its signature is not the key's");

        try
        {
            using var claims = JsonDocument.Parse(body, Strict);
            return Claims(name, claims.RootElement);
        }
        catch (JsonException)
        {
            return Invalid("its claims are no JSON");
        }
    }

    private SetResult Claims(string name, JsonElement claims)
    {
        if (claims.ValueKind != JsonValueKind.Object)
            return Invalid("its claims are no object");
        if (Text(claims, "iss") != issuer)
            return new SetResult.Refused("invalid_issuer", "it is from another issuer");
        if (!IsForUs(claims))
            return new SetResult.Refused("invalid_audience", "it is for another receiver");
        if (claims.TryGetProperty("sub", out _) || claims.TryGetProperty("exp", out _))
            return Invalid("it has sub or exp, which no event has");
        if (Text(claims, "jti") is not { Length: > 0 and <= MostNameLength } id || id != name)
            return Invalid("its jti is not the name it came under");
        if (!claims.TryGetProperty("iat", out var issued) || Second(issued) is not { } issuedAt)
            return Invalid("it has no iat");
        if (!claims.TryGetProperty("sub_id", out var subject) || subject.ValueKind != JsonValueKind.Object)
            return Invalid("it has no sub_id");
        if (!claims.TryGetProperty("events", out var events) || events.ValueKind != JsonValueKind.Object)
            return Invalid("it has no events");

        if (events.GetPropertyCount() != 1 || events.EnumerateObject().First() is not { Value.ValueKind: JsonValueKind.Object } happened)
            return Invalid("it has not exactly one event");

        var time = happened.Value.TryGetProperty("event_timestamp", out var stamp) ? Second(stamp) ?? issuedAt : issuedAt;
        var format = Text(subject, "format");
        var isOurs = Text(subject, "iss") == issuer;
        return new SetResult.Taken(new SecurityEvent(
            id,
            happened.Name,
            time,
            format == "iss_sub" && isOurs ? Text(subject, "sub") : null,
            format == "jwt_id" && isOurs ? Text(subject, "jti") : null,
            format == "complex" && subject.TryGetProperty("tenant", out _),
            happened.Value.Clone()));
    }

    private bool IsForUs(JsonElement claims)
    {
        if (!claims.TryGetProperty("aud", out var audience))
            return false;
        if (audience.ValueKind != JsonValueKind.Array)
            return audience.ValueKind == JsonValueKind.String && audience.ValueEquals(receiver);
        foreach (var one in audience.EnumerateArray())
        {
            if (one.ValueKind == JsonValueKind.String && one.ValueEquals(receiver))
                return true;
        }

        return false;
    }

    // RFC 7515 §4.1.9: "application/" may be left out, and case does not count.
    private static bool IsSetType(string type) =>
        type.Equals("secevent+jwt", StringComparison.OrdinalIgnoreCase) || type.Equals("application/secevent+jwt", StringComparison.OrdinalIgnoreCase);

    // The decoder by itself would pass over white space and padding, which no JWS has (RFC 7515 §2).
    private static byte[]? Decoded(string part) => !part.AsSpan().ContainsAnyExcept(Alphabet) && Base64Url.IsValid(part) ? Base64Url.DecodeFromChars(part) : null;

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    private static DateTimeOffset? Second(JsonElement json) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetInt64(out var seconds) && seconds is >= 0 and <= 253_402_300_799 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    private static SetResult.Refused Invalid(string reason) => new("invalid_request", reason);
}
