using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Grains;
using Assay.Grains.Authority;

namespace Assay.Silo.Storage.Sqlite.Rebuilding;

/// <summary>The index rows of batches, from what their records say. For one thread.</summary>
internal sealed class RecordSubjects(TimeProvider clock)
{
    private readonly EvidenceIndexRows rows = new();

    /// <summary>Acts that do not say whom they are about: of before they did. They are found by who did it, and by what it was done to.</summary>
    public long ActsOfBefore { get; private set; }

    /// <summary>The rows of a batch; none when its records were dropped.</summary>
    /// <exception cref="InvalidDataException">A record is none, or of another place; the message names it.</exception>
    /// <exception cref="InvalidOperationException">For some minutes more it cannot be known what was spent; the message says until when.</exception>
    public ImmutableArray<EvidenceIndexRow> Of(EvidenceBatch batch)
    {
        for (var i = 0; i < batch.Records.Length; i++)
            Add(batch, batch.FirstPosition + i, batch.Records[i].Span);
        return rows.Take(batch.Shard, batch.CommittedAt);
    }

    private void Add(EvidenceBatch batch, long position, ReadOnlySpan<byte> encoded)
    {
        EvidenceRecord record;
        try
        {
            record = EvidenceRecord.Decode(encoded);
        }
        catch (FormatException fault)
        {
            throw new InvalidDataException($"The record at position {position} of shard {batch.Shard} cannot be read: {fault.Message}.", fault);
        }

        if (record.Shard != batch.Shard || record.Position != position)
            throw new InvalidDataException($"The record at position {position} of shard {batch.Shard} says that it is {record.Position} of {record.Shard}.");

        var spent = SpentBy(record, batch);
        if (record.Input is { } input)
        {
            rows.Add(new EvidenceEntry(input.Realm, input.ClientId, input.CredentialHandle, spent), position);
        }
        else if (record.Identity is { } identity)
        {
            rows.Add(new EvidenceEntry(GrainKey.DefaultRealm, identity, null, spent), position);
        }
        else if (record.Admin is { } act)
        {
            ActsOfBefore++;
            rows.Add(new EvidenceEntry(GrainKey.DefaultRealm, act.Actor, null, spent), position);
            if (act.Target != act.Actor)
                rows.Add(new EvidenceEntry(GrainKey.DefaultRealm, act.Target, null), position);
        }
        else if (spent is { } assertion && assertion.Until >= clock.GetUtcNow())
        {
            throw new InvalidOperationException(
                $"The record at position {position} of shard {batch.Shard} spent an assertion and does not say whose, as records of before this version. Until {assertion.Until.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z it might be used again: wait, and run this again then.");
        }
    }

    /// <summary>A record says what it spent and not how long that counts: as long as it can, then.</summary>
    private static SpentAssertion? SpentBy(EvidenceRecord record, EvidenceBatch batch)
    {
        if (record.SpentAssertion is not { } hash)
            return null;
        var taken = record.Time > batch.CommittedAt ? record.Time : batch.CommittedAt;
        return new SpentAssertion(AssertionHash.ReadBigEndian(Convert.FromHexString(hash)), taken + DecisionOptions.LongestTimely);
    }
}
