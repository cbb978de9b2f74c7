using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Core.Explaining;

namespace Assay.Silo.Admin.Wire;

/// <param name="LookedBackTo">
/// Set when fewer were found than asked for and not everything was looked at: the time of the oldest record that was. There may be more before it.
/// </param>
/// <param name="Next">Goes on with <c>before</c>; absent when there is no more.</param>
internal sealed record EvidenceList(ImmutableArray<RecordAnswer> Records, DateTimeOffset? LookedBackTo, string? Next);

/// <summary>An evidence record. It means that a token may have left, never that one did.</summary>
internal sealed record RecordAnswer
{
    /// <summary>Names the record; of a permit it is the token's <c>jti</c>.</summary>
    public required string Id { get; init; }

    /// <summary><c>permit</c>, <c>denial</c>, <c>refusal</c>, <c>void</c> or <c>admin</c></summary>
    public required string Kind { get; init; }

    /// <summary><c>shard/position</c> in the log.</summary>
    public required string Place { get; init; }

    public required DateTimeOffset Time { get; init; }
    public required string Node { get; init; }
    public required Guid RequestId { get; init; }

    /// <summary>Who asked for the token, or who administered.</summary>
    public string? Identity { get; init; }

    public string? Credential { get; init; }
    public string? Resource { get; init; }
    public ImmutableArray<string> Requested { get; init; } = [];
    public ImmutableArray<string> Granted { get; init; } = [];

    /// <summary>The OAuth error the caller got.</summary>
    public string? Error { get; init; }

    public string? Jti { get; init; }
    public string? Kid { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Base64url of the SHA-256 of the token's <c>header.payload</c>.</summary>
    public string? SigningInputSha256 { get; init; }

    /// <summary>Where the token's status is told; absent for what is no token.</summary>
    public StatusPlace? Status { get; init; }

    /// <summary>Of an administrator's action: what was done, to what, and the version it became.</summary>
    public string? Action { get; init; }

    public string? Target { get; init; }
    public long? Number { get; init; }

    /// <summary>Of an action of several parts: why, and each of them.</summary>
    public string? Reason { get; init; }

    public ImmutableArray<string>? Parts { get; init; }

    /// <summary>What the shadow policy set said beside the decision; absent when none was asked.</summary>
    public ShadowSaid? Shadow { get; init; }

    public static string KindOf(EvidenceRecord record) => record.Kind.ToString().ToLowerInvariant();

    public static RecordAnswer From(EvidenceRecord record, JtiCodec names) => new()
    {
        Id = names.Encode(new RecordId(record.Shard, record.Position)),
        Kind = KindOf(record),
        Place = $"{record.Shard}/{record.Position}",
        Time = record.Time,
        Node = record.Node,
        RequestId = record.RequestId,
        Identity = record.Input?.ClientId ?? record.Admin?.Actor,
        Credential = record.Input?.CredentialHandle,
        Resource = record.Input?.Resource,
        Requested = record.Input?.Scopes ?? [],
        Granted = record.Verdict is { } verdict ? [.. verdict.Scopes.Where(scope => scope.Granted).Select(scope => scope.Scope)] : [],
        Error = record.Error,
        Jti = record.JwtId,
        Kid = record.KeyId,
        ExpiresAt = record.ExpiresAt,
        SigningInputSha256 = record.SigningInputHash,
        Status = record.Status is { } status ? new StatusPlace(status.List, status.Index) : null,
        Action = record.Admin?.Action,
        Target = record.Admin?.Target,
        Number = record.Admin?.Number,
        Reason = record.Admin?.Details?.Reason,
        Parts = record.Admin?.Details?.Parts,
        Shadow = ShadowSaid.From(record),
    };
}

/// <param name="List">The last part of the list's URL.</param>
internal sealed record StatusPlace(string List, int Index);

/// <summary>Why a request was, or would be, answered as it is.</summary>
internal sealed record ExplanationAnswer
{
    public required string Identity { get; init; }

    /// <summary>The record asked about; absent for a question about now.</summary>
    public RecordAnswer? Record { get; init; }

    /// <summary>The recorded decision.</summary>
    public DecisionAnswer? Then { get; init; }

    /// <summary>The same request, decided now; absent where there is no request, as of an administrator's action.</summary>
    public DecisionAnswer? Now { get; init; }

    /// <summary>What changed between then and now, in sentences.</summary>
    public ImmutableArray<string> Changes { get; init; } = [];

    /// <summary>Every policy the decisions name.</summary>
    public ImmutableArray<PolicyAnswer> Policies { get; init; } = [];

    /// <summary>Whether the record, decided again from itself and stored versions alone, gives the same answer.</summary>
    public RedecisionAnswer? ReDecision { get; init; }
}

/// <summary>One decision: its inputs with their age, and the outcome for each scope.</summary>
internal sealed record DecisionAnswer
{
    public required DateTimeOffset Time { get; init; }

    /// <summary>What the question took for granted instead of what is known, in words.</summary>
    public ImmutableArray<string> Assumed { get; init; } = [];

    /// <summary>Set when it was refused before policy was asked, for instance <c>identityDisabled</c>.</summary>
    public string? Refusal { get; init; }
    public string? RefusalDetail { get; init; }
    public string? Resource { get; init; }
    public string? GrantType { get; init; }
    public string? AuthenticationMethod { get; init; }
    public string? Credential { get; init; }
    public string? Binding { get; init; }
    public string? OriginIp { get; init; }
    public RiskAnswer? Risk { get; init; }

    /// <summary>The memberships that were live.</summary>
    public ImmutableArray<MembershipAnswer> Entitlements { get; init; } = [];

    public double? EntitlementAgeSeconds { get; init; }
    public double? RiskAgeSeconds { get; init; }
    public long? IdentityNumber { get; init; }
    public long? DirectoryNumber { get; init; }
    public string? PolicyDomain { get; init; }
    public string? PolicyVersion { get; init; }
    public ImmutableArray<ScopeAnswer> Scopes { get; init; } = [];
    public int LifetimeSeconds { get; init; }
}

internal sealed record ScopeAnswer
{
    public required string Scope { get; init; }

    /// <summary><c>granted</c>, <c>unknownScope</c>, <c>noPermit</c>, <c>forbidden</c>, <c>stepUpRequired</c>, <c>bindingRequired</c> or <c>policyError</c></summary>
    public required string Outcome { get; init; }

    /// <summary>The policies that decided.</summary>
    public ImmutableArray<string> Policies { get; init; } = [];
    public ImmutableArray<string> Errors { get; init; } = [];
    public ImmutableArray<string> StepUp { get; init; } = [];
    public ImmutableArray<string> Reasons { get; init; } = [];

    /// <summary>What stands between the request and this scope, nearest first; only of a decision about now.</summary>
    public ImmutableArray<MissingAnswer> Missing { get; init; } = [];

    /// <summary>
    /// The smallest sets of changes each of which has the scope granted, three at most: decided again with it, nothing else being different. Empty when it is
    /// granted, or nothing short of another policy set is known to do; only of a decision about now.
    /// </summary>
    public ImmutableArray<ImmutableArray<RemedyAnswer>> Ways { get; init; } = [];
}

/// <summary>One change that, alone or with others, has a scope granted.</summary>
/// <param name="Kind"><c>verify</c>, <c>clearSignal</c>, <c>lowerRisk</c>, <c>authenticate</c>, <c>bind</c>, <c>askAt</c>, <c>askFrom</c>, <c>join</c>, <c>leave</c>, <c>attribute</c> or <c>noAttribute</c></param>
/// <param name="Text">In words that follow "granted with".</param>
/// <param name="Subject">What it is about: the verification, the signal, the method, the binding, the address, the group or the entity.</param>
internal sealed record RemedyAnswer(string Kind, string Text, string? Subject)
{
    public static RemedyAnswer From(Remedy remedy) => new(
        char.ToLowerInvariant(remedy.GetType().Name[0]) + remedy.GetType().Name[1..],
        remedy.Text,
        remedy switch
        {
            Remedy.Verify verify => verify.Verification,
            Remedy.ClearSignal clear => clear.Signal,
            Remedy.Authenticate other => other.Method,
            Remedy.Bind bound => bound.Binding,
            Remedy.AskFrom from => from.Ip,
            Remedy.Join join => join.Group.ToString(),
            Remedy.Leave leave => leave.Group.ToString(),
            Remedy.Attribute set => set.Entity.ToString(),
            Remedy.NoAttribute unset => unset.Entity.ToString(),
            _ => null,
        });
}

/// <param name="Policy">The policy that asks for it.</param>
/// <param name="Needs">A sentence, or the condition in the policy's own words.</param>
/// <param name="Found">The values it saw: <c>context.risk.score = 71</c>.</param>
/// <param name="Group">A role or team whose membership would satisfy it.</param>
/// <param name="Signals">Risk signals whose clearing might satisfy it.</param>
internal sealed record MissingAnswer(
    string? Policy, string Needs, ImmutableArray<string> Found, string? Group, ImmutableArray<string> Signals)
{
    public static MissingAnswer From(Missing missing) => new(missing.Policy, missing.Needs, missing.Found, missing.Group?.ToString(), missing.Signals);
}

/// <param name="InForce">Whether a policy of this name and text is in force now.</param>
internal sealed record PolicyAnswer(string Id, string Effect, string File, int Line, string Text, bool InForce);

/// <param name="VersionGone">True when it could not be decided again, because a stored version that the record names is gone.</param>
internal sealed record RedecisionAnswer(bool Same, string? Detail, bool? VersionGone = null);

/// <param name="Risk">Assume this risk score, 0 to 100.</param>
/// <param name="Method">Assume this authentication method: <c>private_key_jwt</c>, <c>client_secret_basic</c> or <c>client_secret_post</c>.</param>
/// <param name="At">Assume that it asks at this moment.</param>
/// <param name="Ip">Assume that it asks from this address.</param>
internal sealed record ExplainQuestion(
    string Identity, string? Resource = null, ImmutableArray<string>? Scopes = null, int? Risk = null, string? Method = null, DateTimeOffset? At = null, string? Ip = null);
