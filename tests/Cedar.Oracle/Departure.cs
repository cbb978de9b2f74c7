using System.Text.Json.Nodes;

namespace Assay.Cedar.Oracle;

/// <summary>Where this library is stricter than the official engine on purpose (docs/decisions/0002-cedar-in-csharp.md). There, either answer of the engine will do.</summary>
internal static class Departure
{
    private const string MalformedEscape = " with a malformed escape";

    // What our refusal says, and what the check is called then.
    private static readonly (string Message, string Name)[] Strict =
    [
        ("there is no such member here", " with a member too many"),
        ("is a method: its first argument is what it is called on", " with a method called on nothing"),
        ("expected an object", " with something in place of an object"),
    ];

    /// <summary>The name of a check of JSON: another one when what was refused is refused on purpose.</summary>
    public static string Name(string check, string? refusal, JsonNode? json)
    {
        if (refusal is null)
            return check;

        return check + (HasMalformedEscape(json) ? MalformedEscape : Strict.FirstOrDefault(one => refusal.Contains(one.Message, StringComparison.Ordinal)).Name);
    }

    public static bool IsOne(string name) => name.EndsWith(MalformedEscape, StringComparison.Ordinal) || Strict.Any(one => name.EndsWith(one.Name, StringComparison.Ordinal));

    /// <summary>An object that is an escape by its only member, and not by what is in it. The official engine takes it for a record of that shape.</summary>
    private static bool HasMalformedEscape(JsonNode? json) => json switch
    {
        JsonObject { Count: 1 } only when only.First() is ("__entity" or "__extn" or "__expr", _) => !IsEscape(only.First().Key, only.First().Value as JsonObject),
        JsonObject members => members.Any(member => HasMalformedEscape(member.Value)),
        JsonArray items => items.Any(HasMalformedEscape),
        _ => false,
    };

    private static bool IsEscape(string name, JsonObject? inside) => name switch
    {
        "__entity" => IsString(inside?["type"]) && IsString(inside?["id"]),
        "__extn" => IsString(inside?["fn"]) && inside!.ContainsKey("arg") != inside.ContainsKey("args") && inside["args"] is null or JsonArray && !HasMalformedEscape(inside["arg"]) && !HasMalformedEscape(inside["args"]),
        _ => false,
    };

    private static bool IsString(JsonNode? json) => json is JsonValue value && value.TryGetValue<string>(out _);
}
