using System.Collections.Frozen;
using Assay.Cedar;

namespace Assay.Core.Registry;

/// <summary>
/// One API ready for decisions: its entity, an action for each of its scopes, and the directory with those actions on top. Actions are kept
/// apart per API, so that another API that declares a scope of the same name cannot move this one's into a group of its choice.
/// </summary>
internal sealed class ApiView
{
    private readonly FrozenDictionary<string, EntityUid> actions;

    private ApiView(Api api, FrozenDictionary<string, EntityUid> actions, Entities entities) => (Api, Uid, this.actions, Entities) = (api, UidOf(api), actions, entities);

    public Api Api { get; }

    public EntityUid Uid { get; }

    public Entities Entities { get; }

    public static EntityUid UidOf(Api api) => new(EntityTypes.Api, api.Resource);

    /// <exception cref="CedarDataException">A scope is declared twice, or is among the groups of itself.</exception>
    public static ApiView Of(Api api, Entities directory)
    {
        var actions = new Dictionary<string, EntityUid>(StringComparer.Ordinal);
        var entities = new List<Entity>(api.Scopes.Length);
        foreach (var scope in api.Scopes)
        {
            var uid = Action(scope.Name);
            if (!actions.TryAdd(scope.Name, uid))
                throw new CedarDataException($"the API {UidOf(api)} declares the scope {uid} twice");
            entities.Add(new Entity(uid, RecordValue.Empty, [.. scope.Groups.Select(Action)]));
        }

        return new ApiView(api, actions.ToFrozenDictionary(StringComparer.Ordinal), Entities.Over(directory, entities));
    }

    /// <summary>The action of a scope; false when the API declares no such scope.</summary>
    public bool TryGetAction(string scope, out EntityUid action) => actions.TryGetValue(scope, out action);

    private static EntityUid Action(string name) => new(EntityTypes.Action, name);
}
