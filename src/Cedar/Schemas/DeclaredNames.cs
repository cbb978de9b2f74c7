using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>
/// What the fragments of a schema declare, by full name. Gathering them shows the first faults: names declared twice, and names
/// outside of every namespace that a name within one would hide.
/// </summary>
internal sealed class DeclaredNames
{
    private readonly SchemaFaults faults;

    public DeclaredNames(ImmutableArray<SchemaFragment> fragments, SchemaFaults faults)
    {
        this.faults = faults;
        foreach (var space in fragments.SelectMany(fragment => fragment.Namespaces))
        {
            foreach (var declaration in space.Declarations)
            {
                foreach (var name in declaration.Names)
                    Add(declaration, space.Name?.Text, name);
            }
        }

        ReportHidden();
    }

    public int Count => CommonTypes.Count + EntityTypes.Count + Actions.Count;

    public Dictionary<string, (SchemaDeclaration.CommonType Declaration, string? Scope)> CommonTypes { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, SourcePosition> EntityTypes { get; } = new(StringComparer.Ordinal);

    public Dictionary<EntityUid, SourcePosition> Actions { get; } = [];

    /// <summary>The types of the declared actions, which attributes may have.</summary>
    public HashSet<string> ActionTypes { get; } = new(StringComparer.Ordinal);

    /// <summary>The full name of an action declared in a namespace.</summary>
    public static EntityUid ActionUid(string? scope, string id) => new(Names.Qualify(scope, Names.ActionType), id);

    private void Add(SchemaDeclaration declaration, string? scope, SchemaName name)
    {
        var full = Names.Qualify(scope, name.Text);
        switch (declaration)
        {
            case SchemaDeclaration.CommonType common:
                if (!CommonTypes.TryAdd(full, (common, scope)))
                    ReportTwice(name, $"common type {full}", CommonTypes[full].Declaration.Name.Position);

                break;

            case SchemaDeclaration.Action:
                var uid = ActionUid(scope, name.Text);
                ActionTypes.Add(uid.Type);
                if (!Actions.TryAdd(uid, name.Position))
                    ReportTwice(name, $"action {uid}", Actions[uid]);

                break;

            default:
                if (!EntityTypes.TryAdd(full, name.Position))
                    ReportTwice(name, $"entity type {full}", EntityTypes[full]);

                break;
        }
    }

    private void ReportTwice(SchemaName name, string what, SourcePosition first) =>
        faults.Report(name.Position, $"the {what} is declared twice; the first is at {first}");

    private void ReportHidden()
    {
        var types = CommonTypes.Select(type => (Name: type.Key, type.Value.Declaration.Name.Position)).Concat(EntityTypes.Select(type => (Name: type.Key, Position: type.Value)));
        var outside = new Dictionary<string, SourcePosition>(StringComparer.Ordinal);
        foreach (var (name, position) in types.Where(type => IsOutside(type.Name)))
            outside.TryAdd(name, position);

        foreach (var (name, position) in types.Where(type => !IsOutside(type.Name)))
        {
            if (outside.TryGetValue(Names.Basename(name).ToString(), out var hidden))
                faults.Report(position, $"the type {name} would hide {Names.Basename(name)}, declared at {hidden}; one of them needs another name");
        }

        foreach (var (uid, position) in Actions.Where(action => !IsOutside(action.Key.Type)))
        {
            if (Actions.TryGetValue(ActionUid(null, uid.Id), out var hidden))
                faults.Report(position, $"the action {uid} would hide {ActionUid(null, uid.Id)}, declared at {hidden}; one of them needs another name");
        }
    }

    private static bool IsOutside(string path) => !path.Contains(':', StringComparison.Ordinal);
}
