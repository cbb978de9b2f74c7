using System.Text;
using Assay.Cedar;
using Assay.Core.Registry;

namespace Assay.Core.Policies;

/// <summary>
/// Makes the declarations of a set's actions from the scopes of APIs, so that no author has to write them twice. A scope that several APIs declare is one action,
/// in the groups of them all; what the author's schema declares itself is left to it.
/// </summary>
public static class ActionDeclarations
{
    /// <summary>The name that positions in the declarations carry.</summary>
    public const string Source = "apis.cedarschema";

    private const string Heading = "// The scopes of the set's APIs as actions, made by Assay. To write one yourself, declare it in schema.cedarschema.\n";

    /// <summary>The declarations in Cedar's schema syntax, one a line, in the order of the names: the same scopes give the same text.</summary>
    /// <param name="scopes">Of all APIs that the set decides about.</param>
    /// <param name="schema">The author's schema; null when there is none. One that cannot be read declares nothing.</param>
    public static string Of(IEnumerable<ApiScope> scopes, string? schema)
    {
        ArgumentNullException.ThrowIfNull(scopes);
        var own = OwnActions(schema);
        var groups = new SortedDictionary<string, SortedSet<string>?>(StringComparer.Ordinal); // null: a group that is no scope
        foreach (var scope in scopes)
        {
            if (groups.GetValueOrDefault(scope.Name) is not { } among)
                groups[scope.Name] = among = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var group in scope.Groups)
            {
                among.Add(group);
                groups.TryAdd(group, null);
            }
        }

        var text = new StringBuilder(Heading);
        foreach (var (name, among) in groups)
        {
            if (own.Contains(name))
                continue;

            text.Append("action ").Append(Quoted(name));
            if (among is { Count: > 0 })
                text.Append(" in [").AppendJoin(", ", among.Select(Quoted)).Append(']');
            if (among is not null)
                text.Append(" appliesTo { principal: [Assay::Workload, Assay::Person], resource: [Assay::Api], context: Assay::Context }");
            text.Append(";\n");
        }

        return text.ToString();
    }

    private static HashSet<string> OwnActions(string? schema)
    {
        var own = new HashSet<string>(StringComparer.Ordinal);
        if (schema is null || SchemaFragment.Parse(schema, SetSchema.AuthorSource).Fragment is not { } fragment)
            return own;

        foreach (var space in fragment.Namespaces.Where(space => space.Name is null))
        {
            foreach (var action in space.Declarations.OfType<SchemaDeclaration.Action>())
                own.UnionWith(action.Names.Select(name => name.Text));
        }

        return own;
    }

    private static string Quoted(string name) => new EntityUid(EntityTypes.Action, name).ToString()[(EntityTypes.Action.Length + 2)..];
}
