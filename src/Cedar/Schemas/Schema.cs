using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>
/// What entities, actions and requests look like, with every name resolved and every hierarchy closed: what policies, entities and
/// requests are checked against. Immutable.
/// </summary>
public sealed class Schema
{
    /// <exception cref="CedarDataException">The actions nest deeper than <see cref="CedarLimits.HierarchyDepth"/>.</exception>
    internal Schema(FrozenDictionary<string, EntityTypeSchema> entityTypes, FrozenDictionary<EntityUid, ActionSchema> actions)
    {
        (EntityTypes, Actions) = (entityTypes, actions);
        ActionEntities = Entities.Of(actions.Values.OrderBy(action => action.Uid.ToString(), StringComparer.Ordinal).Select(action => new Entity(action.Uid, RecordValue.Empty, [.. action.Parents])));
    }

    /// <summary>The schema that declares nothing.</summary>
    public static Schema Empty { get; } = new(FrozenDictionary<string, EntityTypeSchema>.Empty, FrozenDictionary<EntityUid, ActionSchema>.Empty);

    /// <summary>Entity types by full name. The types of actions are not among them.</summary>
    public FrozenDictionary<string, EntityTypeSchema> EntityTypes { get; }

    /// <summary>Actions and action groups by full name.</summary>
    public FrozenDictionary<EntityUid, ActionSchema> Actions { get; }

    /// <summary>The actions as entities in their hierarchy, which <c>action in</c> asks for.</summary>
    public Entities ActionEntities { get; }

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

    /// <summary>
    /// What is wrong with an entity, each fault a sentence, about a hundred at most; empty when it conforms: its type is declared, it has all required
    /// attributes and none that are not declared, all of the declared types, as its tags are, its parents are of types that may be
    /// its ancestors, entities of enumerated types are among those, and an action is exactly as declared, all its groups being its parents.
    /// </summary>
    public ImmutableArray<string> Validate(Entity entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        var check = new ConformanceCheck(this);
        check.CheckEntity(entity, entity.Parents);
        return check.Faults();
    }

    /// <summary>What is wrong with any of the entities, as <see cref="Validate(Entity)"/> says, but an action may reach its groups by way of others.</summary>
    public ImmutableArray<string> Validate(Entities entities)
    {
        ArgumentNullException.ThrowIfNull(entities);
        var check = new ConformanceCheck(this);
        foreach (var entity in entities.All)
            check.CheckEntity(entity, entities.Ancestors(entity.Uid));

        return check.Faults();
    }

    /// <summary>What is wrong with one attribute of entities of a type, as <see cref="Validate(Entity)"/> would say of it; empty when it conforms.</summary>
    public ImmutableArray<string> ValidateAttribute(string entityType, string name, Value value)
    {
        ArgumentNullException.ThrowIfNull(entityType);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        var check = new ConformanceCheck(this);
        check.CheckAttribute(entityType, name, value);
        return check.Faults();
    }

    /// <summary>
    /// What is wrong with a request, each fault a sentence, about a hundred at most; empty when it conforms: its action is declared and applies to the types of
    /// its principal and resource, and its context is of the action's type.
    /// </summary>
    public ImmutableArray<string> Validate(Request request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var check = new ConformanceCheck(this);
        check.CheckRequest(request);
        return check.Faults();
    }
}

/// <summary>What resolving a schema gave: a schema, or the faults.</summary>
/// <param name="Schema">Null when there is any fault.</param>
/// <param name="Faults">What is wrong, in the order of the fragments and their texts.</param>
public sealed record SchemaParse(Schema? Schema, ImmutableArray<PolicyFault> Faults);
