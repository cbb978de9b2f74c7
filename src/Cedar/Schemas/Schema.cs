using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>
/// What entities, actions and requests look like, with every name resolved and every hierarchy closed: what policies, entities and
/// requests are checked against. Immutable.
/// </summary>
public sealed class Schema
{
    internal Schema(FrozenDictionary<string, EntityTypeSchema> entityTypes, FrozenDictionary<EntityUid, ActionSchema> actions) =>
        (EntityTypes, Actions) = (entityTypes, actions);

    /// <summary>The schema that declares nothing.</summary>
    public static Schema Empty { get; } = new(FrozenDictionary<string, EntityTypeSchema>.Empty, FrozenDictionary<EntityUid, ActionSchema>.Empty);

    /// <summary>Entity types by full name. The types of actions are not among them.</summary>
    public FrozenDictionary<string, EntityTypeSchema> EntityTypes { get; }

    /// <summary>Actions and action groups by full name.</summary>
    public FrozenDictionary<EntityUid, ActionSchema> Actions { get; }

    /// <summary>Reads and resolves one schema in the Cedar syntax, reporting all faults. Never throws on bad text.</summary>
    /// <param name="text">At most <see cref="CedarLimits.PolicyTextLength"/> long.</param>
    /// <param name="source">The name positions carry, usually a file path.</param>
    public static SchemaParse Parse(string text, string source)
    {
        var (fragment, faults) = SchemaFragment.Parse(text, source);
        return fragment is null ? new SchemaParse(null, faults) : Of([fragment]);
    }

    /// <summary>
    /// Resolves fragments together: each sees what the others declare. The faults found are names declared twice, hidden or not at
    /// all, common types made of themselves, actions in themselves, contexts that are no record, and limits passed.
    /// </summary>
    public static SchemaParse Of(IEnumerable<SchemaFragment> fragments)
    {
        ArgumentNullException.ThrowIfNull(fragments);
        return SchemaResolver.Resolve([.. fragments]);
    }
}

/// <summary>What resolving a schema gave: a schema, or the faults.</summary>
/// <param name="Schema">Null when there is any fault.</param>
/// <param name="Faults">What is wrong, in the order of the fragments and their texts.</param>
public sealed record SchemaParse(Schema? Schema, ImmutableArray<PolicyFault> Faults);
