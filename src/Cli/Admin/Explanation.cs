using System.Collections.Immutable;

namespace Assay.Cli.Admin;

/// <summary>What a token turned out to be, and its record explained.</summary>
/// <param name="Finding">Null for the id of a record that is no token's.</param>
/// <param name="Explanation">Null when there is no record.</param>
internal sealed record Examination(FindingView? Finding, Explanation? Explanation);

/// <param name="Life"><c>live</c>, <c>expired</c> or <c>ended</c>; null when there is no record.</param>
/// <param name="IsRecorded">Whether it is the recorded token; null when only the jti was at hand.</param>
/// <param name="IsSigned">Whether a published key signed it; null when only the jti was at hand.</param>
internal sealed record FindingView(string Class, string Because, string? Life, bool? IsRecorded, bool? IsSigned);

/// <summary>Why a request was, or would be, answered as it is.</summary>
internal sealed record Explanation
{
    public required string Identity { get; init; }

    /// <summary>The record asked about; null for a question about now.</summary>
    public RecordView? Record { get; init; }

    /// <summary>The recorded decision; null for a question about now.</summary>
    public DecisionView? Then { get; init; }

    /// <summary>The same request decided now; null for a record of something else than a request.</summary>
    public DecisionView? Now { get; init; }

    /// <summary>What changed between then and now, in sentences.</summary>
    public ImmutableArray<string> Changes { get; init; } = [];

    /// <summary>Every policy the decisions name.</summary>
    public ImmutableArray<PolicyView> Policies { get; init; } = [];

    /// <summary>Whether the record, decided again from itself and stored versions alone, gives the same answer.</summary>
    public ReDecisionView? ReDecision { get; init; }
}

internal sealed record DecisionView
{
    public required DateTimeOffset Time { get; init; }

    /// <summary>What the question took for granted.</summary>
    public ImmutableArray<string> Assumed { get; init; } = [];

    /// <summary>Set when it was refused before policy was asked.</summary>
    public string? Refusal { get; init; }
    public string? RefusalDetail { get; init; }
    public string? Resource { get; init; }
    public string? GrantType { get; init; }
    public string? AuthenticationMethod { get; init; }
    public string? Credential { get; init; }
    public string? Binding { get; init; }
    public string? OriginIp { get; init; }
    public RiskView? Risk { get; init; }
    public ImmutableArray<MembershipView> Entitlements { get; init; } = [];
    public double? EntitlementAgeSeconds { get; init; }
    public double? RiskAgeSeconds { get; init; }
    public long? IdentityNumber { get; init; }
    public long? DirectoryNumber { get; init; }
    public string? PolicyDomain { get; init; }
    public string? PolicyVersion { get; init; }
    public ImmutableArray<ScopeView> Scopes { get; init; } = [];
    public int LifetimeSeconds { get; init; }

    public ImmutableArray<string> Granted => [.. Scopes.Where(scope => scope.IsGranted).Select(scope => scope.Scope)];
}

internal sealed record ScopeView
{
    public required string Scope { get; init; }
    public required string Outcome { get; init; }
    public ImmutableArray<string> Policies { get; init; } = [];
    public ImmutableArray<string> Errors { get; init; } = [];
    public ImmutableArray<string> StepUp { get; init; } = [];
    public ImmutableArray<string> Reasons { get; init; } = [];

    /// <summary>What stands between the request and this scope, nearest first.</summary>
    public ImmutableArray<MissingView> Missing { get; init; } = [];

    /// <summary>The smallest sets of changes that have it granted, each decided again with.</summary>
    public ImmutableArray<ImmutableArray<RemedyView>> Ways { get; init; } = [];

    public bool IsGranted => Outcome == "granted";
}

/// <param name="Needs">A sentence or the condition's own text.</param>
/// <param name="Found">The values it saw: <c>context.risk.score = 71</c>.</param>
/// <param name="Group">A group whose membership would satisfy it.</param>
/// <param name="Signals">Signals whose clearing would lower the risk it looks at.</param>
internal sealed record MissingView(
    string? Policy, string Needs, ImmutableArray<string> Found, string? Group, ImmutableArray<string> Signals);

/// <param name="Subject">The group, the signal, the verification, … it is about.</param>
internal sealed record RemedyView(string Kind, string Text, string? Subject);

internal sealed record PolicyView(string Id, string Effect, string File, int Line, string Text, bool InForce);

internal sealed record ReDecisionView(bool Same, string? Detail);
