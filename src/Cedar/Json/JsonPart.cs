using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>A part of a JSON document that knows its place, so that a fault can say it (<c>$.staticPolicies.a.conditions[0]</c>).</summary>
internal sealed class JsonPart
{
    private const int LongestPlace = 400;

    private readonly JsonElement element;
    private readonly JsonPart? parent;
    private readonly string step;

    public JsonPart(JsonElement element, string source)
        : this(element, null, $"{source}: $")
    {
    }

    private JsonPart(JsonElement element, JsonPart? parent, string step) => (this.element, this.parent, this.step) = (element, parent, step);

    public JsonElement Element => element;

    public JsonValueKind Kind => element.ValueKind;

    public CedarDataException Bad(string message) => new($"{Place()}: {message}");

    /// <summary>The members of an object, in order. A name given twice is a fault.</summary>
    public List<(string Name, JsonPart Part)> Members()
    {
        if (Kind != JsonValueKind.Object)
            throw Bad("expected an object");

        var members = new List<(string, JsonPart)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
        {
            var name = Valid(() => member.Name);
            if (!seen.Add(name))
                throw Bad($"the member {Escapes.Quote(name)} is given twice");

            members.Add((name, new JsonPart(member.Value, this, Names.IsAnyIdentifier(name) ? $".{name}" : $"[{Escapes.Quote(name)}]")));
        }

        return members;
    }

    /// <summary>An object with these members and no others.</summary>
    public JsonObjectPart Object(params ReadOnlySpan<string> names)
    {
        var members = Members();
        foreach (var (name, part) in members)
        {
            if (!names.Contains(name))
                throw part.Bad($"there is no such member here{DidYouMean.Hint(name, names.ToArray())}; there can be {string.Join(", ", names!)}");
        }

        return new JsonObjectPart(this, members);
    }

    /// <summary>The items of an array.</summary>
    public JsonPart[] Items()
    {
        if (Kind != JsonValueKind.Array)
            throw Bad("expected an array");

        var items = new JsonPart[element.GetArrayLength()];
        var i = 0;
        foreach (var item in element.EnumerateArray())
        {
            items[i] = new JsonPart(item, this, string.Create(CultureInfo.InvariantCulture, $"[{i}]"));
            i++;
        }

        return items;
    }

    public string Text() => Kind == JsonValueKind.String ? Valid(() => element.GetString()!) : throw Bad("expected a string");

    private string Valid(Func<string> get)
    {
        try
        {
            return get();
        }
        catch (InvalidOperationException)
        {
            throw Bad("a string that is not valid Unicode");
        }
    }

    private string Place()
    {
        var steps = new List<string>();
        for (var part = this; part is not null; part = part.parent)
            steps.Add(part.step);

        steps.Reverse();
        var place = string.Concat(steps);
        return place.Length <= LongestPlace ? place : $"{place[..(LongestPlace / 2)]}…{place[^(LongestPlace / 2)..]}";
    }
}

/// <summary>An object whose members are known to be the right ones.</summary>
internal readonly struct JsonObjectPart(JsonPart whole, List<(string Name, JsonPart Part)> members)
{
    public JsonPart? Optional(string name) => members.Find(member => member.Name == name).Part;

    public JsonPart Required(string name) => Optional(name) ?? throw whole.Bad($"the member {name} is missing");
}
