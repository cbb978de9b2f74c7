using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Policies;

namespace Assay.Bundle.Testing;

/// <summary>Which policies of a set tests have exercised. A policy is covered when it decided about a scope in some test.</summary>
public sealed class PolicyCoverage
{
    private readonly LoadedPolicySet policies;
    private readonly Dictionary<string, (int Decided, int Satisfied)> uses;

    internal PolicyCoverage(LoadedPolicySet policies)
    {
        this.policies = policies;
        uses = policies.Policies.Policies.ToDictionary(policy => policy.Id, _ => (0, 0), StringComparer.Ordinal);
    }

    /// <summary>Every policy, in the order of files and text.</summary>
    public ImmutableArray<PolicyUse> Policies => [.. policies.Policies.Policies.Select(policy => new PolicyUse(policy, uses[policy.Id].Decided, uses[policy.Id].Satisfied))];

    /// <summary>Whole percent of the policies that are covered, rounded down, so that 100 means all; 100 of a set without policies.</summary>
    public int Percent => uses.Count == 0 ? 100 : uses.Values.Count(use => use.Decided > 0) * 100 / uses.Count;

    internal void Add(DecisionScene scene, Verdict verdict)
    {
        foreach (var scope in verdict.Scopes)
        {
            if (scope.Outcome == ScopeOutcome.UnknownScope)
                continue;

            // A permit under a forbid is satisfied and does not decide, which the verdict does not tell.
            var result = Authorizer.Authorize(policies.Policies, scene.Ask(scope.Scope), scene.Entities);
            foreach (var policy in result.SatisfiedPermits.Concat(result.SatisfiedForbids))
                uses[policy.Id] = (uses[policy.Id].Decided, uses[policy.Id].Satisfied + 1);
            foreach (var name in scope.Policies)
                uses[name] = (uses[name].Decided + 1, uses[name].Satisfied);
        }
    }
}

/// <summary>One policy.</summary>
/// <param name="Decided">How many scopes of tests it decided about.</param>
/// <param name="Satisfied">For how many it was satisfied, also where a forbid stood over it.</param>
public sealed record PolicyUse(Policy Policy, int Decided, int Satisfied);
