using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Replay;

namespace Assay.Core.Shadowing;

/// <summary>What the shadow policy set said beside a decision: only what differs from it. It has no part in the decision.</summary>
/// <param name="Version">The content hash of the shadow set.</param>
/// <param name="Scopes">The scopes about which it says something else, in the order of the request; empty when it says the same.</param>
/// <param name="Lifetime">The life a token would have; null when it is the same.</param>
/// <param name="Fault">What kept it from answering, which is a defect of ours; null when it answered.</param>
public sealed record ShadowAnswer(string Version, ImmutableArray<ScopeAnswer> Scopes, TimeSpan? Lifetime = null, string? Fault = null)
{
    /// <summary>Whether it would have answered anything else, also what no caller notices: that a scope is withheld for another reason.</summary>
    public bool Differs => !Scopes.IsEmpty || Lifetime is not null;

    /// <summary>How it differs from the decision it was asked beside.</summary>
    public ShadowDifferences DifferencesFrom(Verdict verdict)
    {
        if (Fault is not null)
            return ShadowDifferences.Failed;
        if (!Differs)
            return ShadowDifferences.Same;

        var found = ShadowDifferences.None;
        foreach (var would in Scopes)
            found |= Of(DecisionDifference.KindOf(WasGranted(verdict, would.Scope), would.Outcome));

        // Where one of them grants nothing there is no token whose life could differ.
        if (Lifetime is { } life && life > TimeSpan.Zero && verdict.Lifetime > TimeSpan.Zero)
            found |= life < verdict.Lifetime ? ShadowDifferences.Shorter : ShadowDifferences.Longer;
        return found;
    }

    /// <summary>By content.</summary>
    public bool Equals(ShadowAnswer? other) =>
        other is not null && Version == other.Version && Lifetime == other.Lifetime && Fault == other.Fault && Scopes.AsSpan().SequenceEqual(other.Scopes.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Version, Scopes.Length, Lifetime, Fault);

    private static bool WasGranted(Verdict verdict, string scope)
    {
        foreach (var decided in verdict.Scopes)
        {
            if (decided.Scope == scope)
                return decided.Granted;
        }

        return false;
    }

    private static ShadowDifferences Of(ChangeKind? kind) => kind switch
    {
        ChangeKind.Gained => ShadowDifferences.Gained,
        ChangeKind.Lost => ShadowDifferences.Lost,
        ChangeKind.StepUp => ShadowDifferences.StepUp,
        _ => ShadowDifferences.OtherReason,
    };
}

/// <summary>The ways in which one answer differs; several may hold of one decision.</summary>
[Flags]
public enum ShadowDifferences
{
    None = 0,

    /// <summary>Nothing differs.</summary>
    Same = 1,

    /// <summary>A scope that was withheld would be granted.</summary>
    Gained = 1 << 1,

    /// <summary>A scope that was granted would be withheld.</summary>
    Lost = 1 << 2,

    /// <summary>A scope would be granted only after a verification.</summary>
    StepUp = 1 << 3,

    /// <summary>The token would live shorter.</summary>
    Shorter = 1 << 4,

    /// <summary>The token would live longer.</summary>
    Longer = 1 << 5,

    /// <summary>A scope would be withheld too, for another reason.</summary>
    OtherReason = 1 << 6,

    /// <summary>There is no answer, because of a defect of ours.</summary>
    Failed = 1 << 7,
}
