using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Policies;

namespace Assay.Core.Decisions;

/// <summary>What becomes of one scope, without the words: the outcome, the verifications that would open it, and the life its permits allow.</summary>
internal readonly record struct ScopeWeight(ScopeOutcome Outcome, ImmutableArray<string> StepUp, TimeSpan? MaxLifetime)
{
    /// <summary>Of a scope about which policy could not be asked, or not wholly: closed by default.</summary>
    public static readonly ScopeWeight Withheld = new(ScopeOutcome.PolicyError, [], null);

    /// <summary>The rules above Cedar (docs/policy.md, "What becomes of a scope").</summary>
    /// <param name="forbidFailed">A forbid could not be evaluated: closed by default.</param>
    public static ScopeWeight Of(LoadedPolicySet policies, ReadOnlySpan<Policy> permits, ReadOnlySpan<Policy> forbids, bool forbidFailed, string binding)
    {
        if (forbidFailed)
            return Withheld;

        if (!forbids.IsEmpty)
        {
            var stepUp = permits.IsEmpty ? [] : Lifting(policies, forbids);
            return new ScopeWeight(stepUp.IsEmpty ? ScopeOutcome.Forbidden : ScopeOutcome.StepUpRequired, stepUp, null);
        }

        if (permits.IsEmpty)
            return new ScopeWeight(ScopeOutcome.NoPermit, [], null);

        // The obligations of every satisfied permit count, not those of the most lenient one.
        TimeSpan? lifetime = null;
        var unbound = false;
        foreach (var permit in permits)
        {
            var obligations = policies.ObligationsOf(permit);
            lifetime = Smaller(lifetime, obligations.MaxLifetime);
            unbound |= !obligations.AllowsBinding(binding);
        }

        return new ScopeWeight(unbound ? ScopeOutcome.BindingRequired : ScopeOutcome.Granted, [], lifetime);
    }

    /// <summary>The smaller of two spans; null is no bound.</summary>
    public static TimeSpan? Smaller(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b ?? a : a;

    /// <summary>The life of a token: what the granted scopes ask for, under both ceilings. Whole seconds: exp is a whole number of them, and what is recorded is what is signed.</summary>
    public static TimeSpan Bounded(TimeSpan asked, TimeSpan? apiCeiling, TimeSpan clusterCeiling)
    {
        var life = Smaller(Smaller(asked, apiCeiling), clusterCeiling).GetValueOrDefault();
        return new TimeSpan(life.Ticks - life.Ticks % TimeSpan.TicksPerSecond);
    }

    /// <summary>The verifications that would lift all of them; empty when one of them is hard.</summary>
    private static ImmutableArray<string> Lifting(LoadedPolicySet policies, ReadOnlySpan<Policy> forbids)
    {
        var needed = ImmutableArray.CreateBuilder<string>(forbids.Length);
        foreach (var forbid in forbids)
        {
            if (policies.ObligationsOf(forbid).StepUp is not { } verification)
                return [];
            if (!needed.Contains(verification))
                needed.Add(verification);
        }

        return needed.DrainToImmutable();
    }
}
