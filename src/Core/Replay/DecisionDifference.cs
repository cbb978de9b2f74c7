using System.Collections.Immutable;
using Assay.Core.Decisions;

namespace Assay.Core.Replay;

/// <summary>How an answer about a scope, or the life of the whole token, differs from the one that was given.</summary>
public enum ChangeKind
{
    /// <summary>Was withheld and would be granted.</summary>
    Gained,

    /// <summary>Was granted and would be withheld.</summary>
    Lost,

    /// <summary>Would be granted only after a verification: was granted, or was withheld without that way, or with another one.</summary>
    StepUp,

    /// <summary>The token would live shorter.</summary>
    Shorter,

    /// <summary>The token would live longer.</summary>
    Longer,
}

/// <param name="Scope">Null for the life of the token, which its scopes share.</param>
/// <param name="Before">Of a scope: what was answered.</param>
/// <param name="After">Of a scope: what would be.</param>
/// <param name="StepUp">The verifications that would open it.</param>
public readonly record struct AnswerChange(ChangeKind Kind, string? Scope, ScopeOutcome? Before, ScopeOutcome? After, ImmutableArray<string> StepUp)
{
    /// <summary>It takes a scope away, for good or until a verification.</summary>
    public bool TakesAway => Before == ScopeOutcome.Granted;
}

/// <summary>Compares the answers of two decisions about the same request.</summary>
public static class DecisionDifference
{
    /// <summary>What the caller would notice, added to <paramref name="changes"/>.</summary>
    /// <returns>Whether anything differs, also what no caller notices: that a scope is withheld for another reason.</returns>
    public static bool Between(DecisionAnswers before, DecisionAnswers after, List<AnswerChange> changes)
    {
        var was = before.Scopes;
        var would = after.Scopes;
        if (was.Length != would.Length)
            throw new ArgumentException("the decisions are not about the same scopes", nameof(after));

        var differs = before.Lifetime != after.Lifetime;
        for (var i = 0; i < was.Length; i++)
        {
            if (was[i].Outcome == would[i].Outcome && (was[i].Outcome != ScopeOutcome.StepUpRequired || was[i].SameStepUp(would[i])))
                continue;
            differs = true;
            if (KindOf(was[i].Granted, would[i].Outcome) is { } kind)
                changes.Add(new AnswerChange(kind, was[i].Scope, was[i].Outcome, would[i].Outcome, would[i].StepUp));
        }

        // Where one of them grants nothing there is no token whose life could differ.
        if (before.Lifetime != after.Lifetime && before.Lifetime > TimeSpan.Zero && after.Lifetime > TimeSpan.Zero)
            changes.Add(new AnswerChange(after.Lifetime < before.Lifetime ? ChangeKind.Shorter : ChangeKind.Longer, null, null, null, []));
        return differs;
    }

    /// <summary>What a caller notices of a scope about which something else is said; null when it is withheld as before, for another reason.</summary>
    internal static ChangeKind? KindOf(bool wasGranted, ScopeOutcome would) =>
        would == ScopeOutcome.Granted ? ChangeKind.Gained
        : would == ScopeOutcome.StepUpRequired ? ChangeKind.StepUp
        : wasGranted ? ChangeKind.Lost
        : null;
}
