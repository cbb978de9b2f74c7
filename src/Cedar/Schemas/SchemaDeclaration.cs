using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>The declarations of one namespace, in the order written.</summary>
/// <param name="Name">Its full name; null for what stands outside every namespace.</param>
/// <param name="Declarations">What it declares.</param>
/// <param name="Annotations">By name, in the order written; an annotation without value has the empty string.</param>
public sealed record SchemaNamespace(
    SchemaName? Name, ImmutableArray<SchemaDeclaration> Declarations, IReadOnlyDictionary<string, string> Annotations);

/// <summary>A declaration as a schema writes it, names not yet resolved. One declaration may declare several names alike.</summary>
/// <param name="Names">The names it declares, without namespace; at least one.</param>
/// <param name="Annotations">By name, in the order written; an annotation without value has the empty string.</param>
public abstract record SchemaDeclaration(ImmutableArray<SchemaName> Names, IReadOnlyDictionary<string, string> Annotations)
{
    /// <summary><c>type Name = …;</c></summary>
    public sealed record CommonType(SchemaName Name, TypeSyntax Type, IReadOnlyDictionary<string, string> Annotations)
        : SchemaDeclaration([Name], Annotations);

    /// <summary><c>entity Name in [Parent] { … } tags …;</c></summary>
    /// <param name="Names">The names of the entity types.</param>
    /// <param name="Parents">The types its parents may have.</param>
    /// <param name="Shape">Its attributes; null when it has none. In the Cedar syntax always a record.</param>
    /// <param name="Tags">The type of its tags' values; null when it has none.</param>
    /// <param name="Annotations">By name.</param>
    public sealed record EntityType(
        ImmutableArray<SchemaName> Names,
        ImmutableArray<SchemaName> Parents,
        TypeSyntax? Shape,
        TypeSyntax? Tags,
        IReadOnlyDictionary<string, string> Annotations)
        : SchemaDeclaration(Names, Annotations);

    /// <summary><c>entity Name enum ["id"];</c></summary>
    /// <param name="Names">The names of the entity types.</param>
    /// <param name="Ids">The identifiers of its only entities; at least one.</param>
    /// <param name="Annotations">By name.</param>
    public sealed record EnumeratedType(ImmutableArray<SchemaName> Names, ImmutableArray<string> Ids, IReadOnlyDictionary<string, string> Annotations)
        : SchemaDeclaration(Names, Annotations);

    /// <summary><c>action name in [group] appliesTo { … };</c></summary>
    /// <param name="Names">The identifiers of the actions; any text.</param>
    /// <param name="Groups">The actions it is a member of.</param>
    /// <param name="AppliesTo">Null when it applies to nothing.</param>
    /// <param name="Annotations">By name.</param>
    public sealed record Action(
        ImmutableArray<SchemaName> Names,
        ImmutableArray<ActionReference> Groups,
        ActionApplication? AppliesTo,
        IReadOnlyDictionary<string, string> Annotations)
        : SchemaDeclaration(Names, Annotations);
}

/// <summary>An action named as a group of another.</summary>
/// <param name="Type">Its type as written, for example <c>Billing::Action</c>; null for <c>Action</c> of the same namespace.</param>
/// <param name="Id">Its identifier.</param>
/// <param name="Position">Where it begins.</param>
public sealed record ActionReference(string? Type, string Id, SourcePosition Position)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Type ?? Names.ActionType}::{Escapes.Quote(Id)}";
}

/// <summary>What an action applies to.</summary>
/// <param name="Principals">The types its principal may have.</param>
/// <param name="Resources">The types its resource may have.</param>
/// <param name="Context">What its requests bring along; null for nothing.</param>
public sealed record ActionApplication(ImmutableArray<SchemaName> Principals, ImmutableArray<SchemaName> Resources, TypeSyntax? Context);
