using System.Collections.Immutable;
using System.Text.Json;
using Assay.Cedar;
using Assay.Core.Registry;
using Assay.Core.Risk;

namespace Assay.Silo.Admin.Wire;

internal sealed record IdentityPage(ImmutableArray<IdentityAnswer> Identities, string? Next);

/// <summary>An identity: what is declared of it and what happened to it since. Secrets are never in it, nor their hashes.</summary>
internal sealed record IdentityAnswer
{
    public required string Id { get; init; }

    /// <summary>The version; <c>If-Match</c> takes it.</summary>
    public required long Number { get; init; }

    /// <summary><c>workload</c> or <c>person</c></summary>
    public required string Kind { get; init; }

    public string? Name { get; init; }
    public string? Owner { get; init; }

    /// <summary>The bundle that declares it; absent when the admin API does.</summary>
    public string? ManagedBy { get; init; }

    public required ImmutableArray<string> GrantTypes { get; init; }
    public string? DefaultResource { get; init; }
    public int? RequestsPerSecond { get; init; }

    /// <summary>Cedar attributes in Cedar's JSON form.</summary>
    public JsonElement? Attributes { get; init; }

    public required ImmutableArray<CredentialAnswer> Credentials { get; init; }
    public required ImmutableArray<MembershipAnswer> Memberships { get; init; }
    public required ImmutableArray<SignalAnswer> Signals { get; init; }
    public required RiskAnswer Risk { get; init; }
    public DateTimeOffset? DisabledAt { get; init; }
    public string? DisabledReason { get; init; }

    public static IdentityAnswer From(Identity identity, long number, DateTimeOffset now) => new()
    {
        Id = identity.Id,
        Number = number,
        Kind = identity.Kind == IdentityKind.Person ? "person" : "workload",
        Name = identity.Name,
        Owner = identity.Owner,
        ManagedBy = identity.ManagedBy,
        GrantTypes = identity.GrantTypes,
        DefaultResource = identity.DefaultResource,
        RequestsPerSecond = identity.RequestsPerSecond,
        Attributes = AttributesJson.Of(identity.Attributes),
        Credentials = [.. identity.Credentials.Select(CredentialAnswer.From)],
        Memberships = [.. identity.Memberships.Select(MembershipAnswer.From)],
        Signals = [.. identity.Signals.Select(SignalAnswer.From)],
        Risk = RiskAnswer.From(RiskScore.Assess(identity.Signals, now)),
        DisabledAt = identity.DisabledAt,
        DisabledReason = identity.DisabledReason,
    };
}

/// <param name="Handle">The RFC 7638 thumbprint of a key, or <c>secret-…</c>.</param>
/// <param name="Kind"><c>publicKey</c> or <c>secret</c></param>
/// <param name="FrozenAt">Since when a containment keeps it out of use.</param>
internal sealed record CredentialAnswer(
    string Handle, string Kind, JsonElement? PublicJwk, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, string? ManagedBy,
    DateTimeOffset? FrozenAt)
{
    public static CredentialAnswer From(Credential credential) => new(
        credential.Handle,
        credential.Kind == CredentialKind.Secret ? "secret" : "publicKey",
        credential.PublicJwk is { } jwk ? JsonDocument.Parse(jwk).RootElement : null,
        credential.CreatedAt,
        credential.ExpiresAt,
        credential.RevokedAt,
        credential.ManagedBy,
        credential.FrozenAt);
}

/// <param name="Group"><c>Assay::Role::"…"</c> or <c>Assay::Team::"…"</c></param>
/// <param name="RemovedAt">A bundle declares it, and it was removed: it stays removed until it is added by a call.</param>
internal sealed record MembershipAnswer(string Group, DateTimeOffset? ExpiresAt, DateTimeOffset? RemovedAt, string? ManagedBy)
{
    public static MembershipAnswer From(Membership membership) =>
        new(membership.Group.ToString(), membership.ExpiresAt, membership.RemovedAt, membership.ManagedBy);
}

/// <param name="HalfLife">A span such as <c>1h30m</c>; absent when the signal does not fade.</param>
internal sealed record SignalAnswer(string Name, string Source, int Weight, DateTimeOffset RaisedAt, string? HalfLife, DateTimeOffset? ExpiresAt)
{
    public static SignalAnswer From(RiskSignal signal) =>
        new(signal.Name, signal.Source, signal.Weight, signal.RaisedAt, signal.HalfLife is { } life ? SpanText.Write(life) : null, signal.ExpiresAt);
}

/// <param name="Score">0 to 100.</param>
/// <param name="Level"><c>low</c>, <c>medium</c>, <c>high</c> or <c>critical</c></param>
/// <param name="Signals">The names that still weigh.</param>
internal sealed record RiskAnswer(int Score, string Level, ImmutableArray<string> Signals)
{
    public static RiskAnswer From(RiskAssessment risk) => new(risk.Score, risk.Level, risk.Signals);
}

/// <summary>The declared fields of an identity that no bundle manages. Credentials, signals and whether it is disabled have calls of their own.</summary>
internal sealed record IdentityDeclaration
{
    public string Kind { get; init; } = "workload";
    public string? Name { get; init; }
    public string? Owner { get; init; }
    public ImmutableArray<string>? GrantTypes { get; init; }
    public string? DefaultResource { get; init; }
    public int? RequestsPerSecond { get; init; }
    public JsonElement? Attributes { get; init; }
    public ImmutableArray<MembershipDeclaration>? Memberships { get; init; }
}

internal sealed record MembershipDeclaration(string Group, DateTimeOffset? ExpiresAt = null);

/// <summary>One of the two: a public key, or the wish for a secret.</summary>
internal sealed record CredentialWish(JsonElement? PublicJwk = null, bool GenerateSecret = false, DateTimeOffset? ExpiresAt = null);

/// <param name="Weight">1 to 100.</param>
/// <param name="HalfLife">A span such as <c>30m</c>, <c>1h</c> or <c>2d</c>.</param>
internal sealed record SignalWish(int Weight, string? HalfLife = null, DateTimeOffset? ExpiresAt = null);

internal sealed record DisableWish(string Reason);

/// <param name="Number">The version the change became, or was already.</param>
/// <param name="Changed">False when it was so already.</param>
/// <param name="Handle">The credential's handle.</param>
/// <param name="Secret">A secret that was made: in this answer and never again.</param>
internal sealed record ChangeAnswer(long Number, bool Changed, string? Handle, string? Secret);
