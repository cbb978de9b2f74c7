using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Core.Replay;

/// <summary>Which recorded decisions a replay is about.</summary>
/// <param name="Since">Decisions made from here on.</param>
/// <param name="Until">Decisions made before.</param>
public sealed record ReplayRange(string Realm, string Domain, DateTimeOffset Since, DateTimeOffset Until);

/// <summary>
/// Decides recorded decisions again by a candidate and gathers what would differ. Takes records one after the other, in any order; whatever it cannot decide
/// again is counted and named. Its memory is bounded, however many records it takes. For one thread.
/// </summary>
/// <param name="mostChanges">Rows the report may have (<see cref="ReplayTally"/>).</param>
public sealed class PolicyReplay(LoadedPolicySet candidate, ReplayRange range, int mostChanges)
{
    private readonly RecordedDecisionReader reader = new();
    private readonly CandidateDecider decider = new(candidate);
    private readonly DecisionAnswers answers = new();
    private RecordId id;

    /// <summary>What the candidate would change.</summary>
    public ReplayTally Tally { get; } = new(mostChanges);

    /// <summary>Decisions of the range that could not be decided again, and records that could not be read at all.</summary>
    public LeftOutRecords LeftOut { get; } = new();

    /// <summary>What deciding again by the recorded policies found.</summary>
    public ReplayVerification Verification { get; } = new();

    /// <summary>Records taken, of whatever kind and time.</summary>
    public long Taken { get; private set; }

    /// <summary>Of those in time, the ones that were refused before policy was asked.</summary>
    public long Refusals { get; private set; }

    /// <summary>Of those in time, the ones that answer no token request.</summary>
    public long NoDecisions { get; private set; }

    /// <summary>Of those in time, decisions of another policy domain.</summary>
    public long OtherDomains { get; private set; }

    /// <summary>The decision that waits for <see cref="Decide"/>, <see cref="Verify"/> and <see cref="LeaveOut"/>.</summary>
    public RecordedDecision Current => reader.Current;

    /// <summary>Takes one stored record.</summary>
    /// <returns>Whether it is a decision of the range, now in <see cref="Current"/>.</returns>
    public bool Take(RecordId record, ReadOnlySpan<byte> stored)
    {
        id = record;
        Taken++;
        RecordedKind kind;
        try
        {
            kind = reader.Read(stored, range.Since, range.Until);
        }
        catch (FormatException fault)
        {
            LeftOut.Add(new LeftOutRecord(record, null, LeftOutReason.Unreadable, fault.Message), 1);
            return false;
        }

        switch (kind)
        {
            case RecordedKind.Refusal:
                Refusals++;
                return false;
            case RecordedKind.NotADecision:
                NoDecisions++;
                return false;
            case RecordedKind.OutsideTime:
                return false;
            case RecordedKind.Decision when Current.PolicyDomain != range.Domain || Current.Realm != range.Realm:
                OtherDomains++;
                return false;
            default:
                return true;
        }
    }

    /// <summary>Decides <see cref="Current"/> by the candidate and compares.</summary>
    /// <param name="stage">Of the identity and directory version that the record names, at its moment.</param>
    public void Decide(DecisionStage stage)
    {
        decider.Decide(stage, Current, answers);
        Tally.Add(id, Current, answers);
    }

    /// <summary>
    /// Decides <see cref="Current"/> by the policies that its record names and holds the whole verdict against the record, down to the policies that decided
    /// and their reasons. By the interpreter (<see cref="Redecision"/>): several times slower than <see cref="Decide"/>.
    /// </summary>
    /// <param name="stored">The record that was taken last.</param>
    /// <param name="own">The policy set that it names; null when that is not stored any more.</param>
    public void Verify(ReadOnlySpan<byte> stored, LoadedPolicySet? own, DirectorySnapshot directory, Identity identity)
    {
        var record = Decoded(stored, out var fault);
        if (record is null)
            Verification.NotChecked(Verified(fault));
        else if (own is null)
            Verification.NotChecked(Verified($"the policy set {Current.PolicyVersion} is not stored"));
        else if (Difference(record, own, directory, identity) is { } difference)
            Verification.Differs(Verified(difference));
        else
            Verification.Holds();
    }

    /// <summary><see cref="Current"/> cannot be decided again.</summary>
    public void LeaveOut(LeftOutReason reason, string detail) => LeftOut.Add(new LeftOutRecord(id, Current.Time, reason, detail), 1);

    /// <summary>What the decision of the candidate was compared without is read now: it may still be damaged.</summary>
    private static EvidenceRecord? Decoded(ReadOnlySpan<byte> stored, out string fault)
    {
        try
        {
            fault = "";
            return EvidenceRecord.Decode(stored);
        }
        catch (FormatException exception)
        {
            fault = exception.Message;
            return null;
        }
    }

    private string? Difference(EvidenceRecord record, LoadedPolicySet own, DirectorySnapshot directory, Identity identity)
    {
        if (record.Shard != id.Shard || record.Position != id.Position)
            return $"it says that it is record {record.Position} of shard {record.Shard}";
        if (own.Version != Current.PolicyVersion)
            return $"the policy set {Current.PolicyVersion} was changed at rest: its content is {own.Version}";

        var again = Redecision.Repeat(record, own, directory, identity);
        return Redecision.Same(again, record.Verdict!) ? null : VerdictDifference.Between(record.Verdict!, again);
    }

    private VerifiedRecord Verified(string detail) => new(id, Current.Time, Current.ClientId, detail);
}
