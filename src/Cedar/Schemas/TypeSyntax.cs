using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>A type as a schema writes it, names not yet resolved.</summary>
/// <param name="Position">Where it begins.</param>
public abstract record TypeSyntax(SourcePosition Position)
{
    /// <summary>A name: of a common type, an entity type, or a type of the language such as <c>Long</c>.</summary>
    /// <param name="Path">As written; a type of the language may be written <c>__cedar::Long</c>.</param>
    /// <param name="Kind">What it may name.</param>
    /// <param name="Position">Where it begins.</param>
    public sealed record Name(string Path, NameKind Kind, SourcePosition Position) : TypeSyntax(Position);

    /// <summary><c>Set&lt;Element&gt;</c></summary>
    public sealed record Set(TypeSyntax Element, SourcePosition Position) : TypeSyntax(Position);

    /// <summary>A record, its attributes in the order written.</summary>
    public sealed record Record(ImmutableArray<AttributeSyntax> Attributes, SourcePosition Position) : TypeSyntax(Position);
}

/// <summary>What a name in the place of a type may refer to.</summary>
public enum NameKind : byte
{
    /// <summary>A common type or, when there is none of that name, an entity type: a name within a type of the Cedar syntax.</summary>
    EntityOrCommon,

    /// <summary>An entity type: <c>{"type": "Entity"}</c> of the JSON syntax.</summary>
    Entity,

    /// <summary>A common type: the context of an action that is no record in braces.</summary>
    Common,
}

/// <summary>An attribute of a record or an entity type.</summary>
/// <param name="Name">Its name; any text.</param>
/// <param name="Type">The type of its values.</param>
/// <param name="IsRequired">False when it is written with a question mark.</param>
/// <param name="Annotations">By name, in the order written; an annotation without value has the empty string.</param>
public sealed record AttributeSyntax(SchemaName Name, TypeSyntax Type, bool IsRequired, IReadOnlyDictionary<string, string> Annotations);

/// <summary>A name where a schema writes it.</summary>
/// <param name="Text">The name: an identifier, a path joined by <c>::</c>, or, for actions and attributes, any text.</param>
/// <param name="Position">Where it begins.</param>
public sealed record SchemaName(string Text, SourcePosition Position)
{
    /// <inheritdoc/>
    public override string ToString() => Text;
}
