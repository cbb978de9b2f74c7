using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Turns fragments into a schema: resolves every name, closes the hierarchies, and reports all faults it finds on the way.</summary>
internal sealed class SchemaResolver
{
    private readonly ImmutableArray<SchemaFragment> fragments;
    private readonly SchemaFaults faults;
    private readonly DeclaredNames declared;
    private readonly TypeResolver types;
    private readonly Dictionary<string, EntityTypeSchema> entityTypes = new(StringComparer.Ordinal);
    private readonly Dictionary<EntityUid, ActionSchema> actions = [];

    private SchemaResolver(ImmutableArray<SchemaFragment> fragments)
    {
        this.fragments = fragments;
        faults = new SchemaFaults(fragments);
        declared = new DeclaredNames(fragments, faults);
        types = new TypeResolver(declared, faults);
    }

    public static SchemaParse Resolve(ImmutableArray<SchemaFragment> fragments)
    {
        var resolver = new SchemaResolver(fragments);
        var schema = resolver.Resolve();
        return resolver.faults.Any ? new SchemaParse(null, resolver.faults.InOrder()) : new SchemaParse(schema, []);
    }

    private Schema Resolve()
    {
        if (declared.Count > CedarLimits.SchemaDeclarations)
        {
            faults.Report(First(), $"more than {CedarLimits.SchemaDeclarations} entity types, common types and actions");
            return Schema.Empty;
        }

        types.ResolveCommonTypes();
        foreach (var space in fragments.SelectMany(fragment => fragment.Namespaces))
        {
            foreach (var declaration in space.Declarations)
                Resolve(declaration, space.Name?.Text);
        }

        return faults.Any ? Schema.Empty : Close();
    }

    private void Resolve(SchemaDeclaration declaration, string? scope)
    {
        switch (declaration)
        {
            case SchemaDeclaration.EntityType entity:
                ResolveEntityType(entity, scope);
                break;

            case SchemaDeclaration.EnumeratedType enumerated:
                foreach (var name in enumerated.Names)
                    Add(new EntityTypeSchema(Names.Qualify(scope, name.Text), [], [], CedarType.Record.Empty, null, [.. enumerated.Ids.Distinct(StringComparer.Ordinal)]));

                break;

            case SchemaDeclaration.Action action:
                ResolveAction(action, scope);
                break;
        }
    }

    private void ResolveEntityType(SchemaDeclaration.EntityType entity, string? scope)
    {
        var parents = ResolveEntityTypes(entity.Parents, scope);
        var attributes = types.ResolveRecord(entity.Shape, scope, $"the attributes of the entity type {entity.Names[0]}");
        var tags = entity.Tags is null ? null : types.Resolve(entity.Tags, scope);
        foreach (var name in entity.Names)
            Add(new EntityTypeSchema(Names.Qualify(scope, name.Text), parents, [], attributes ?? CedarType.Record.Empty, tags, null));
    }

    private void Add(EntityTypeSchema type) => entityTypes.TryAdd(type.Name, type);

    private void ResolveAction(SchemaDeclaration.Action action, string? scope)
    {
        var groups = action.Groups.Select(group => ResolveGroup(group, scope)).OfType<EntityUid>().ToFrozenSet();
        var principals = ResolveEntityTypes(action.AppliesTo?.Principals ?? [], scope);
        var resources = ResolveEntityTypes(action.AppliesTo?.Resources ?? [], scope);
        var context = types.ResolveRecord(action.AppliesTo?.Context, scope, $"the context of the action {Escapes.Quote(action.Names[0].Text)}");
        foreach (var name in action.Names)
        {
            var uid = DeclaredNames.ActionUid(scope, name.Text);
            actions.TryAdd(uid, new ActionSchema(uid, groups, [], principals, resources, context ?? CedarType.Record.Empty));
        }
    }

    private FrozenSet<string> ResolveEntityTypes(ImmutableArray<SchemaName> names, string? scope) =>
        names.Select(name => types.ResolveEntityType(name, scope)).OfType<string>().ToFrozenSet(StringComparer.Ordinal);

    private EntityUid? ResolveGroup(ActionReference group, string? scope)
    {
        var type = group.Type ?? Names.ActionType;
        if (scope is not null && !type.Contains(':', StringComparison.Ordinal) && new EntityUid(Names.Qualify(scope, type), group.Id) is var near && declared.Actions.ContainsKey(near))
            return near;

        if (new EntityUid(type, group.Id) is var uid && declared.Actions.ContainsKey(uid))
            return uid;

        if (!faults.IsFull)
            faults.Report(group.Position, $"there is no action {group}{DidYouMean.Hint(group.Id, declared.Actions.Keys.Select(action => action.Id))}");

        return null;
    }

    private Schema Close()
    {
        var ancestors = Ancestry.Close(entityTypes.ToDictionary(type => type.Key, type => type.Value.ParentTypes));
        var groups = Ancestry.Close(actions.ToDictionary(action => action.Key, action => action.Value.Parents));
        if (ancestors is null || groups is null)
        {
            faults.Report(First(), $"finding all ancestors of all {(ancestors is null ? "entity types" : "actions")} takes more than {CedarLimits.SchemaHierarchySteps} steps");
            return Schema.Empty;
        }

        foreach (var (uid, above) in groups)
        {
            if (above.Contains(uid))
                faults.Report(declared.Actions[uid], $"the action {uid} is a member of itself{ByWayOf(uid, groups)}");
        }

        if (faults.Any)
            return Schema.Empty;

        try
        {
            return new Schema(
                entityTypes.ToFrozenDictionary(type => type.Key, type => type.Value with { AncestorTypes = ancestors[type.Key] }, StringComparer.Ordinal),
                actions.ToFrozenDictionary(action => action.Key, action => action.Value with { Ancestors = groups[action.Key] }));
        }
        catch (CedarDataException exception)
        {
            faults.Report(declared.Actions.Values.First(), exception.Message); // too many parents, or groups too deep
            return Schema.Empty;
        }
    }

    private string ByWayOf(EntityUid uid, Dictionary<EntityUid, FrozenSet<EntityUid>> groups)
    {
        var between = actions[uid].Parents.Where(group => group != uid && groups[group].Contains(uid)).Select(group => group.ToString()).Order(StringComparer.Ordinal);
        return between.FirstOrDefault() is { } group ? $", by way of {group}" : "";
    }

    private SourcePosition First() =>
        fragments.SelectMany(fragment => fragment.Namespaces).SelectMany(space => space.Declarations).First().Names[0].Position;
}
