using System.Globalization;

namespace Assay.Cedar.Tests;

/// <summary>A resolved schema as text that shows everything in it, to compare two.</summary>
internal static class SchemaText
{
    public static string Of(Schema schema) => string.Join('\n', Types(schema).Concat(Actions(schema)));

    public static string Of(CedarType? type) => type switch
    {
        null => "-",
        CedarType.Set set => $"Set<{Of(set.Element)}>",
        CedarType.Entity entity => entity.Name,
        CedarType.Extension extension => extension.Type.ToString().ToLower(CultureInfo.InvariantCulture),
        CedarType.Record record => $"{{{string.Join(", ", record.Attributes.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}{(pair.Value.IsRequired ? "" : "?")}: {Of(pair.Value.Type)}"))}}}",
        _ => type.GetType().Name,
    };

    private static IEnumerable<string> Types(Schema schema) => schema.EntityTypes.Values.OrderBy(type => type.Name, StringComparer.Ordinal).Select(type =>
        $"{type.Name} in [{Sorted(type.ParentTypes)}] of [{Sorted(type.AncestorTypes)}] {Of(type.Attributes)} tags {Of(type.Tags)}"
        + (type.EnumeratedIds is { } ids ? $" enum [{string.Join(' ', ids)}]" : ""));

    private static IEnumerable<string> Actions(Schema schema) => schema.Actions.Values.OrderBy(action => action.Uid.ToString(), StringComparer.Ordinal).Select(action =>
        $"{action.Uid} in [{Sorted(action.Parents)}] of [{Sorted(action.Ancestors)}] principal [{Sorted(action.PrincipalTypes)}] resource [{Sorted(action.ResourceTypes)}] context {Of(action.Context)}");

    private static string Sorted<T>(IEnumerable<T> names) => string.Join(' ', names.Select(name => name!.ToString()).Order(StringComparer.Ordinal));
}
