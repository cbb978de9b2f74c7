using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Grains.Identities;

/// <summary>One non-human identity. The key is <c>realm/client_id</c> (RFC 6749 §2.2).</summary>
[GrainInterfaceType("identity"), Alias("identity")]
public interface IIdentityGrain : IGrainWithStringKey
{
    /// <summary>
    /// Decides a request under the policy in force now, and spends its assertion. In memory; safe to retry with the same request id,
    /// which is answered again as it was.
    /// </summary>
    [Alias("decide")]
    ValueTask<Decision> Decide(DecisionRequest request);

    /// <summary>
    /// Decides several requests of one caller on the same state: its assertion is spent once, its limit is asked for each. Answers <see cref="Decision.Several"/>, or what kept
    /// the caller from being heard. In memory; safe to retry as <see cref="Decide"/> is.
    /// </summary>
    [Alias("decide-all")]
    ValueTask<Decision> DecideAll(BatchRequest batch);

    /// <summary>What <see cref="Decide"/> would say, without spending or counting anything.</summary>
    [Alias("explain")]
    ValueTask<Decision> Explain(DecisionRequest request);

    /// <summary>
    /// Whether a caller is who its proof says, now, and may be heard: for endpoints that decide about something else than a token for it. Spends its assertion
    /// as <see cref="Decide"/> does, with which it shares limit and replay cache.
    /// </summary>
    [Alias("admit")]
    ValueTask<Decision> Admit(DecisionRequest request);

    /// <summary>
    /// Whether it may do something, asked by somebody else: it proves nothing now, and nothing is spent or counted. See <see cref="IdentityEvaluation"/>.
    /// </summary>
    [Alias("evaluate")]
    ValueTask<Decision> Evaluate(EvaluationRequest request);

    /// <summary>The identity as JSON (<c>RegistryJson</c>) and its version; null when unknown. Asks the store each time: what a live identity holds is not all of it.</summary>
    [Alias("read")]
    Task<IdentityState?> Read();

    /// <summary>
    /// Changes what no bundle owns, or narrows. One transaction; the result names the feed number to wait for. Safe to retry: a change
    /// that is already there answers <see cref="ChangeOutcome.Unchanged"/>.
    /// </summary>
    [Alias("change")]
    Task<ChangeResult> Change(IdentityChange change, string actor);
}

[GenerateSerializer, Immutable, Alias("identity-state")]
public sealed record IdentityState([property: Id(0)] long Number, [property: Id(1)] string Json);

[GenerateSerializer, Immutable, Alias("decision-request")]
public sealed record DecisionRequest
{
    /// <summary>Random, made by the receiving silo; the same again means the same request.</summary>
    [Id(0)] public required Guid RequestId { get; init; }

    [Id(1)] public required string GrantType { get; init; }
    [Id(2)] public required string AuthenticationMethod { get; init; }
    [Id(3)] public required string CredentialHandle { get; init; }

    /// <summary>The registered resource; null when the request named none.</summary>
    [Id(4)] public string? Resource { get; init; }

    /// <summary>Distinct scopes in the order of the request; empty asks for all that the API has.</summary>
    [Id(5)] public ImmutableArray<string> Scopes { get; init; } = [];

    [Id(6)] public string? OriginIp { get; init; }

    /// <summary>Null for a secret.</summary>
    [Id(7)] public AssertionHash? AssertionHash { get; init; }

    /// <summary>From here on the assertion is expired whatever the leeway.</summary>
    [Id(8)] public DateTimeOffset AssertionUntil { get; init; }

    /// <summary>The deciding silo must have applied the feed at least this far.</summary>
    [Id(9)] public long MinimumNumber { get; init; }
}

/// <summary>Several requests that were proved at once.</summary>
[GenerateSerializer, Immutable, Alias("batch-request")]
public sealed record BatchRequest
{
    /// <summary>What they have in common. Its resource and scopes are not looked at.</summary>
    [Id(0)] public required DecisionRequest Asker { get; init; }

    [Id(1)] public required ImmutableArray<Wanted> Wanted { get; init; }
}

/// <summary>What one of several requests is for.</summary>
/// <param name="Resource">The registered resource; null when the request named none.</param>
/// <param name="Scopes">Distinct; empty asks for all that the API has.</param>
[GenerateSerializer, Immutable, Alias("wanted")]
public sealed record Wanted([property: Id(0)] string? Resource, [property: Id(1)] ImmutableArray<string> Scopes);

/// <summary>A question about an identity by somebody else. What is null is not known, and not guessed.</summary>
[GenerateSerializer, Immutable, Alias("evaluation-request")]
public sealed record EvaluationRequest
{
    [Id(0)] public required string Resource { get; init; }

    /// <summary>Distinct scopes; empty asks for all that the API has.</summary>
    [Id(1)] public ImmutableArray<string> Scopes { get; init; } = [];

    [Id(2)] public required string GrantType { get; init; }

    /// <summary>The entity type the identity has to be of.</summary>
    [Id(3)] public string? PrincipalType { get; init; }

    /// <summary>How it proved itself when it got what it shows now.</summary>
    [Id(4)] public string? AuthenticationMethod { get; init; }

    [Id(5)] public string? CredentialHandle { get; init; }

    [Id(6)] public string? OriginIp { get; init; }

    /// <summary>The deciding silo must have applied the feed at least this far.</summary>
    [Id(7)] public long MinimumNumber { get; init; }
}

/// <summary>A grain's answer to a token request.</summary>
[GenerateSerializer, Immutable, Alias("decision")]
public abstract record Decision
{
    /// <summary>Decided by policy: some scopes, or none.</summary>
    /// <param name="Number">The feed number the deciding silo had applied.</param>
    /// <param name="Input">JSON-free, exact input (see <c>Core.Decisions.DecisionInput</c>), carried by a surrogate.</param>
    /// <param name="Shadow">What the shadow policy set would have said; null when there is none, or it was not asked. Of no effect.</param>
    [GenerateSerializer, Immutable, Alias("decision-decided")]
    public sealed record Decided(
        [property: Id(0)] long Number,
        [property: Id(1)] Core.Decisions.DecisionInput Input,
        [property: Id(2)] Core.Decisions.Verdict Verdict,
        [property: Id(3)] Core.Shadowing.ShadowAnswer? Shadow = null) : Decision;

    /// <summary>Refused before policy was asked.</summary>
    /// <param name="Input">What was known when it was refused; null when the caller is not who it says it is, which leaves no record.</param>
    [GenerateSerializer, Immutable, Alias("decision-refused")]
    public sealed record Refused(
        [property: Id(0)] long Number,
        [property: Id(1)] RefusalReason Reason,
        [property: Id(2)] TimeSpan? RetryAfter,
        [property: Id(3)] Core.Decisions.DecisionInput? Input) : Decision;

    /// <summary>Answers to several requests, in their order, all made at one feed number.</summary>
    /// <param name="Number">The feed number the deciding silo had applied.</param>
    [GenerateSerializer, Immutable, Alias("decision-several")]
    public sealed record Several([property: Id(0)] long Number, [property: Id(1)] ImmutableArray<Decision> Answers) : Decision;

    /// <summary>The caller is heard.</summary>
    /// <param name="Number">The feed number the answering silo had applied.</param>
    [GenerateSerializer, Immutable, Alias("decision-admitted")]
    public sealed record Admitted([property: Id(0)] long Number) : Decision;

    /// <summary>Cannot decide now: refuse with 503, never guess.</summary>
    [GenerateSerializer, Immutable, Alias("decision-unavailable")]
    public sealed record Unavailable([property: Id(0)] UnavailableReason Reason) : Decision;
}

public enum RefusalReason
{
    UnknownIdentity,
    CredentialNotHeld,
    AssertionReplayed,
    IdentityDisabled,
    GrantTypeNotAllowed,
    UnknownResource,
    NoResource,
    RateLimited,
}

public enum UnavailableReason
{
    LeaseLapsed,
    BehindFeed,
    NoPolicy,
    EntitlementsTooOld,
    StorageAway,

    /// <summary>The silo that the identity lives on leaves; another takes it up.</summary>
    SiloLeaving,
}
