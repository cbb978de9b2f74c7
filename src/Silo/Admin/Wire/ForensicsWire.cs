using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Core.Forensics;
using Assay.Grains.Incidents;

namespace Assay.Silo.Admin.Wire;

/// <summary>What to examine. The last three come together, and of a token.</summary>
/// <param name="Jti">A token's <c>jti</c>, or a record's id; absent when the token has none.</param>
/// <param name="Kid">The key that the token's header names; absent when it names none.</param>
/// <param name="SigningInputSha256">Base64url of the SHA-256 of the token's <c>header.payload</c>.</param>
/// <param name="Signature">The third part of the token.</param>
internal sealed record ExaminationWish(string? Jti = null, string? Kid = null, string? SigningInputSha256 = null, string? Signature = null);

/// <param name="Finding">Absent for the id of a record that is no token's.</param>
/// <param name="Explanation">Of the record that the jti leads to; absent when there is none.</param>
internal sealed record ExaminationAnswer(FindingAnswer? Finding, ExplanationAnswer? Explanation);

/// <summary>What a token turned out to be.</summary>
/// <param name="Class">
/// <c>allowed</c>, <c>allowed-on-old-data</c>, <c>denied-now</c>, <c>not-repeated</c>, <c>forged</c>, <c>minted-around</c>, <c>no-record</c>, <c>unknown</c>, <c>unknown-key</c> or <c>dropped</c>
/// </param>
/// <param name="Because">A sentence without its full stop.</param>
/// <param name="Life"><c>live</c>, <c>expired</c> or <c>ended</c>; absent when the token has no record.</param>
/// <param name="IsRecorded">Whether the token is the one that was recorded; absent when only the jti was at hand, or there is no record.</param>
/// <param name="IsSigned">Whether its signature is the one of a key that was published; absent when only the jti was at hand.</param>
internal sealed record FindingAnswer(string Class, string Because, string? Life, bool? IsRecorded, bool? IsSigned)
{
    public static FindingAnswer From(TokenFinding finding, TokenFacts facts) => new(
        TokenFinding.WordOf(finding.Class),
        finding.Because,
        facts.Permit?.Life.ToString().ToLowerInvariant(),
        facts.Permit?.IsThisToken,
        facts.Signature == SignatureFact.NotAtHand ? null : facts.Signature == SignatureFact.Valid);
}

/// <param name="Kind"><c>identity</c>, <c>credential</c> or <c>key</c></param>
/// <param name="Name">The id, the whole handle, the whole <c>kid</c>.</param>
internal sealed record ContainmentWish(string Kind, string Name, string Reason);

internal sealed record UndoWish(string Reason);

/// <param name="Act">Names the act: <c>undo</c> takes it.</param>
/// <param name="Number">The version in the feed that the change became.</param>
/// <param name="Changed">False when it was so already.</param>
/// <param name="Identity">Whom it is about; absent for a key.</param>
/// <param name="Parts">What was taken or given back, in words.</param>
internal sealed record ContainmentAnswer(long Act, long Number, bool Changed, string Kind, string Name, string? Identity, ImmutableArray<string> Parts)
{
    public static ContainmentAnswer From(ContainmentResult.Done done, ImmutableArray<string> parts) =>
        new(done.Act, done.Number, done.Changed, Containment.WordOf(done.Contained.Kind), done.Contained.Name, done.Contained.Identity, parts);
}

/// <param name="Next">To go on with <c>before</c>; absent when there are no more.</param>
internal sealed record ContainmentPage(ImmutableArray<ContainmentEventAnswer> Containments, long? Next);

/// <param name="Event"><c>contained</c> or <c>undone</c></param>
/// <param name="Stands">It was neither undone nor repeated since.</param>
internal sealed record ContainmentEventAnswer(
    long Act, string Event, string Kind, string Name, string? Identity, string Reason, DateTimeOffset At, string Actor, long Number, bool Stands)
{
    public static ContainmentEventAnswer From(ContainmentEvent one) => new(
        one.Act,
        one.Change.IsDeletion ? "undone" : "contained",
        Containment.WordOf(one.Contained.Kind),
        one.Contained.Name,
        one.Contained.Identity,
        one.Reason,
        one.Change.At,
        one.Change.Actor,
        one.Change.Number,
        one.Stands);
}

/// <summary>What hangs on one thing, of the records that were looked at. An answer with <see cref="Next"/> is a part; the sums of all parts are the whole.</summary>
internal sealed record BlastRadiusAnswer
{
    /// <summary><c>identity</c>, <c>credential</c>, <c>policy</c>, <c>entitlement</c> or <c>key</c></summary>
    public required string Kind { get; init; }

    public required string Name { get; init; }

    /// <summary>The moment at which tokens count as live.</summary>
    public required DateTimeOffset At { get; init; }

    public required DateTimeOffset Since { get; init; }

    public required int LookedAt { get; init; }

    public DateTimeOffset? ReachedBackTo { get; init; }

    /// <summary>Records that are there and cannot be read.</summary>
    public long Damaged { get; init; }

    public required ReachAnswer Total { get; init; }

    /// <summary>Who got tokens, or asked in vain; the widest first, 1,000 at most, here as below.</summary>
    public required ImmutableArray<ReachAnswer> Identities { get; init; }

    public required ImmutableArray<ReachAnswer> Credentials { get; init; }

    public required ImmutableArray<ReachAnswer> Resources { get; init; }

    public required ImmutableArray<ReachAnswer> Addresses { get; init; }

    /// <summary>Decisions that are in the total and, for want of room, in one of the lists not.</summary>
    public long LeftOut { get; init; }

    /// <summary>Live tokens, newest first, as many as were asked for.</summary>
    public required ImmutableArray<LiveTokenAnswer> Tokens { get; init; }

    /// <summary>Goes on with <c>before</c>; absent when there is no more.</summary>
    public string? Next { get; init; }
}

/// <param name="Tokens">Tokens that may have left.</param>
/// <param name="Live">Of those, the ones that are neither expired nor ended.</param>
/// <param name="Refused">Requests that got none.</param>
/// <param name="Scopes">What its tokens were granted.</param>
internal sealed record ReachAnswer(
    string Name, long Tokens, long Live, long Refused, DateTimeOffset? LiveUntil, DateTimeOffset? First, DateTimeOffset? Last, ImmutableArray<string> Scopes)
{
    /// <summary>Of an identity, as it is now: <c>enabled</c>, <c>disabled</c> or <c>deleted</c>.</summary>
    public string? State { get; init; }

    public static ReachAnswer From(string name, Reach reach) => new(
        name, reach.Tokens, reach.Live, reach.Refused, reach.LiveUntil, reach.Tokens + reach.Refused == 0 ? null : reach.First, reach.Tokens + reach.Refused == 0 ? null : reach.Last,
        [.. reach.Scopes]);
}

internal sealed record LiveTokenAnswer(
    string Jti, string Identity, string Credential, string Resource, ImmutableArray<string> Scopes, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt, string? Address, string? Kid)
{
    public static LiveTokenAnswer From(EvidenceRecord record, JtiCodec names) => new(
        record.JwtId ?? names.Encode(new RecordId(record.Shard, record.Position)),
        record.Input!.ClientId,
        record.Input.CredentialHandle,
        record.Input.Resource,
        record.Verdict!.GrantedScopes(),
        record.Time,
        record.ExpiresAt!.Value,
        record.Input.OriginIp,
        record.KeyId);
}
