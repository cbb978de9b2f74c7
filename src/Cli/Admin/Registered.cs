using System.Collections.Immutable;
using System.Text.Json;
using Assay.Cedar;
using Assay.Core.Policies;

namespace Assay.Cli.Admin;

// What GET /admin/v1 answers, as far as people are shown it. Members the server adds are ignored.

internal sealed record IdentityList(ImmutableArray<IdentityView> Identities, string? Next);

internal sealed record IdentityView
{
    public required string Id { get; init; }
    public string Kind { get; init; } = "workload";
    public long Number { get; init; }
    public string? Name { get; init; }
    public string? Owner { get; init; }
    public string? ManagedBy { get; init; }
    public ImmutableArray<string> GrantTypes { get; init; } = [];
    public string? DefaultResource { get; init; }
    public int? RequestsPerSecond { get; init; }
    public JsonElement? Attributes { get; init; }
    public ImmutableArray<CredentialView> Credentials { get; init; } = [];
    public ImmutableArray<MembershipView> Memberships { get; init; } = [];
    public ImmutableArray<SignalView> Signals { get; init; } = [];
    public RiskView Risk { get; init; } = new(0, "low", []);
    public DateTimeOffset? DisabledAt { get; init; }
    public string? DisabledReason { get; init; }
}

internal sealed record CredentialView(
    string Handle, string Kind, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, string? ManagedBy, DateTimeOffset? FrozenAt = null);

internal sealed record MembershipView(string Group, DateTimeOffset? ExpiresAt, DateTimeOffset? RemovedAt, string? ManagedBy);

internal sealed record SignalView(string Name, string Source, int Weight, DateTimeOffset RaisedAt, string? HalfLife, DateTimeOffset? ExpiresAt);

internal sealed record RiskView(int Score, string Level, ImmutableArray<string> Signals);

internal sealed record ChangeView(long Number, bool Changed, string? Handle, string? Secret);

internal sealed record PolicyDomainList(ImmutableArray<PolicyDomainView> Domains);

internal sealed record PolicyDomainView(
    string Domain, string? Active, long ActiveSince, ImmutableArray<string> Previous, ImmutableArray<PolicyVersionView> Versions, string? Shadow = null);

internal sealed record PolicyVersionView(string Version, long Number, int Policies);

internal sealed record PolicyContentView(
    string Domain,
    string Version,
    ImmutableArray<PolicyFileView> Files,
    string? Schema,
    bool Active,
    string? Actions,
    ImmutableArray<PolicyLinkView> Links,
    ImmutableArray<PolicyFileView> Tests)
{
    /// <summary>The set as it is stored, but for the places of its links.</summary>
    public PolicyDocument Document() => new([.. Files.Select(file => new PolicyFile(file.Path, file.Text))], Schema)
    {
        Actions = Actions,
        Links = Links.IsDefault ? [] : [.. Links.Select((link, i) => new PolicyLink(link.Id, link.Template, Entity(link.Principal), Entity(link.Resource), i + 1, 1))],
    };

    private static EntityUid? Entity(string? text) => EntityUid.TryParse(text, out var uid) ? uid : null;
}

internal sealed record PolicyLinkView(string Id, string Template, string? Principal, string? Resource);

internal sealed record PolicyFileView(string Path, string Text);

internal sealed record ActivationView(string Domain, string Active, long Number, bool Changed);

internal sealed record PolicyUploadedView(string Domain, string Version, long Number);

internal sealed record PolicyHistoryView(ImmutableArray<PolicyEventView> Events);

internal sealed record PolicyEventView(string Domain, string Event, string Version, string By, DateTimeOffset At, string? Reason, string? Through, long Number);

internal sealed record ShadowStatusList(ImmutableArray<ShadowStatusView> Shadows);

/// <param name="Counts">Decisions by how the shadow would have answered; <c>asked</c> are all it was asked beside.</param>
internal sealed record ShadowStatusView(
    string Domain, string Version, bool InForce, PolicyEventView Begun, ImmutableDictionary<string, long> Counts, ImmutableArray<ShadowDifferenceView> Differences);

internal sealed record ShadowDifferenceView(string Id, DateTimeOffset Time, string Identity, string Resource, ShadowSaidView Shadow);

internal sealed record ShadowSaidView(string Version, ImmutableArray<string> Kinds, ImmutableArray<ShadowScopeView> Scopes, int? LifetimeSeconds, string? Fault);

internal sealed record ShadowScopeView(string Scope, string Before, string After, ImmutableArray<string> StepUp);

internal sealed record ShadowChangeView(string Domain, string? Version, long Number, bool Changed);

internal sealed record KeyList(ImmutableArray<KeyView> Keys);

internal sealed record KeyView(
    string Kid,
    string Purpose,
    string Algorithm,
    string State,
    DateTimeOffset AnnouncedAt,
    DateTimeOffset? ActivatesAt,
    DateTimeOffset? RetiresAt,
    DateTimeOffset? RemovedAt,
    DateTimeOffset? WithdrawnAt);

internal sealed record RotationView(string Kid, DateTimeOffset ActivatesAt, long Number);

internal sealed record WithdrawalView(long Number, string? SignsNext, DateTimeOffset? SignsFrom);

internal sealed record RevocationList(ImmutableArray<RevocationView> Revocations);

internal sealed record RevocationView(
    string Kind, string Name, DateTimeOffset? Since, DateTimeOffset? Until, DateTimeOffset At, string Actor, string Reason, bool Matters);

internal sealed record ContainmentView(long Act, long Number, bool Changed, string Kind, string Name, string? Identity, ImmutableArray<string> Parts);

internal sealed record ContainmentList(ImmutableArray<ContainmentEventView> Containments);

internal sealed record ContainmentEventView(
    long Act, string Event, string Kind, string Name, string? Identity, string Reason, DateTimeOffset At, string Actor, long Number, bool Stands);

internal sealed record BlastRadiusView
{
    public required string Kind { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset At { get; init; }
    public required DateTimeOffset Since { get; init; }
    public long LookedAt { get; init; }
    public DateTimeOffset? ReachedBackTo { get; init; }
    public long Damaged { get; init; }
    public required ReachView Total { get; init; }
    public ImmutableArray<ReachView> Identities { get; init; } = [];
    public ImmutableArray<ReachView> Credentials { get; init; } = [];
    public ImmutableArray<ReachView> Resources { get; init; } = [];
    public ImmutableArray<ReachView> Addresses { get; init; } = [];
    public long LeftOut { get; init; }
    public ImmutableArray<LiveTokenView> Tokens { get; init; } = [];
    public string? Next { get; init; }
}

internal sealed record ReachView(
    string Name, long Tokens, long Live, long Refused, DateTimeOffset? LiveUntil, DateTimeOffset? First, DateTimeOffset? Last, ImmutableArray<string> Scopes)
{
    /// <summary>Of an identity: <c>enabled</c>, <c>disabled</c> or <c>deleted</c>.</summary>
    public string? State { get; init; }
}

internal sealed record LiveTokenView(
    string Jti, string Identity, string Credential, string Resource, ImmutableArray<string> Scopes, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt, string? Address, string? Kid);

internal sealed record IntrospectionView(
    bool Active, string? Because, string? Scope, string? ClientId, string? Audience, DateTimeOffset? ExpiresAt, string? Jti, string? Kid);

/// <summary>A record as it is stored, with the proof that it is in the log.</summary>
internal sealed record InclusionView(
    string Id, long Shard, long Position, long Size, string? Salt, string? Record, string Leaf, ImmutableArray<string> Path, string Checkpoint);

internal sealed record DropView(DateTimeOffset Before, long Dropped);

internal sealed record EvidenceList(ImmutableArray<RecordView> Records, DateTimeOffset? LookedBackTo, string? Next = null);

/// <summary>One evidence record. Of an administrator's action, <see cref="Action"/> and <see cref="Target"/> say what was done.</summary>
internal sealed record RecordView
{
    /// <summary>What <c>explain</c> takes; of a permit it is the token's <c>jti</c>.</summary>
    public required string Id { get; init; }
    public required string Kind { get; init; }

    /// <summary><c>shard/position</c></summary>
    public string? Place { get; init; }
    public required DateTimeOffset Time { get; init; }
    public string? Node { get; init; }
    public string? RequestId { get; init; }
    public string? Identity { get; init; }
    public string? Credential { get; init; }
    public string? Resource { get; init; }
    public ImmutableArray<string> Requested { get; init; } = [];
    public ImmutableArray<string> Granted { get; init; } = [];
    public string? Error { get; init; }
    public string? Jti { get; init; }
    public string? Kid { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public string? SigningInputSha256 { get; init; }
    public string? Action { get; init; }
    public string? Target { get; init; }
    public long? Number { get; init; }

    /// <summary>Of an action of several parts: why, and each of them.</summary>
    public string? Reason { get; init; }
    public ImmutableArray<string>? Parts { get; init; }

    /// <summary>What the shadow policy set said beside the decision; null when none was asked.</summary>
    public ShadowSaidView? Shadow { get; init; }
}

internal sealed record ApiList(ImmutableArray<ApiView> Apis);

internal sealed record ApiView(string Resource, string? Name, string? ManagedBy, string PolicyDomain, ImmutableArray<ApiScopeView> Scopes, int? MaxTokenLifetimeSeconds)
{
    public ImmutableArray<string> Parents { get; init; } = [];
    public JsonElement? Attributes { get; init; }
}

internal sealed record ApiScopeView(string Name, string? Description)
{
    public ImmutableArray<string> Groups { get; init; } = [];
}

internal sealed record GroupList(ImmutableArray<GroupView> Groups);

internal sealed record GroupView(string Group, string? Description, string? ManagedBy)
{
    public ImmutableArray<string> Parents { get; init; } = [];
    public JsonElement? Attributes { get; init; }
}

internal sealed record SiloList(ImmutableArray<SiloView> Silos, long Head);

internal sealed record SiloView
{
    public required long Epoch { get; init; }
    public required string Slot { get; init; }
    public string? Address { get; init; }
    public string State { get; init; } = "active";
    public double? LeaseAgeSeconds { get; init; }
    public required long Acknowledged { get; init; }
    public long? Lag { get; init; }
    public SiloFiguresView? Figures { get; init; }
}

internal sealed record SiloFiguresView(int PendingRecords, SpreadView? BatchRecords, SpreadView? CommitMilliseconds, SpreadView? NarrowingMilliseconds);

internal sealed record SpreadView(double P50, double P99);

internal sealed record EventStreamList(ImmutableArray<EventStreamView> Streams, string? Next);

internal sealed record EventStreamView(
    string Id, string Owner, string? Endpoint, string Status, string? StatusReason, string? Held, ImmutableArray<string> Events, ImmutableArray<string> Subjects,
    long Behind, long Delivered, long Refused);
