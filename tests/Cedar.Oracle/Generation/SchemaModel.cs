using System.Collections.Immutable;
using System.Text;

namespace Assay.Cedar.Oracle.Generation;

/// <summary>What a generated schema declares, as generators of policies and data need it.</summary>
/// <param name="Types">Entity types.</param>
/// <param name="Actions">Actions and action groups.</param>
/// <param name="Text">The Cedar syntax.</param>
internal sealed record SchemaModel(ImmutableArray<EntityTypeModel> Types, ImmutableArray<ActionModel> Actions, string Text)
{
    public EntityTypeModel Type(string name) => Types.First(type => type.Name == name);
}

/// <summary>An entity type; with identifiers, an enumerated one, which has nothing else.</summary>
internal sealed record EntityTypeModel(string Name, ImmutableArray<string> Parents, ImmutableArray<FieldModel> Fields, TypeModel? Tags, ImmutableArray<string> Ids)
{
    private static readonly string[] OpenIds = ["a", "b", "c"];

    public bool IsEnumerated => !Ids.IsEmpty;

    /// <summary>Identifiers that generated policies and data use.</summary>
    public ReadOnlySpan<string> UsedIds => IsEnumerated ? Ids.AsSpan() : OpenIds;
}

/// <summary>An action; without principals and resources a group.</summary>
internal sealed record ActionModel(EntityUid Uid, ImmutableArray<EntityUid> Groups, ImmutableArray<string> Principals, ImmutableArray<string> Resources, TypeModel Context)
{
    public bool Applies => !Principals.IsEmpty && !Resources.IsEmpty;
}

/// <summary>An attribute.</summary>
internal sealed record FieldModel(string Name, TypeModel Type, bool IsRequired);

internal enum TypeKind
{
    Bool,
    Long,
    String,
    Entity,
    Set,
    Record,
    Extension,
}

/// <summary>A type. Its name is that of the entity or extension type.</summary>
internal sealed record TypeModel(TypeKind Kind, string Name = "", TypeModel? Element = null, ImmutableArray<FieldModel> Fields = default)
{
    public static readonly TypeModel Bool = new(TypeKind.Bool);
    public static readonly TypeModel Long = new(TypeKind.Long);
    public static readonly TypeModel String = new(TypeKind.String);
    public static readonly TypeModel Decimal = new(TypeKind.Extension, "decimal");
    public static readonly TypeModel Ip = new(TypeKind.Extension, "ipaddr");
    public static readonly TypeModel Datetime = new(TypeKind.Extension, "datetime");
    public static readonly TypeModel Duration = new(TypeKind.Extension, "duration");

    /// <summary>The type written out: two types are the same when these are.</summary>
    public string Key { get; } = Kind switch
    {
        TypeKind.Entity or TypeKind.Extension => Name,
        TypeKind.Set => $"Set<{Element!.Key}>",
        TypeKind.Record => $"{{{string.Join(", ", Fields.Select(field => $"{Words.Attribute(field.Name)}{(field.IsRequired ? "" : "?")}: {field.Type.Key}"))}}}",
        _ => Kind.ToString(),
    };

    public static TypeModel Entity(string name) => new(TypeKind.Entity, name);

    public static TypeModel SetOf(TypeModel element) => new(TypeKind.Set, Element: element);

    public static TypeModel Record(params ImmutableArray<FieldModel> fields) => new(TypeKind.Record, Fields: fields);

    public bool Equals(TypeModel? other) => other?.Key == Key;

    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);
}

/// <summary>How names are written.</summary>
internal static class Words
{
    private static readonly HashSet<string> Reserved = ["true", "false", "if", "then", "else", "in", "like", "has", "is", "__cedar"];

    /// <summary>A name where both an identifier and a string may stand.</summary>
    public static string Attribute(string name) => IsIdentifier(name) ? name : Quote(name);

    /// <summary>Access to an attribute.</summary>
    public static string Access(string target, string name) => IsIdentifier(name) ? $"{target}.{name}" : $"{target}[{Quote(name)}]";

    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
            quoted.Append(c switch { '"' => "\\\"", '\\' => "\\\\", '\n' => "\\n", '\0' => "\\0", _ => c.ToString() });

        return quoted.Append('"').ToString();
    }

    public static bool IsIdentifier(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !Reserved.Contains(name);
}
