using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Registry;

namespace Assay.Core.Replay;

/// <summary>
/// One version of an identity before one API of one version of the directory, as policies see them, for as long as no membership begins or ends by the
/// clock: decisions of that time share it.
/// </summary>
public sealed class DecisionStage
{
    private readonly DateTimeOffset from;
    private readonly DateTimeOffset until;

    private DecisionStage(ApiView view, EntityUid principal, Entities entities, DateTimeOffset from, DateTimeOffset until) =>
        (View, Principal, Entities, this.from, this.until) = (view, principal, entities, from, until);

    internal ApiView View { get; }

    internal EntityUid Principal { get; }

    internal Entities Entities { get; }

    /// <summary>The stage at a moment; null when the resource is not in the directory.</summary>
    public static DecisionStage? Of(DirectorySnapshot directory, Identity identity, string resource, DateTimeOffset moment)
    {
        if (!directory.TryGetView(resource, out var view))
            return null;

        var (from, until) = (DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        foreach (var membership in identity.Memberships)
        {
            if (membership.ExpiresAt is not { } end)
                continue;
            if (end <= moment)
                from = end > from ? end : from;
            else
                until = end < until ? end : until;
        }

        var uid = PrincipalEntity.UidOf(identity);
        return new DecisionStage(view, uid, Entities.Over(view.Entities, PrincipalEntity.Of(uid, identity, directory, moment)), from, until);
    }

    /// <summary>Whether the stage is the same at another moment.</summary>
    public bool HoldsAt(DateTimeOffset moment) => from <= moment && moment < until;
}
