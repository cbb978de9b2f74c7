using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Assay.Core.SharedSignals;

/// <summary>Whom a stream is about: one identity, or everybody of the realm.</summary>
/// <param name="Identity">Its id; null for everybody.</param>
public readonly record struct EventSubject(string? Identity)
{
    private const string IdentityPrefix = "identity:";
    private const string EverybodyText = "everybody";
    private const int MaxIdLength = 128;

    public static EventSubject Everybody { get; } = new(null);

    public override string ToString() => Identity is null ? EverybodyText : IdentityPrefix + Identity;

    public static EventSubject Parse(string text) =>
        text == EverybodyText ? Everybody
        : text.StartsWith(IdentityPrefix, StringComparison.Ordinal) ? new(text[IdentityPrefix.Length..])
        : throw new FormatException($"'{text}' is no subject of a stream");

    /// <summary>
    /// Reads a subject as receivers name it (RFC 9493): <c>iss_sub</c> of this issuer for an identity, or <c>complex</c> with the realm as its <c>tenant</c> for
    /// everybody.
    /// </summary>
    public static bool TryRead(JsonElement json, string issuer, string realm, out EventSubject subject, [NotNullWhen(false)] out string? fault)
    {
        subject = default;
        fault = null;
        switch (Text(json, "format"))
        {
            case "iss_sub" when Text(json, "iss") is { } iss && Text(json, "sub") is { Length: > 0 and <= MaxIdLength } sub:
                if (iss != issuer)
                    fault = "iss is not this issuer: it knows its own identities only";
                else if (sub.AsSpan().ContainsAnyExceptInRange('!', '~'))
                    fault = "sub is no client identifier";
                subject = new EventSubject(sub);
                break;
            case "complex" when json.TryGetProperty("tenant", out var tenant) && Text(tenant, "format") == "opaque" && Text(tenant, "id") is { } id:
                if (json.EnumerateObject().Count() != 2)
                    fault = "a complex subject names its tenant alone here";
                else if (id != realm)
                    fault = $"there is no tenant of that name; the one there is is '{realm}'";
                subject = Everybody;
                break;
            default:
                fault = "the subject must be {format: iss_sub, iss, sub}, or {format: complex, tenant: {format: opaque, id}} for everybody";
                break;
        }

        return fault is null;
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}
