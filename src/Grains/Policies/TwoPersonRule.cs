using Assay.Grains.Authority;
using Microsoft.Extensions.Options;

namespace Assay.Grains.Policies;

/// <summary>
/// Whoever stored a policy set may not put it in force, when the rule is on. Who stored it is read from the change log of the store, which nobody rewrites.
/// Going back to the set that was in force before is exempt: two people agreed on that one, and an incident does not wait for the second.
/// </summary>
public sealed class TwoPersonRule(IAuthorityStore store, IOptions<PolicyOptions> options)
{
    /// <summary>More than a set is ever stored: content never changes, so it is stored once.</summary>
    private const int MostStorings = 100;

    /// <summary>Why this identity may not put the set in force; null when it may. A set that is not stored would be stored by whoever asks.</summary>
    public async Task<string?> Objection(ObjectKey set, string version, string actor, CancellationToken cancellationToken)
    {
        if (!options.Value.TwoPersonRule)
            return null;

        var storings = await store.Changes(set.Realm, set.Kind, set.Id, 0, long.MaxValue, MostStorings, cancellationToken);
        return storings.IsEmpty || storings.Any(storing => storing.Actor == actor)
            ? $"two-person rule: '{actor}' stored policy set {(version.Length > 12 ? version[..12] : version)} and may not put it in force too; " +
              "any other identity with the scope policy.activate may (Assay:Policies:TwoPersonRule; a rollback is exempt)"
            : null;
    }
}
