using System.Collections.Immutable;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>Reads the JSON syntax of schemas.</summary>
internal sealed partial class SchemaJsonReader
{
    /// <summary>An attribute within an attribute is three levels down; the rest is what stands around types.</summary>
    public const int MaxDepth = (3 * CedarLimits.SchemaTypeDepth) + 16;

    private readonly List<PolicyFault> faults = [];

    public static SchemaFragmentParse Read(ReadOnlyMemory<byte> utf8, string source)
    {
        if (utf8.Length > CedarLimits.PolicyTextLength)
            return new SchemaFragmentParse(null, [new PolicyFault(new SourcePosition(source, 0, 1, 1), $"the text is longer than {CedarLimits.PolicyTextLength} bytes")]);

        if (PlacedJson.Read(utf8.Span, source, MaxDepth, out var fault) is not { } json)
            return new SchemaFragmentParse(null, [fault!]);

        var reader = new SchemaJsonReader();
        var fragment = reader.ReadFragment(json);
        return reader.faults.Count == 0
            ? new SchemaFragmentParse(fragment, [])
            : new SchemaFragmentParse(null, [.. reader.faults.OrderBy(found => found.Position.Offset).Take(CedarLimits.PolicyFaults)]);
    }

    private SchemaFragment ReadFragment(PlacedJson json)
    {
        var namespaces = ImmutableArray.CreateBuilder<SchemaNamespace>();
        foreach (var (name, at, value) in Members(json, "a schema: an object of namespaces"))
        {
            if (name.Length > 0 && (Names.IsPath(name) ? SchemaNames.WhyNotNamespace(name) : $"{Escapes.Quote(name)} is no name of a namespace") is { } fault)
                Report(at, fault);

            namespaces.Add(ReadNamespace(name.Length == 0 ? null : new SchemaName(name, at), value));
        }

        return new SchemaFragment(namespaces.DrainToImmutable());
    }

    private SchemaNamespace ReadNamespace(SchemaName? name, PlacedJson json)
    {
        var members = Known(json, "a namespace", "commonTypes", "entityTypes", "actions", "annotations");
        var declarations = ImmutableArray.CreateBuilder<SchemaDeclaration>();
        foreach (var (common, at, value) in Members(members.GetValueOrDefault("commonTypes"), "an object of common types"))
        {
            Check(at, common, "common type", SchemaNames.WhyNotCommonType(common));
            var annotations = ReadAnnotations(value.Kind == JsonTokenType.StartObject ? Find(value, "annotations") : null);
            declarations.Add(new SchemaDeclaration.CommonType(new SchemaName(common, at), ReadType(value, 0, "annotations"), annotations));
        }

        foreach (var (entity, at, value) in Members(Required(json, members, "entityTypes"), "an object of entity types"))
        {
            Check(at, entity, "entity type", SchemaNames.WhyNotEntityType(entity));
            declarations.Add(ReadEntityType(new SchemaName(entity, at), value));
        }

        foreach (var (action, at, value) in Members(Required(json, members, "actions"), "an object of actions"))
            declarations.Add(ReadAction(new SchemaName(action, at), value));

        var given = members.GetValueOrDefault("annotations");
        if (name is null && given is { Members.Count: > 0 })
            Report(given.Position, "what stands outside of every namespace takes no annotations");

        return new SchemaNamespace(name, declarations.DrainToImmutable(), ReadAnnotations(given));
    }

    private SchemaDeclaration ReadEntityType(SchemaName name, PlacedJson json)
    {
        var isEnumerated = Find(json, "enum") is not null;
        var members = isEnumerated
            ? Known(json, "an enumerated entity type", "enum", "annotations")
            : Known(json, "an entity type", "memberOfTypes", "shape", "tags", "annotations");
        var annotations = ReadAnnotations(members.GetValueOrDefault("annotations"));
        if (isEnumerated)
        {
            var ids = ReadStrings(members.GetValueOrDefault("enum"));
            if (ids.IsEmpty)
                Report(json.Position, "an enumerated entity type needs at least one identifier");

            return new SchemaDeclaration.EnumeratedType([name], [.. ids.Select(id => id.Text)], annotations);
        }

        var shape = members.TryGetValue("shape", out var attributes) ? ReadType(attributes, 0) : null;
        var tags = members.TryGetValue("tags", out var tagged) ? ReadType(tagged, 0) : null;
        return new SchemaDeclaration.EntityType([name], ReadPaths(members.GetValueOrDefault("memberOfTypes")), shape, tags, annotations);
    }

    private SchemaDeclaration.Action ReadAction(SchemaName name, PlacedJson json)
    {
        var members = Known(json, "an action", "memberOf", "appliesTo", "attributes", "annotations");
        if (members.TryGetValue("attributes", out var attributes) && attributes.Kind != JsonTokenType.Null)
            Report(attributes.Position, "actions have no attributes");

        var groups = ImmutableArray.CreateBuilder<ActionReference>();
        if (members.GetValueOrDefault("memberOf") is { Kind: not JsonTokenType.Null } given)
        {
            foreach (var item in Items(given, "an array of actions"))
                groups.Add(ReadGroup(item));
        }

        var application = members.GetValueOrDefault("appliesTo") is { Kind: not JsonTokenType.Null } appliesTo ? ReadApplication(appliesTo) : null;
        return new SchemaDeclaration.Action([name], groups.DrainToImmutable(), application, ReadAnnotations(members.GetValueOrDefault("annotations")));
    }

    private ActionReference ReadGroup(PlacedJson json)
    {
        var members = Known(json, "an action", "id", "type");
        var id = Required(json, members, "id") is { } given ? ReadString(given) : null;
        var type = members.GetValueOrDefault("type") is { Kind: not JsonTokenType.Null } path ? ReadPath(path).Text : null;
        return new ActionReference(type, id?.Text ?? "", json.Position);
    }

    private ActionApplication ReadApplication(PlacedJson json)
    {
        var members = Known(json, "appliesTo", "principalTypes", "resourceTypes", "context");
        return new ActionApplication(
            ReadPaths(Required(json, members, "principalTypes")),
            ReadPaths(Required(json, members, "resourceTypes")),
            members.TryGetValue("context", out var context) ? ReadType(context, 0) : null);
    }

    private IReadOnlyDictionary<string, string> ReadAnnotations(PlacedJson? json)
    {
        if (json is null)
            return ImmutableDictionary<string, string>.Empty;

        var annotations = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, at, value) in Members(json, "an object of annotations"))
        {
            if (!Names.IsAnyIdentifier(name))
                Report(at, $"{Escapes.Quote(name)} is no name of an annotation: it is not letters, digits and underscores");

            annotations.TryAdd(name, value.Kind == JsonTokenType.Null ? "" : ReadString(value).Text);
        }

        return annotations;
    }

    private void Check(SourcePosition at, string name, string noun, string? fault)
    {
        if (!Names.IsIdentifier(name))
            Report(at, $"{Escapes.Quote(name)} is no name of a{(noun[0] == 'e' ? "n" : "")} {noun}: it is not letters, digits and underscores, or it is reserved");
        else if (fault is not null)
            Report(at, fault);
    }

    private void Report(SourcePosition at, string message) => faults.Add(new PolicyFault(at, message));
}
