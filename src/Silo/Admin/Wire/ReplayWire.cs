using System.Collections.Immutable;
using System.Text.Json;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Replay;
using Assay.Silo.Admin.Replaying;

namespace Assay.Silo.Admin.Wire;

/// <param name="Domain">The policy domain; <c>tokens</c> when not given.</param>
/// <param name="Version">A stored set. Either this or a candidate.</param>
/// <param name="Candidate">A set that is not stored: <c>v</c>, <c>files</c>, <c>schema</c>, as a policy document is stored.</param>
/// <param name="Since">Decisions made from here on; 24 hours before <paramref name="Until"/> when not given.</param>
/// <param name="Until">Decisions made before; now when not given.</param>
/// <param name="Limit">The newest so many decisions, 1 to 1,000,000,000; 1,000,000 when not given.</param>
/// <param name="Verify">Also decide by the policies that each record names, and report where the record says otherwise.</param>
internal sealed record ReplayWish(
    string? Domain = null,
    string? Version = null,
    JsonElement? Candidate = null,
    DateTimeOffset? Since = null,
    DateTimeOffset? Until = null,
    long? Limit = null,
    bool Verify = false);

/// <summary>One line of the answer: exactly one member. A report or a fault is the last line.</summary>
/// <param name="Fault">Why there will be no report.</param>
internal sealed record ReplayLine(ReplayProgressAnswer? Progress = null, ReplayReport? Report = null, string? Fault = null);

/// <param name="Read">Records read, of whatever kind.</param>
/// <param name="Decided">Of those, decided again.</param>
/// <param name="ReachedBackTo">When the records that are being read were stored; the replay goes back from <c>until</c> to <c>since</c>.</param>
internal sealed record ReplayProgressAnswer(long Read, long Decided, DateTimeOffset ReachedBackTo, double ElapsedSeconds)
{
    public static ReplayProgressAnswer From(ReplayProgress progress) => new(progress.Taken, progress.Decided, progress.ReachedBackTo, progress.Elapsed.TotalSeconds);
}

/// <summary>What a candidate would have answered instead of what was answered.</summary>
internal sealed record ReplayReport
{
    public required string Domain { get; init; }

    /// <summary>The candidate's version.</summary>
    public required string Candidate { get; init; }
    public required DateTimeOffset Since { get; init; }
    public required DateTimeOffset Until { get; init; }

    /// <summary>Set when older decisions of the range were left alone because the limit was reached.</summary>
    public required bool LimitReached { get; init; }

    /// <summary>Records read: those decided, passed over and left out, and those of other times that lie among them.</summary>
    public required long Read { get; init; }

    /// <summary>Decisions made again by the candidate, and of those the ones that a caller would see a difference of.</summary>
    public required long Decided { get; init; }
    public required long Changed { get; init; }

    /// <summary>Decisions that withhold the same scopes for another reason.</summary>
    public required long OtherReason { get; init; }

    /// <summary>The oldest and the newest decision made again.</summary>
    public DateTimeOffset? First { get; init; }
    public DateTimeOffset? Last { get; init; }
    public required PassedOver PassedOver { get; init; }
    public required LeftOutAnswer LeftOut { get; init; }

    /// <summary>Every kind of change, also those that there are none of.</summary>
    public required ImmutableArray<ReplayTotalAnswer> Totals { get; init; }

    /// <summary>Losses first, then step-ups, gains and lives; each in the order of identity, resource and scope.</summary>
    public required ImmutableArray<ReplayChangeAnswer> Changes { get; init; }

    /// <summary>Changes of decisions beyond the 100,000 rows that a report holds.</summary>
    public required long ChangesLeftOut { get; init; }

    /// <summary>Only when it was asked for.</summary>
    public VerificationAnswer? Verification { get; init; }
    public required double ElapsedSeconds { get; init; }

    public static ReplayReport From(ReplayQuestion question, ReplayResult result, JtiCodec names)
    {
        var replay = result.Replay;
        var tally = replay.Tally;
        return new ReplayReport
        {
            Domain = question.Domain,
            Candidate = question.Candidate.Version,
            Since = question.Since,
            Until = question.Until,
            LimitReached = result.LimitReached,
            Read = replay.Taken,
            Decided = tally.Decided,
            Changed = tally.Changed,
            OtherReason = tally.OtherReason,
            First = tally.First,
            Last = tally.Last,
            PassedOver = new PassedOver(replay.Refusals, replay.NoDecisions, replay.OtherDomains),
            LeftOut = LeftOutAnswer.From(replay.LeftOut, names),
            Totals = [.. tally.Totals().Select(ReplayTotalAnswer.From)],
            Changes = [.. tally.Changes().Select(change => ReplayChangeAnswer.From(change, names))],
            ChangesLeftOut = tally.LeftOut,
            Verification = question.Verify ? VerificationAnswer.From(replay.Verification, names) : null,
            ElapsedSeconds = result.Elapsed.TotalSeconds,
        };
    }
}

/// <summary>Records of the range that are no decisions of the domain.</summary>
/// <param name="Refusals">Refused before policy was asked.</param>
/// <param name="NoDecisions">Void records, and what administrators did.</param>
internal sealed record PassedOver(long Refusals, long NoDecisions, long OtherDomains);

/// <summary>Decisions that could not be made again, and records that could not be read.</summary>
/// <param name="Records">The first 100.</param>
internal sealed record LeftOutAnswer(long Count, long Damaged, long Unreadable, long IdentityMissing, long ApiMissing, ImmutableArray<LeftOutRecordAnswer> Records)
{
    public static LeftOutAnswer From(LeftOutRecords leftOut, JtiCodec names) => new(
        leftOut.Count,
        leftOut.Of(LeftOutReason.Damaged),
        leftOut.Of(LeftOutReason.Unreadable),
        leftOut.Of(LeftOutReason.IdentityMissing),
        leftOut.Of(LeftOutReason.ApiMissing),
        [.. leftOut.Named().Select(record => LeftOutRecordAnswer.From(record, names))]);
}

/// <param name="Id">Names the record; absent when only its batch is known.</param>
/// <param name="Place"><c>shard/position</c> in the log.</param>
/// <param name="Reason"><c>damaged</c>, <c>unreadable</c>, <c>identityMissing</c> or <c>apiMissing</c></param>
internal sealed record LeftOutRecordAnswer(string? Id, string? Place, DateTimeOffset? Time, string Reason, string Detail)
{
    public static LeftOutRecordAnswer From(LeftOutRecord record, JtiCodec names) => new(
        record.Id is { } id ? names.Encode(id) : null,
        record.Id is { } at ? $"{at.Shard}/{at.Position}" : null,
        record.Time,
        ReplayWords.Of(record.Reason),
        record.Detail);
}

/// <param name="Kind"><c>lost</c>, <c>stepUp</c>, <c>gained</c>, <c>shorter</c> or <c>longer</c></param>
/// <param name="Decisions">Decisions with at least one such change.</param>
/// <param name="Identities">Identities whose decisions they are; at least so many when <c>changesLeftOut</c> is not 0.</param>
internal sealed record ReplayTotalAnswer(string Kind, long Decisions, int Identities)
{
    public static ReplayTotalAnswer From(ReplayTotal total) => new(ReplayWords.Of(total.Kind), total.Decisions, total.Identities);
}

/// <summary>One change of one scope of one API for one identity, or of the life of its tokens.</summary>
internal sealed record ReplayChangeAnswer
{
    /// <summary><c>lost</c>, <c>stepUp</c>, <c>gained</c>, <c>shorter</c> or <c>longer</c></summary>
    public required string Kind { get; init; }
    public required string Identity { get; init; }
    public required string Resource { get; init; }

    /// <summary>Absent for the life of tokens.</summary>
    public string? Scope { get; init; }

    /// <summary>The outcomes for the scope, as <c>GET /evidence/{id}</c> calls them.</summary>
    public string? Before { get; init; }
    public string? After { get; init; }

    /// <summary>The verifications that would open the scope.</summary>
    public ImmutableArray<string> StepUp { get; init; } = [];

    /// <summary>The life of the newest such token, as recorded and as it would be; 0 when it grants nothing.</summary>
    public required int LifeBeforeSeconds { get; init; }
    public required int LifeAfterSeconds { get; init; }

    /// <summary>Decisions with this change, the first and the last of them.</summary>
    public required long Decisions { get; init; }
    public required DateTimeOffset First { get; init; }
    public required DateTimeOffset Last { get; init; }

    /// <summary>The record of the last one.</summary>
    public required string Example { get; init; }

    public static ReplayChangeAnswer From(ReplayChange change, JtiCodec names) => new()
    {
        Kind = ReplayWords.Of(change.Kind),
        Identity = change.Identity,
        Resource = change.Resource,
        Scope = change.Scope,
        Before = change.Before is { } before ? ScopeOutcomes.WordOf(before) : null,
        After = change.After is { } after ? ScopeOutcomes.WordOf(after) : null,
        StepUp = change.StepUp,
        LifeBeforeSeconds = (int)change.LifeBefore.TotalSeconds,
        LifeAfterSeconds = (int)change.LifeAfter.TotalSeconds,
        Decisions = change.Count,
        First = change.First,
        Last = change.Last,
        Example = names.Encode(change.Example),
    };
}

/// <summary>Decisions made again by the policies that their records name.</summary>
/// <param name="Differing">Decisions that come out otherwise than recorded.</param>
/// <param name="NotChecked">Decisions whose policies are not stored any more, or whose record cannot be read to its end.</param>
/// <param name="DifferingRecords">The first 100.</param>
/// <param name="NotCheckedRecords">The first 100.</param>
internal sealed record VerificationAnswer(
    long Checked, long Differing, long NotChecked, ImmutableArray<VerifiedRecordAnswer> DifferingRecords, ImmutableArray<VerifiedRecordAnswer> NotCheckedRecords)
{
    public static VerificationAnswer From(ReplayVerification verification, JtiCodec names) => new(
        verification.Checked,
        verification.DifferingCount,
        verification.NotCheckedCount,
        [.. verification.NamedDiffering().Select(record => VerifiedRecordAnswer.From(record, names))],
        [.. verification.NamedNotChecked().Select(record => VerifiedRecordAnswer.From(record, names))]);
}

internal sealed record VerifiedRecordAnswer(string Id, string Place, DateTimeOffset Time, string Identity, string Detail)
{
    public static VerifiedRecordAnswer From(VerifiedRecord record, JtiCodec names) => new(
        names.Encode(record.Id), $"{record.Id.Shard}/{record.Id.Position}", record.Time, record.Identity, record.Detail);
}

internal static class ReplayWords
{
    public static string Of(ChangeKind kind) => Camel(kind.ToString());

    public static string Of(LeftOutReason reason) => Camel(reason.ToString());

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
