using System.Collections.Immutable;

namespace Assay.Core.Decisions;

/// <summary>What policy says to one request: a decision per scope, and the life of the token.</summary>
/// <param name="Scopes">One per requested scope, in the order of the request.</param>
/// <param name="Lifetime">The life a token over the granted scopes may have; zero when none is granted.</param>
public sealed record Verdict(ImmutableArray<ScopeDecision> Scopes, TimeSpan Lifetime)
{
    /// <summary>Whether at least one scope is granted.</summary>
    public bool GrantsAny
    {
        get
        {
            foreach (var scope in Scopes)
            {
                if (scope.Granted)
                    return true;
            }

            return false;
        }
    }

    // Worked out once. A copy with other scopes has it too, so it says of which it is.
    private Grant? grant;

    /// <summary>The granted scopes, in the order of the request.</summary>
    public ImmutableArray<string> GrantedScopes()
    {
        var known = grant;
        if (known is null || known.Of != Scopes)
            grant = known = new Grant(Scopes, Granted());
        return known.Scopes;
    }

    private ImmutableArray<string> Granted()
    {
        var granted = ImmutableArray.CreateBuilder<string>(Scopes.Length);
        foreach (var scope in Scopes)
        {
            if (scope.Granted)
                granted.Add(scope.Scope);
        }

        return granted.DrainToImmutable();
    }

    /// <summary>By content.</summary>
    public bool Equals(Verdict? other) => other is not null && Lifetime == other.Lifetime && Scopes.AsSpan().SequenceEqual(other.Scopes.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Scopes.Length, Lifetime);

    private sealed record Grant(ImmutableArray<ScopeDecision> Of, ImmutableArray<string> Scopes);
}

/// <summary>One scope of one request.</summary>
public sealed record ScopeDecision
{
    public required string Scope { get; init; }
    public required ScopeOutcome Outcome { get; init; }

    /// <summary>Ids of the policies that decided: satisfied forbids if there are any, else satisfied permits (with their obligations in force).</summary>
    public ImmutableArray<string> Policies { get; init; } = [];

    /// <summary>Policies that could not be evaluated: <c>id: message</c>.</summary>
    public ImmutableArray<string> Errors { get; init; } = [];

    /// <summary>Verifications that would open the scope (<c>@step_up</c>).</summary>
    public ImmutableArray<string> StepUp { get; init; } = [];

    /// <summary>Texts of <c>@reason</c> of the deciding policies.</summary>
    public ImmutableArray<string> Reasons { get; init; } = [];

    /// <summary>Of those, the ones marked <c>@public</c>: the caller may see them.</summary>
    public ImmutableArray<string> PublicReasons { get; init; } = [];

    /// <summary>The smallest <c>@max_ttl</c> over the satisfied permits; null when none says.</summary>
    public TimeSpan? MaxLifetime { get; init; }

    public bool Granted => Outcome == ScopeOutcome.Granted;

    /// <summary>By content.</summary>
    public bool Equals(ScopeDecision? other) =>
        other is not null && Scope == other.Scope && Outcome == other.Outcome && MaxLifetime == other.MaxLifetime &&
        Policies.AsSpan().SequenceEqual(other.Policies.AsSpan()) &&
        Errors.AsSpan().SequenceEqual(other.Errors.AsSpan()) &&
        StepUp.AsSpan().SequenceEqual(other.StepUp.AsSpan()) &&
        Reasons.AsSpan().SequenceEqual(other.Reasons.AsSpan()) &&
        PublicReasons.AsSpan().SequenceEqual(other.PublicReasons.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Scope, Outcome, MaxLifetime, Policies.Length);
}

public enum ScopeOutcome
{
    Granted,

    /// <summary>The API declares no such scope.</summary>
    UnknownScope,

    /// <summary>No permit was satisfied.</summary>
    NoPermit,

    /// <summary>A forbid was satisfied.</summary>
    Forbidden,

    /// <summary>Only soft forbids stand in the way; a verification opens it.</summary>
    StepUpRequired,

    /// <summary>A satisfied permit asks for a token binding the request does not have.</summary>
    BindingRequired,

    /// <summary>A forbid could not be evaluated: closed by default.</summary>
    PolicyError,
}
