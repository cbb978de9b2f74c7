using System.Collections.Immutable;
using System.Text.Json;

namespace Assay.Cedar;

/// <content>Types, and the members, elements and strings everything is made of.</content>
internal sealed partial class SchemaJsonReader
{
    private static readonly TypeSyntax Unreadable = new TypeSyntax.Record([], new SourcePosition("", 0, 1, 1));

    /// <summary>Reads a type; <paramref name="besides"/> are members that stand in the same object and belong to what has the type.</summary>
    private TypeSyntax ReadType(PlacedJson json, int depth, params string[] besides)
    {
        if (depth > CedarLimits.SchemaTypeDepth)
        {
            Report(json.Position, $"types nest deeper than {CedarLimits.SchemaTypeDepth}");
            return Unreadable;
        }

        var type = Find(json, "type");
        var keyword = type?.Text;
        string[] own = keyword switch
        {
            "Set" => ["type", "element"],
            "Record" => ["type", "attributes", "additionalAttributes"],
            "Entity" or "EntityOrCommon" or "Extension" => ["type", "name"],
            _ => ["type"],
        };
        var members = Known(json, keyword is null ? "a type" : $"the type {keyword}", [.. own, .. besides]);
        if (Required(json, members, "type") is null)
            return Unreadable;

        switch (keyword)
        {
            case "Set":
                return Required(json, members, "element") is { } element ? new TypeSyntax.Set(ReadType(element, depth + 1), json.Position) : Unreadable;
            case "Record":
                return ReadRecord(json, members, depth);
            case "Entity" or "EntityOrCommon":
                return Required(json, members, "name") is { } name
                    ? new TypeSyntax.Name(ReadPath(name).Text, keyword == "Entity" ? NameKind.Entity : NameKind.EntityOrCommon, json.Position)
                    : Unreadable;
            case "Extension":
                return Required(json, members, "name") is { } extension ? ReadExtension(extension) : Unreadable;
            case "Boolean":
                return new TypeSyntax.Name(SchemaNames.InFull("Bool"), NameKind.Common, json.Position);
            case "Long" or "String":
                return new TypeSyntax.Name(SchemaNames.InFull(keyword), NameKind.Common, json.Position);
            default:
                return new TypeSyntax.Name(ReadPath(type!).Text, NameKind.Common, json.Position);
        }
    }

    private TypeSyntax.Record ReadRecord(PlacedJson json, Dictionary<string, PlacedJson> members, int depth)
    {
        if (members.TryGetValue("additionalAttributes", out var additional) && additional.Kind != JsonTokenType.False)
            Report(additional.Position, additional.Kind == JsonTokenType.True ? "open records are not part of the language; leave additionalAttributes out" : "additionalAttributes can only be false");

        var attributes = ImmutableArray.CreateBuilder<AttributeSyntax>();
        foreach (var (name, at, value) in Members(Required(json, members, "attributes"), "an object of attributes"))
        {
            var required = Find(value, "required");
            if (required is not (null or { Kind: JsonTokenType.True or JsonTokenType.False }))
                Report(required.Position, "required must be true or false");

            var annotations = ReadAnnotations(Find(value, "annotations"));
            attributes.Add(new AttributeSyntax(
                new SchemaName(name, at), ReadType(value, depth + 1, "required", "annotations"), required is not { Kind: JsonTokenType.False }, annotations));
        }

        return new TypeSyntax.Record(attributes.DrainToImmutable(), json.Position);
    }

    private TypeSyntax.Name ReadExtension(PlacedJson json)
    {
        var name = ReadString(json).Text;
        if (SchemaNames.Builtins.GetValueOrDefault(name) is not CedarType.Extension)
        {
            var extensions = SchemaNames.Builtins.Where(builtin => builtin.Value is CedarType.Extension).Select(builtin => builtin.Key).Order(StringComparer.Ordinal).ToList();
            Report(json.Position, $"there is no extension type {Escapes.Quote(name)}{DidYouMean.Hint(name, extensions)}; there are {string.Join(", ", extensions)}");
        }

        return new TypeSyntax.Name(SchemaNames.InFull(name), NameKind.Common, json.Position);
    }

    private ImmutableArray<SchemaName> ReadPaths(PlacedJson? json) => json is null ? [] : [.. Items(json, "an array of names").Select(ReadPath)];

    private ImmutableArray<SchemaName> ReadStrings(PlacedJson? json) => json is null ? [] : [.. Items(json, "an array of strings").Select(ReadString)];

    private SchemaName ReadPath(PlacedJson json)
    {
        var path = ReadString(json);
        if (json.Kind == JsonTokenType.String && !Names.IsPath(path.Text))
            Report(json.Position, $"{Escapes.Quote(path.Text)} is no name: identifiers joined by '::'");

        return path;
    }

    private SchemaName ReadString(PlacedJson json)
    {
        if (json.Kind != JsonTokenType.String)
            Report(json.Position, "expected a string");

        return new SchemaName(json.Text ?? "", json.Position);
    }

    private List<PlacedJson> Items(PlacedJson json, string what)
    {
        if (json.Kind != JsonTokenType.StartArray)
            Report(json.Position, $"expected {what}");

        return json.Items;
    }

    private IEnumerable<(string Name, SourcePosition Position, PlacedJson Value)> Members(PlacedJson? json, string what)
    {
        if (json is null)
            yield break;

        if (json.Kind != JsonTokenType.StartObject)
            Report(json.Position, $"expected {what}");

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in json.Members)
        {
            if (seen.Add(member.Name))
                yield return member;
            else
                Report(member.Position, $"the name {Escapes.Quote(member.Name)} appears twice in one object");
        }
    }

    private Dictionary<string, PlacedJson> Known(PlacedJson json, string what, params string[] known)
    {
        var members = new Dictionary<string, PlacedJson>(StringComparer.Ordinal);
        foreach (var (name, at, value) in Members(json, $"an object: {what}"))
        {
            if (known.Contains(name))
                members.Add(name, value);
            else
                Report(at, $"{what} has no {Escapes.Quote(name)}{DidYouMean.Hint(name, known)}; it has {string.Join(", ", known)}");
        }

        return members;
    }

    private PlacedJson? Required(PlacedJson json, Dictionary<string, PlacedJson> members, string name)
    {
        if (members.TryGetValue(name, out var value))
            return value;

        if (json.Kind == JsonTokenType.StartObject)
            Report(json.Position, $"{name} is missing");

        return null;
    }

    private static PlacedJson? Find(PlacedJson json, string name) => json.Members.Find(member => member.Name == name).Value;
}
