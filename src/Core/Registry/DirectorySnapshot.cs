using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Assay.Cedar;

namespace Assay.Core.Registry;

/// <summary>Roles, teams, APIs and their scopes at one feed number, as policies see them. Immutable and shared by every decision of a silo.</summary>
public sealed class DirectorySnapshot
{
    private readonly FrozenDictionary<string, ApiView> apis;
    private readonly FrozenDictionary<EntityUid, Group> groups;

    private DirectorySnapshot(FrozenDictionary<string, ApiView> apis, FrozenDictionary<EntityUid, Group> groups, Entities entities)
    {
        this.apis = apis;
        this.groups = groups;
        Entities = entities;
    }

    public static DirectorySnapshot Empty { get; } = Of([], []);

    /// <summary>Roles, teams and APIs as Cedar entities. Actions are not among them: each API has its own.</summary>
    public Entities Entities { get; }

    public IEnumerable<Api> Apis => apis.Values.Select(view => view.Api);

    public IEnumerable<Group> Groups => groups.Values;

    /// <summary>Builds the snapshot. An object that is given twice, or a resource spelt in two ways, is a fault of whoever wrote it.</summary>
    /// <exception cref="CedarDataException">Two objects have the same name, an API declares a scope twice, or a hierarchy has a cycle.</exception>
    public static DirectorySnapshot Of(IEnumerable<Group> groups, IEnumerable<Api> apis)
    {
        var byUid = new Dictionary<EntityUid, Group>();
        var byResource = new Dictionary<string, Api>(StringComparer.Ordinal);
        var shared = new List<Entity>();
        foreach (var group in groups)
        {
            if (!byUid.TryAdd(group.Uid, group))
                throw new CedarDataException($"the group {group.Uid} is there twice");
            shared.Add(new Entity(group.Uid, group.Attributes, group.Parents));
        }

        foreach (var api in apis)
        {
            if (!byResource.TryAdd(Normalize(api.Resource), api))
                throw new CedarDataException($"the API {ApiView.UidOf(api)} is there twice");
            shared.Add(new Entity(ApiView.UidOf(api), api.Attributes, api.Parents));
        }

        var entities = Entities.Of(shared);
        return new DirectorySnapshot(
            byResource.ToFrozenDictionary(entry => entry.Key, entry => ApiView.Of(entry.Value, entities), StringComparer.Ordinal),
            byUid.ToFrozenDictionary(),
            entities);
    }

    /// <summary>Finds an API by its resource, whatever the case of scheme and host (RFC 8707 §2, RFC 3986 §6.2.2.1).</summary>
    public bool TryGetApi(string resource, [NotNullWhen(true)] out Api? api)
    {
        api = TryGetView(resource, out var view) ? view.Api : null;
        return api is not null;
    }

    public bool TryGetGroup(EntityUid uid, [NotNullWhen(true)] out Group? group) => groups.TryGetValue(uid, out group);

    /// <summary>Scheme and host in lower case (RFC 3986 §6.2.2.1), the rest as it stands: no guessing about slashes.</summary>
    public static string Normalize(string resource)
    {
        var colon = resource.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return resource;
        if (!resource.AsSpan(colon).StartsWith("://"))
            return string.Concat(resource[..colon].ToLowerInvariant(), resource.AsSpan(colon));

        var hostEnd = resource.AsSpan(colon + 3).IndexOfAny('/', '?', '#');
        var end = hostEnd < 0 ? resource.Length : colon + 3 + hostEnd;
        return string.Concat(resource[..end].ToLowerInvariant(), resource.AsSpan(end));
    }

    internal bool TryGetView(string resource, [NotNullWhen(true)] out ApiView? view) =>
        apis.TryGetValue(resource, out view) || apis.TryGetValue(Normalize(resource), out view);
}
