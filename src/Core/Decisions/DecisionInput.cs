using System.Collections.Immutable;
using Assay.Core.Risk;

namespace Assay.Core.Decisions;

/// <summary>
/// Everything a decision depends on besides the stored versions it names. Evidence holds it whole, so that anyone can decide again.
/// Times are kept to the millisecond. Equality is by content.
/// </summary>
public sealed record DecisionInput
{
    public required string Realm { get; init; }
    public required string ClientId { get; init; }

    /// <summary>The moment of the decision, UTC; what is finer than a millisecond is cut off, here as in policies and in evidence.</summary>
    public required DateTimeOffset Time { get; init => field = Moment.WholeMilliseconds(value); }

    public required string GrantType { get; init; }

    /// <summary>How the client proved itself: a name from the IANA registry of token endpoint authentication methods.</summary>
    public required string AuthenticationMethod { get; init; }

    /// <summary>The credential's handle (a key's RFC 7638 thumbprint, or <c>secret-…</c>).</summary>
    public required string CredentialHandle { get; init; }

    /// <summary><c>none</c>, <c>dpop</c> or <c>mtls</c>.</summary>
    public string Binding { get; init; } = "none";

    public required string Resource { get; init; }

    /// <summary>The scopes asked for, distinct, in the order of the request; every scope of the API when the request named none.</summary>
    public required ImmutableArray<string> Scopes { get; init; }

    /// <summary>The caller's address as text; null when unknown.</summary>
    public string? OriginIp { get; init; }

    public required RiskAssessment Risk { get; init; }

    /// <summary>How long ago the entitlements used were known to be current.</summary>
    public required TimeSpan EntitlementAge { get; init => field = Moment.WholeMilliseconds(value); }

    /// <summary>How long ago the risk data used was known to be current.</summary>
    public required TimeSpan RiskAge { get; init => field = Moment.WholeMilliseconds(value); }

    /// <summary>Feed number of the identity version used.</summary>
    public required long IdentityNumber { get; init; }

    /// <summary>Feed number up to which roles, teams and APIs were applied.</summary>
    public required long DirectoryNumber { get; init; }

    /// <summary>The policy set in force: domain and content hash.</summary>
    public required string PolicyDomain { get; init; }

    public required string PolicyVersion { get; init; }

    /// <summary>The cluster's default life and ceiling at that moment.</summary>
    public required TimeSpan DefaultLifetime { get; init => field = Moment.WholeMilliseconds(value); }

    public required TimeSpan MaxLifetime { get; init => field = Moment.WholeMilliseconds(value); }

    public bool Equals(DecisionInput? other) =>
        other is not null &&
        (Realm, ClientId, Time, GrantType, AuthenticationMethod, CredentialHandle, Binding).Equals(
            (other.Realm, other.ClientId, other.Time, other.GrantType, other.AuthenticationMethod, other.CredentialHandle, other.Binding)) &&
        (Resource, OriginIp, Risk, EntitlementAge, RiskAge, DefaultLifetime, MaxLifetime).Equals(
            (other.Resource, other.OriginIp, other.Risk, other.EntitlementAge, other.RiskAge, other.DefaultLifetime, other.MaxLifetime)) &&
        (IdentityNumber, DirectoryNumber, PolicyDomain, PolicyVersion).Equals(
            (other.IdentityNumber, other.DirectoryNumber, other.PolicyDomain, other.PolicyVersion)) &&
        Scopes.AsSpan().SequenceEqual(other.Scopes.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Realm, ClientId, Time, Resource, IdentityNumber, DirectoryNumber, PolicyVersion);
}
