using System.Collections.Immutable;
using Assay.Core.Decisions;

namespace Assay.Core.Replay;

/// <summary>What one decision said of one scope, as far as decisions are compared by it.</summary>
public readonly record struct ScopeAnswer(string Scope, ScopeOutcome Outcome, ImmutableArray<string> StepUp)
{
    public bool Granted => Outcome == ScopeOutcome.Granted;

    /// <summary>By content; the order of verifications does not matter.</summary>
    public bool Equals(ScopeAnswer other) => Scope == other.Scope && Outcome == other.Outcome && SameStepUp(other);

    public override int GetHashCode() => HashCode.Combine(Scope, Outcome);

    internal bool SameStepUp(ScopeAnswer other)
    {
        if (StepUp.Length != other.StepUp.Length)
            return false;
        foreach (var verification in StepUp)
        {
            if (!other.StepUp.Contains(verification))
                return false;
        }

        return true;
    }
}

/// <summary>The scopes of one decision and the life of its token, in memory that is used again for the next one.</summary>
public sealed class DecisionAnswers
{
    private ScopeAnswer[] scopes = new ScopeAnswer[8];
    private int count;

    /// <summary>One per requested scope, in the order of the request. Valid until this object changes.</summary>
    public ReadOnlySpan<ScopeAnswer> Scopes => scopes.AsSpan(0, count);

    /// <summary>The life of the token; zero when nothing is granted.</summary>
    public TimeSpan Lifetime { get; set; }

    public void Clear() => (count, Lifetime) = (0, TimeSpan.Zero);

    public void Add(ScopeAnswer answer)
    {
        if (count == scopes.Length)
            Array.Resize(ref scopes, count * 2);
        scopes[count++] = answer;
    }

    public void Set(Verdict verdict)
    {
        Clear();
        foreach (var scope in verdict.Scopes)
            Add(new ScopeAnswer(scope.Scope, scope.Outcome, scope.StepUp));
        Lifetime = verdict.Lifetime;
    }
}
