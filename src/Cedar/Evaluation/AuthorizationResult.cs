using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>A decision and everything that led to it.</summary>
/// <param name="Decision">Allow when a permit and no forbid is satisfied.</param>
/// <param name="SatisfiedPermits">All satisfied permits, in the order of the policy set, also when a forbid overrides them.</param>
/// <param name="SatisfiedForbids">All satisfied forbids, in the order of the policy set.</param>
/// <param name="Errors">The policies whose evaluation failed; they count as not satisfied here.</param>
public sealed record AuthorizationResult(
    Decision Decision,
    ImmutableArray<Policy> SatisfiedPermits,
    ImmutableArray<Policy> SatisfiedForbids,
    ImmutableArray<EvaluationError> Errors)
{
    /// <summary>The determining policies: the satisfied forbids if there are any, else the satisfied permits.</summary>
    public ImmutableArray<Policy> Reasons => SatisfiedForbids.IsEmpty ? SatisfiedPermits : SatisfiedForbids;
}
