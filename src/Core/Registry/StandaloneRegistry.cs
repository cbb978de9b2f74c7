using System.Collections.Frozen;

namespace Assay.Core.Registry;

/// <summary>What a server would hold that has one bundle and nothing else: what policies of the bundle can be asked about without a server.</summary>
/// <param name="Identities">By id.</param>
/// <param name="Directory">Roles, teams and APIs.</param>
public sealed record StandaloneRegistry(FrozenDictionary<string, Identity> Identities, DirectorySnapshot Directory)
{
    /// <summary>Makes the objects that applying the bundle to an empty server makes.</summary>
    /// <exception cref="ArgumentException">The declarations have a fault.</exception>
    public static StandaloneRegistry Of(BundleDeclarations declared)
    {
        // The moment is that of credentials' creation, which no policy sees.
        var plan = BundlePlan.Compute(new BundleCurrent(), declared, prune: false, DateTimeOffset.UnixEpoch);
        if (!plan.Faults.IsEmpty)
            throw new ArgumentException(plan.Faults[0], nameof(declared));

        return new StandaloneRegistry(
            plan.Steps.Select(step => step.Identity).OfType<Identity>().ToFrozenDictionary(identity => identity.Id, StringComparer.Ordinal),
            DirectorySnapshot.Of(plan.Steps.Select(step => step.Group).OfType<Group>(), plan.Steps.Select(step => step.Api).OfType<Api>()));
    }
}
