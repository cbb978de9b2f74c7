using System.Collections.Immutable;
using Assay.Core.Policies;

namespace Assay.Core.Registry;

/// <summary>
/// What applying a bundle would do, computed from what is stored and what is declared; nothing is read or written by it. Every field has one
/// owner: declared fields follow the bundle, and what calls and detectors did (disabled, revoked, signals, removed memberships,
/// memberships added by hand) stays.
/// </summary>
public sealed record BundlePlan
{
    /// <summary>What to write, in this order: what takes something away comes first, policy last. Empty when there are faults.</summary>
    public ImmutableArray<BundleStep> Steps { get; init; } = [];

    /// <summary>Why the bundle cannot be applied to what is stored; sentences for people.</summary>
    public ImmutableArray<string> Faults { get; init; } = [];

    /// <summary>What a reader may wonder about: what stays in spite of the bundle, and why; sentences for people.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>Of the bundle's policies: what is allowed and probably not meant, each with file and line.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>
    /// Identities with <c>credential: generate</c> that have no key of this bundle yet, neither stored nor declared. Applying without making
    /// one first creates them without a way in. One whose key was revoked is not among them.
    /// </summary>
    public ImmutableArray<string> MissingKeys { get; init; } = [];

    /// <summary>Nothing to write and nothing wrong: the store is as the bundle says.</summary>
    public bool IsEmpty => Steps.IsEmpty && Faults.IsEmpty && MissingKeys.IsEmpty;

    /// <summary>Computes the plan. The same input gives the same plan, to the letter.</summary>
    /// <param name="current">What is stored, read in one snapshot.</param>
    /// <param name="declared">What the bundle says; checked again here.</param>
    /// <param name="prune">Delete what this bundle once declared and declares no longer; else it stays, with a note.</param>
    /// <param name="now">The creation time of new credentials, and the moment at which memberships and signals count as live.</param>
    public static BundlePlan Compute(BundleCurrent current, BundleDeclarations declared, bool prune, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(declared);
        var review = declared.Review();
        var plan = review.Faults.IsEmpty
            ? new BundlePlanner(current, declared, prune, now).Plan()
            : new BundlePlan { Faults = [.. review.Faults.Select(fault => fault.ToString())] };
        return plan with { Warnings = [.. review.Warnings.Select(warning => warning.ToString())] };
    }
}

/// <summary>What the store has that a bundle can touch or refer to: everything of the realm, whoever manages it, without deleted objects.</summary>
public sealed record BundleCurrent
{
    public ImmutableArray<Identity> Identities { get; init; } = [];

    public ImmutableArray<Group> Groups { get; init; } = [];

    public ImmutableArray<Api> Apis { get; init; } = [];

    /// <summary>What this bundle declared when it was last applied; null at the first time.</summary>
    public BundleDeclarations? LastDeclared { get; init; }

    /// <summary>The policy set in force in the domain <see cref="PolicyDomains.Tokens"/>; null when there is none.</summary>
    public string? ActivePolicyVersion { get; init; }
}

public enum BundleAction
{
    Create,
    Update,
    Delete,

    /// <summary>Store a policy set, so that it can be activated; it is not in force by that.</summary>
    Upload,
}

/// <summary>One object to write.</summary>
public sealed record BundleStep
{
    public required BundleAction Action { get; init; }

    /// <summary><c>identity</c>, <c>group</c>, <c>api</c> or <c>policy-set</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The object's id; of a group its Cedar literal, of a policy set its version.</summary>
    public required string Id { get; init; }

    /// <summary>One line per change, <c>field: old → new</c>, <c>field: + added</c> or <c>field: - removed</c>.</summary>
    public required ImmutableArray<string> Changes { get; init; }

    /// <summary>
    /// Something is taken away: an object, membership, key, scope or parent, time before an expiry, a limit; or an attribute changed. (Whether a
    /// policy grants less by an addition, only the policy knows: treat every apply as narrowing.)
    /// </summary>
    public bool Narrows { get; init; }

    /// <summary>The identity as it is to be stored; null unless an identity is created or updated.</summary>
    public Identity? Identity { get; init; }

    /// <summary>The group as it is to be stored; null unless a group is created or updated.</summary>
    public Group? Group { get; init; }

    /// <summary>The API as it is to be stored; null unless an API is created or updated.</summary>
    public Api? Api { get; init; }

    /// <summary>The policy set to store; null unless the action is <see cref="BundleAction.Upload"/>.</summary>
    public PolicyDocument? Policies { get; init; }
}
