using System.Collections.Frozen;

namespace Assay.Cedar;

/// <summary>What the typechecker asks of a schema: its types as static types, each made once, and who can be in what.</summary>
internal sealed class SchemaTypes
{
    private readonly Dictionary<CedarType, StaticType> made = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, StaticType.Entity> entities = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StaticType.Record> attributes = new(StringComparer.Ordinal);
    private readonly Dictionary<CedarType.Record, int> contexts = [];
    private readonly Dictionary<EntityUid, List<ActionSchema>> members = [];
    private readonly HashSet<(string Member, string Group)> actionTypes = [];

    public SchemaTypes(Schema schema)
    {
        Schema = schema;
        Actions = [.. schema.Actions.Values.OrderBy(action => action.Uid.Type, StringComparer.Ordinal).ThenBy(action => action.Uid.Id, StringComparer.Ordinal)];
        foreach (var action in Actions)
        {
            AddMember(action.Uid, action);
            foreach (var group in action.Ancestors)
            {
                AddMember(group, action);
                actionTypes.Add((action.Uid.Type, group.Type));
            }
        }
    }

    public Schema Schema { get; }

    /// <summary>All actions in a fixed order.</summary>
    public IReadOnlyList<ActionSchema> Actions { get; }

    public bool IsEntityType(string type) => Names.IsActionType(type) || Schema.EntityTypes.ContainsKey(type);

    /// <summary>Whether such an entity can exist, as far as its type says; of an action, whether it does.</summary>
    public bool IsKnown(EntityUid entity) => Names.IsActionType(entity.Type) ? Schema.Actions.ContainsKey(entity) : Schema.EntityTypes.ContainsKey(entity.Type);

    /// <summary>The actions that are, or are in, this one.</summary>
    public IReadOnlyList<ActionSchema> In(EntityUid action) => members.TryGetValue(action, out var all) ? all : [];

    /// <summary>Whether an entity of one type can be, or be in, one of another.</summary>
    public bool CanBeIn(string type, string ancestor) =>
        type == ancestor ||
        (Schema.EntityTypes.TryGetValue(type, out var declared) && declared.AncestorTypes.Contains(ancestor)) ||
        actionTypes.Contains((type, ancestor));

    /// <summary>The same for entities of several types.</summary>
    public bool CanBeIn(StaticType.Entity type, StaticType.Entity ancestor) =>
        type.Names.Any(name => ancestor.Names.Any(other => CanBeIn(name, other)));

    /// <summary>The type of entities of this name, which must be declared.</summary>
    public StaticType.Entity Entity(string name)
    {
        if (!entities.TryGetValue(name, out var type))
            entities.Add(name, type = new StaticType.Entity([name]));

        return type;
    }

    public StaticType.Record Context(ActionSchema action) => (StaticType.Record)Make(action.Context);

    /// <summary>The same number for contexts of the same type.</summary>
    public int ContextNumber(ActionSchema action)
    {
        if (!contexts.TryGetValue(action.Context, out var number))
            contexts.Add(action.Context, number = contexts.Count);

        return number;
    }

    /// <summary>The attributes that records of this type, or entities of all these types, are known to have.</summary>
    public StaticType.Record Attributes(StaticType type)
    {
        if (type is not StaticType.Entity entity)
            return type as StaticType.Record ?? StaticType.Record.Empty;

        var key = string.Join(',', entity.Names);
        if (!attributes.TryGetValue(key, out var common))
            attributes.Add(key, common = entity.Names.Select(Declared).Aggregate(TypeLattice.Join));

        return common;
    }

    /// <summary>Whether some value of this type may have an attribute that <see cref="Attributes"/> does not know.</summary>
    public bool MayHave(StaticType type, string attribute) => type switch
    {
        StaticType.Record record => record.IsOpen,
        StaticType.Entity entity => entity.Names.Any(name => Schema.EntityTypes.TryGetValue(name, out var declared) && declared.Attributes.Attributes.ContainsKey(attribute)),
        _ => false,
    };

    /// <summary>The types of the tags that entities of these types may have; empty when none of them may have any.</summary>
    public List<StaticType> Tags(StaticType.Entity type)
    {
        List<StaticType> tags = [];
        foreach (var name in type.Names)
        {
            if (Schema.EntityTypes.TryGetValue(name, out var declared) && declared.Tags is { } tag)
                tags.Add(Make(tag));
        }

        return tags;
    }

    private void AddMember(EntityUid group, ActionSchema action)
    {
        if (!members.TryGetValue(group, out var all))
            members.Add(group, all = []);

        all.Add(action);
    }

    // The type of an action has no attributes.
    private StaticType.Record Declared(string entityType) =>
        Schema.EntityTypes.TryGetValue(entityType, out var declared) ? (StaticType.Record)Make(declared.Attributes) : StaticType.Record.Empty;

    private StaticType Make(CedarType type)
    {
        if (made.TryGetValue(type, out var known))
            return known;

        StaticType result = type switch
        {
            CedarType.Bool => StaticType.Bool,
            CedarType.Long => StaticType.Long,
            CedarType.String => StaticType.String,
            CedarType.Extension extension => StaticType.Of(extension.Type),
            CedarType.Entity entity => Entity(entity.Name),
            CedarType.Set set => new StaticType.Set(Make(set.Element)),
            CedarType.Record record => new StaticType.Record(
                record.Attributes.ToFrozenDictionary(
                    attribute => attribute.Key, attribute => new StaticType.Attribute(Make(attribute.Value.Type), attribute.Value.IsRequired), StringComparer.Ordinal),
                isOpen: false),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        made.Add(type, result);
        return result;
    }
}
