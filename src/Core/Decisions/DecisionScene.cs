using Assay.Cedar;
using Assay.Core.Registry;

namespace Assay.Core.Decisions;

/// <summary>What the policies of one decision look at, exactly as <see cref="Decider"/> shows it to them: for explaining a decision, not for taking it.</summary>
/// <param name="Principal">The identity as an entity, with the groups it is in at that moment.</param>
/// <param name="Api">The API asked for.</param>
/// <param name="Resource">The API as an entity.</param>
/// <param name="Entities">Everything in the hierarchy, the principal and the API's actions included.</param>
/// <param name="Context">The Cedar context.</param>
public sealed record DecisionScene(Entity Principal, Api Api, EntityUid Resource, Entities Entities, RecordValue Context)
{
    /// <summary>The scene of one decision; null when the resource is not in the directory.</summary>
    public static DecisionScene? Of(DirectorySnapshot directory, Identity identity, DecisionInput input)
    {
        if (!directory.TryGetView(input.Resource, out var api))
            return null;

        var uid = PrincipalEntity.UidOf(identity);
        var principal = PrincipalEntity.Of(uid, identity, directory, input.Time);
        return new DecisionScene(principal, api.Api, api.Uid, Entities.Over(api.Entities, principal), DecisionContext.Of(input));
    }

    /// <summary>The question put to the policies about one scope.</summary>
    public Request Ask(string scope) => new(Principal.Uid, new EntityUid(EntityTypes.Action, scope), Resource, Context);
}
