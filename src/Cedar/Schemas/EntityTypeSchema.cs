using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>What a schema says of one entity type.</summary>
/// <param name="Name">The full name, for example <c>Assay::Workload</c>.</param>
/// <param name="ParentTypes">The types its parents may have, as declared.</param>
/// <param name="AncestorTypes">The types its ancestors may have: the transitive closure of <paramref name="ParentTypes"/>; holds the type itself only when it can be its own ancestor.</param>
/// <param name="Attributes">What its entities hold.</param>
/// <param name="Tags">The type of its tags' values; null when it may have none.</param>
/// <param name="EnumeratedIds">The only identifiers of its entities, in the order written; null for an ordinary type.</param>
public sealed record EntityTypeSchema(
    string Name,
    FrozenSet<string> ParentTypes,
    FrozenSet<string> AncestorTypes,
    CedarType.Record Attributes,
    CedarType? Tags,
    ImmutableArray<string>? EnumeratedIds);
