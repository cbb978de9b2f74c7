using System.Collections.Immutable;
using Assay.Core.Transparency;
using Assay.Grains.Authority;

namespace Assay.Silo.Evidence;

/// <summary>The evidence as it lies in the store, unchecked: for proofs, exports and retention. <see cref="IEvidenceStore"/> writes it and reads records.</summary>
internal interface ILogStore
{
    /// <summary>The newest batch of each shard that holds any, by shard: of all, or of those not sealed and those named.</summary>
    Task<ImmutableArray<StoredHead>> Heads(ImmutableArray<long>? named, CancellationToken cancellationToken);

    /// <summary>
    /// Batches of a shard from the one that holds a position on, or begins after it, in order: as many as come to <paramref name="maxBytes"/>, one at least
    /// if there is one.
    /// </summary>
    Task<ImmutableArray<StoredBatch>> Batches(long shard, long position, int maxBytes, CancellationToken cancellationToken);

    /// <summary>The leaves of the batches that hold positions from <paramref name="start"/> on and before <paramref name="end"/>, in order, whole batches.</summary>
    Task<ImmutableArray<StoredLeaves>> Leaves(long shard, long start, long end, CancellationToken cancellationToken);

    /// <summary>
    /// Drops the records of <paramref name="batches"/> batches at most that were committed before a moment, with their salts and index rows; leaves, roots and
    /// signatures stay. Answers how many records were dropped; 0 when there are none left. Safe to repeat.
    /// </summary>
    Task<long> Drop(DateTimeOffset before, int batches, CancellationToken cancellationToken);
}

/// <param name="Root">Null when the batch is in no tree: written before there were trees, or stripped of it.</param>
/// <param name="Signature">Empty when it is not signed.</param>
internal sealed record StoredHead(long Shard, long Size, TreeHash? Root, ReadOnlyMemory<byte> Signature, DateTimeOffset At, bool IsSealed);

internal sealed record StoredLeaves(long FirstPosition, int Count, ReadOnlyMemory<byte> Leaves);

/// <param name="Payload">Empty when its records were dropped.</param>
internal sealed record StoredBatch(
    long Shard,
    long FirstPosition,
    int Count,
    DateTimeOffset CommittedAt,
    ReadOnlyMemory<byte> Payload,
    ulong Checksum,
    ReadOnlyMemory<byte> Salts,
    ReadOnlyMemory<byte> Leaves,
    ReadOnlyMemory<byte> Root,
    ReadOnlyMemory<byte> Signature);
