using Assay.Cedar;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Core.Decisions;

/// <summary>
/// One version of an identity before one API of one version of the directory, as policies see them, for as long as no membership begins or ends by the
/// clock: decisions of that time share it, and what a policy set's schema says of it.
/// </summary>
public sealed class DecisionStage
{
    private readonly DateTimeOffset from;
    private readonly DateTimeOffset until;

    // Of the sets asked last: the one in force, and its shadow or the set before. Whoever loses a race works it out again.
    private Conformance? newest;
    private Conformance? other;

    private RecordValue? client; // of the context: of how the identity proved itself last

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

    /// <summary>The context's part about the client, which stays the same as long as it proves itself the same way.</summary>
    internal RecordValue ClientOf(string method, string credential)
    {
        var known = client;
        return known is not null && DecisionContext.IsClient(known, method, credential) ? known : client = DecisionContext.Client(method, credential);
    }

    /// <summary>What the schema of a set says of this stage: worked out once for each of the two sets asked last.</summary>
    internal Conformance ConformanceTo(LoadedPolicySet policies)
    {
        var known = newest;
        if (known is not null && ReferenceEquals(known.Policies, policies))
            return known;
        if (other is { } before && ReferenceEquals(before.Policies, policies))
            return before;

        other = known;
        return newest = Conformance.Of(policies, this);
    }
}
