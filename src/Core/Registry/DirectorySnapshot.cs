using System.Collections.Frozen;
using Assay.Cedar;

namespace Assay.Core.Registry;

/// <summary>Roles, teams, APIs and their scopes at one feed number, as policies see them. Immutable and shared by every decision of a silo.</summary>
public sealed class DirectorySnapshot
{
    private readonly FrozenDictionary<string, Api> apis;
    private readonly FrozenDictionary<EntityUid, Group> groups;

    private DirectorySnapshot(FrozenDictionary<string, Api> apis, FrozenDictionary<EntityUid, Group> groups, Entities entities)
    {
        this.apis = apis;
        this.groups = groups;
        Entities = entities;
    }

    public static DirectorySnapshot Empty { get; } = Of([], []);

    /// <summary>Roles, teams, APIs, actions and action groups as Cedar entities.</summary>
    public Entities Entities { get; }

    public IEnumerable<Api> Apis => apis.Values;

    public IEnumerable<Group> Groups => groups.Values;

    /// <exception cref="CedarDataException">The groups form a cycle, or two objects make the same entity in different ways.</exception>
    public static DirectorySnapshot Of(IEnumerable<Group> groups, IEnumerable<Api> apis)
    {
        var byResource = apis.ToFrozenDictionary(api => Normalize(api.Resource), StringComparer.Ordinal);
        var byUid = groups.ToFrozenDictionary(group => group.Uid);

        var entities = new List<Entity>();
        foreach (var group in byUid.Values)
            entities.Add(new Entity(group.Uid, group.Attributes, group.Parents));

        // The same scope of two APIs is one action; it belongs to the groups that either names.
        var actions = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var api in byResource.Values)
        {
            entities.Add(new Entity(new EntityUid(EntityTypes.Api, api.Resource), api.Attributes, api.Parents));
            foreach (var scope in api.Scopes)
            {
                if (!actions.TryGetValue(scope.Name, out var parents))
                    actions[scope.Name] = parents = new SortedSet<string>(StringComparer.Ordinal);
                parents.UnionWith(scope.Groups);
            }
        }

        foreach (var family in actions.Values.SelectMany(parents => parents).Distinct(StringComparer.Ordinal).ToList())
            actions.TryAdd(family, []);
        foreach (var (name, parents) in actions)
            entities.Add(new Entity(Action(name), RecordValue.Empty, [.. parents.Select(Action)]));

        return new DirectorySnapshot(byResource, byUid, Entities.Of(entities));
    }

    public bool TryGetApi(string resource, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Api? api) =>
        apis.TryGetValue(resource, out api) || apis.TryGetValue(Normalize(resource), out api);

    public bool TryGetGroup(EntityUid uid, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Group? group) => groups.TryGetValue(uid, out group);

    /// <summary>Scheme and host in lower case (RFC 3986 §6.2.2.1), the rest as it stands: no guessing about slashes.</summary>
    public static string Normalize(string resource)
    {
        var colon = resource.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return resource;
        if (!resource.AsSpan(colon).StartsWith("://"))
            return string.Concat(resource[..colon].ToLowerInvariant(), resource.AsSpan(colon));

        var hostEnd = resource.AsSpan(colon + 3).IndexOfAny('/', '?');
        var end = hostEnd < 0 ? resource.Length : colon + 3 + hostEnd;
        return string.Concat(resource[..end].ToLowerInvariant(), resource.AsSpan(end));
    }

    private static EntityUid Action(string name) => new(EntityTypes.Action, name);
}
