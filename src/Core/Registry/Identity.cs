using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Registry;

/// <summary>What an identity stands for: a machine, or a person who approves and administers.</summary>
public enum IdentityKind
{
    Workload,
    Person,
}

/// <summary>One identity: what a bundle declares of it and what happened to it since. Immutable; every change makes a new version.</summary>
public sealed record Identity
{
    /// <summary>The client identifier (RFC 6749 §2.2): 1 to 128 characters of <c>A–Z a–z 0–9 . _ : / @ -</c>.</summary>
    public required string Id { get; init; }

    public IdentityKind Kind { get; init; } = IdentityKind.Workload;

    public string? Name { get; init; }

    /// <summary>Who answers for it: a team or a person, for people to read.</summary>
    public string? Owner { get; init; }

    /// <summary>The bundle whose declared fields these are; null when the admin API made it.</summary>
    public string? ManagedBy { get; init; }

    /// <summary>The grant types it may use (RFC 6749 §4).</summary>
    public ImmutableArray<string> GrantTypes { get; init; } = ["client_credentials"];

    /// <summary>The resource a token is for when the request names none (RFC 8707 §2).</summary>
    public string? DefaultResource { get; init; }

    /// <summary>Token requests a second that are decided for it, cluster-wide; null for the cluster's default.</summary>
    public int? RequestsPerSecond { get; init; }

    /// <summary>Cedar attributes of its entity, beside the built-in ones.</summary>
    public RecordValue Attributes { get; init; } = RecordValue.Empty;

    public ImmutableArray<Credential> Credentials { get; init; } = [];

    public ImmutableArray<Membership> Memberships { get; init; } = [];

    /// <summary>Never in a bundle: risk signals raised against it.</summary>
    public ImmutableArray<RiskSignal> Signals { get; init; } = [];

    /// <summary>Never in a bundle, and no bundle clears it.</summary>
    public DateTimeOffset? DisabledAt { get; init; }

    public string? DisabledReason { get; init; }
}

public enum CredentialKind
{
    /// <summary>A public key the client proves possession of (RFC 7523).</summary>
    PublicKey,

    /// <summary>A secret that Assay made, kept as a keyed hash.</summary>
    Secret,
}

/// <summary>One way an identity proves itself. A revoked one stays as a tombstone, so that no bundle brings it back.</summary>
public sealed record Credential
{
    /// <summary>
    /// Names the credential within the realm: the RFC 7638 thumbprint of a public key, or <c>secret-…</c> with random text for a secret.
    /// </summary>
    public required string Handle { get; init; }

    public required CredentialKind Kind { get; init; }

    /// <summary>The public JWK (RFC 7517) as JSON text; null for a secret.</summary>
    public string? PublicJwk { get; init; }

    /// <summary>HMAC-SHA-256 of the secret under the cluster's pepper, base64url; null for a key.</summary>
    public string? SecretHash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Set while a containment keeps it out of use. Unlike a revocation it is lifted by undoing that act, and by nothing else.</summary>
    public DateTimeOffset? FrozenAt { get; init; }

    public string? ManagedBy { get; init; }

    public bool IsLiveAt(DateTimeOffset now) => RevokedAt is null && FrozenAt is null && (ExpiresAt is not { } end || now < end);
}

/// <summary>The identity belongs to a role or a team, for good or until a moment.</summary>
public sealed record Membership
{
    /// <summary><c>Assay::Role::"…"</c> or <c>Assay::Team::"…"</c>.</summary>
    public required EntityUid Group { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public string? ManagedBy { get; init; }

    /// <summary>
    /// Set when someone removed a membership that a bundle still declares: the removal wins until it is added again by an explicit call.
    /// </summary>
    public DateTimeOffset? RemovedAt { get; init; }

    public bool IsLiveAt(DateTimeOffset now) => RemovedAt is null && (ExpiresAt is not { } end || now < end);
}

/// <summary>A reason to trust an identity less. Its weight fades with its half-life.</summary>
public sealed record RiskSignal
{
    /// <summary>What was seen, for instance <c>credential-leaked</c>. One live signal per name and source.</summary>
    public required string Name { get; init; }

    /// <summary>Who said so: <c>admin</c>, a detector, a stream.</summary>
    public required string Source { get; init; }

    /// <summary>1 to 100: the risk score this signal gives on its own when fresh.</summary>
    public required int Weight { get; init; }

    public required DateTimeOffset RaisedAt { get; init; }

    /// <summary>The time in which its weight halves; null when it does not fade.</summary>
    public TimeSpan? HalfLife { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }
}
