using System.Text.Json.Nodes;
using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Oracle.Generation;

/// <summary>Changes a JSON value in a place or two, so that it perhaps does not mean anything any more.</summary>
internal sealed class JsonMutator(Choices choices)
{
    private static readonly string[] Words =
    [
        "extra", "type", "id", "__entity", "__extn", "fn", "arg", "args", "op", "All", "==", "in", "is", "entity", "entities", "entity_type", "slot", "?principal", "?resource", "?other", "kind", "body", "when", "unless", "left", "right",
        "Value", "Var", "Slot", "principal", "context", "attr", "pattern", "Wildcard", "Literal", "Set", "Record", "if-then-else", "has", "like", "ip", "decimal", "isIpv4", "contains", "neg", "!", "name", "element", "attributes", "required",
        "additionalAttributes", "Long", "Boolean", "Bool", "String", "Entity", "EntityOrCommon", "Extension", "ipaddr", "Common", "shape", "memberOfTypes", "memberOf", "appliesTo", "principalTypes", "resourceTypes", "tags", "enum", "annotations",
        "commonTypes", "entityTypes", "actions", "effect", "permit", "uid", "attrs", "parents", "", "a b", "__cedar", "A::B", "T0", "T1", "N::T0",
    ];

    /// <summary>A copy with some changes.</summary>
    public JsonNode? Mutate(JsonNode? json)
    {
        var copy = json?.DeepClone();
        for (var i = choices.Of(1, 1, 2); i > 0; i--)
        {
            var places = new List<JsonNode>();
            Gather(copy, places);
            if (places.Count > 0)
                Change(places[(choices.Below(256) * 256 + choices.Below(256)) % places.Count]);
        }

        return copy;
    }

    private static void Gather(JsonNode? json, List<JsonNode> places)
    {
        if (json is JsonObject or JsonArray)
            places.Add(json);

        foreach (var child in json switch { JsonObject members => members.Select(member => member.Value), JsonArray items => items, _ => [] })
            Gather(child, places);
    }

    private void Change(JsonNode place)
    {
        if (place is JsonArray items)
        {
            switch (choices.Below(3))
            {
                case 0 when items.Count > 0:
                    items.RemoveAt(choices.Below(items.Count));
                    break;
                case 1 when items.Count > 0:
                    items.Add(items[choices.Below(items.Count)]?.DeepClone());
                    break;
                default:
                    items.Add(Anything());
                    break;
            }

            return;
        }

        var members = (JsonObject)place;
        var names = members.Select(member => member.Key).ToArray();
        if (names.Length == 0 || choices.OnceIn(5))
        {
            members[choices.Of(Words.AsSpan())] = Anything();
            return;
        }

        var name = names[choices.Below(names.Length)];
        var value = members[name]?.DeepClone();
        switch (choices.Below(4))
        {
            case 0:
                members.Remove(name);
                break;
            case 1:
                members.Remove(name);
                members[choices.Of(Words.AsSpan())] = value;
                break;
            case 2:
                members[name] = names.Length > 1 && choices.OnceIn(2) ? members[names[choices.Below(names.Length)]]?.DeepClone() : new JsonObject { [choices.Of(Words.AsSpan())] = value };
                break;
            default:
                members[name] = Anything();
                break;
        }
    }

    private JsonNode? Anything() => choices.Below(9) switch
    {
        0 => null,
        1 => 1,
        2 => choices.Of(true, false),
        3 => new JsonArray(),
        4 => new JsonObject(),
        5 => new JsonObject { ["type"] = choices.Of(Words.AsSpan()), ["id"] = "a" },
        6 => 1.5,
        _ => choices.Of(Words.AsSpan()),
    };
}
