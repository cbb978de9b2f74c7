using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Grains.Authority;

namespace Assay.Silo.Evidence;

/// <summary>Leads from a token, an identity or a credential to the records of its decisions.</summary>
internal sealed class EvidenceReader(IEvidenceStore store, JtiCodec jtis)
{
    /// <summary>The record of a token, by its <c>jti</c>.</summary>
    public async Task<EvidenceFound> Find(string jti, CancellationToken cancellationToken)
    {
        if (!jtis.TryDecode(jti, out var id))
            return new EvidenceFound.NotOurs();
        return await store.Find(id.Shard, id.Position, cancellationToken) switch
        {
            null => new EvidenceFound.NoRecord(id),
            { IsDropped: true } => new EvidenceFound.Dropped(id),
            var batch => new EvidenceFound.Record(Decode(batch, id.Position)),
        };
    }

    /// <summary>The record at a position; null when there is none, or none any more.</summary>
    public async Task<EvidenceRecord?> Find(RecordId id, CancellationToken cancellationToken) =>
        await store.Find(id.Shard, id.Position, cancellationToken) is { IsDropped: false } batch ? Decode(batch, id.Position) : null;

    /// <summary>What was decided about a subject (<see cref="EvidenceSubject"/>) since a moment, newest first, <paramref name="limit"/> at most; void ones are left out.</summary>
    public async Task<ImmutableArray<EvidenceRecord>> BySubject(
        string realm, string subject, DateTimeOffset since, int limit, CancellationToken cancellationToken)
    {
        var found = ImmutableArray.CreateBuilder<EvidenceRecord>();
        foreach (var row in await store.Index(realm, subject, since, limit, cancellationToken))
        {
            // All positions of a row are in one batch.
            var batch = await store.Find(row.Shard, row.Positions[0], cancellationToken)
                ?? throw new InvalidDataException($"The evidence index names position {row.Positions[0]} of shard {row.Shard}, and there is no such batch.");
            if (batch.IsDropped)
                continue; // its index rows follow
            for (var i = row.Positions.Length - 1; i >= 0; i--)
            {
                if (found.Count == limit)
                    return found.DrainToImmutable();
                if (Decode(batch, row.Positions[i]) is { Kind: not EvidenceKind.Void } record)
                    found.Add(record);
            }
        }

        return found.DrainToImmutable();
    }

    /// <summary>The newest records over all shards, newest batch first, <paramref name="limit"/> at most; void ones and checkpoints are left out.</summary>
    public async Task<ImmutableArray<EvidenceRecord>> Newest(int limit, CancellationToken cancellationToken)
    {
        var found = ImmutableArray.CreateBuilder<EvidenceRecord>();
        foreach (var batch in await store.Newest(limit, cancellationToken))
        {
            for (var i = batch.Records.Length - 1; i >= 0 && found.Count < limit; i--)
            {
                var record = Decode(batch, batch.FirstPosition + i);
                if (record.Kind is not (EvidenceKind.Void or EvidenceKind.Checkpoint))
                    found.Add(record);
            }
        }

        return found.DrainToImmutable();
    }

    private static EvidenceRecord Decode(EvidenceBatch batch, long position)
    {
        var record = EvidenceRecord.Decode(batch.Records[(int)(position - batch.FirstPosition)].Span);
        return record.Shard == batch.Shard && record.Position == position
            ? record
            : throw new InvalidDataException($"The record at position {position} of shard {batch.Shard} says that it is {record.Position} of {record.Shard}.");
    }
}

/// <summary>What a <c>jti</c> led to.</summary>
internal abstract record EvidenceFound
{
    private EvidenceFound()
    {
    }

    public sealed record Record(EvidenceRecord Found) : EvidenceFound;

    /// <summary>It is no <c>jti</c> of this cluster.</summary>
    public sealed record NotOurs : EvidenceFound;

    /// <summary>It is of this cluster's making, and there is no such record.</summary>
    public sealed record NoRecord(RecordId Id) : EvidenceFound;

    /// <summary>There was a record, and it was dropped when its time was over.</summary>
    public sealed record Dropped(RecordId Id) : EvidenceFound;
}
