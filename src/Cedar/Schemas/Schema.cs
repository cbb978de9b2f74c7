using System.Collections.Frozen;

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
}
