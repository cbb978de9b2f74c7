using Assay.Core.Decisions;
using Assay.Core.Evidence;

namespace Assay.Core.Forensics;

/// <summary>Which records are meant; what is null does not matter.</summary>
public sealed record EvidenceFilter
{
    public EvidenceKind? Kind { get; init; }

    /// <summary>The API, as it was registered.</summary>
    public string? Resource { get; init; }

    /// <summary>The id of a policy that decided about a scope or could not be evaluated, or the version of the policy set.</summary>
    public string? Policy { get; init; }

    /// <summary>The outcome of a scope (<see cref="ScopeOutcome"/>), or why it was refused before policy was asked; without regard to case.</summary>
    public string? Outcome { get; init; }

    /// <summary>The address the request came from.</summary>
    public string? OriginIp { get; init; }

    public bool Matches(EvidenceRecord record) =>
        (Kind is null || record.Kind == Kind)
        && (Resource is null || record.Input?.Resource == Resource)
        && (OriginIp is null || record.Input?.OriginIp == OriginIp)
        && (Policy is null || Decided(record, Policy))
        && (Outcome is null || Ended(record, Outcome));

    /// <summary>Whether a policy or a version of the set had a part in a decision.</summary>
    public static bool Decided(EvidenceRecord record, string policy)
    {
        if (record.Input?.PolicyVersion == policy)
            return true;
        foreach (var scope in record.Verdict?.Scopes ?? [])
        {
            if (scope.Policies.Contains(policy))
                return true;
            foreach (var error in scope.Errors)
            {
                if (error.Length > policy.Length && error[policy.Length] == ':' && error.StartsWith(policy, StringComparison.Ordinal))
                    return true;
            }
        }

        return false;
    }

    private static bool Ended(EvidenceRecord record, string outcome)
    {
        if (string.Equals(record.Refusal, outcome, StringComparison.OrdinalIgnoreCase))
            return true;
        foreach (var scope in record.Verdict?.Scopes ?? [])
        {
            if (string.Equals(scope.Outcome.ToString(), outcome, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }
}
