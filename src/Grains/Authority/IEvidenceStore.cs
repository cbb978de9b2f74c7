using System.Collections.Immutable;

namespace Assay.Grains.Authority;

/// <summary>The durable, append-only log of decisions. A batch commits only while its epoch is not sealed: this commit is the fence.</summary>
public interface IEvidenceStore
{
    /// <summary>
    /// Appends a batch whole. Durable on <see cref="BatchResult.Committed"/>. Safe to retry unchanged after an exception: a batch that
    /// is already there with the same checksum counts as committed.
    /// </summary>
    Task<BatchResult> Append(EvidenceBatch batch, CancellationToken cancellationToken);

    /// <summary>The batch that holds a position of a shard; null when there is none.</summary>
    Task<EvidenceBatch?> Find(long shard, long position, CancellationToken cancellationToken);

    /// <summary>Index rows of one subject since a moment, newest first.</summary>
    Task<ImmutableArray<EvidenceIndexRow>> Index(string realm, string subject, DateTimeOffset since, int limit, CancellationToken cancellationToken);

    /// <summary>The newest batches over all shards, newest first.</summary>
    Task<ImmutableArray<EvidenceBatch>> Newest(int batches, CancellationToken cancellationToken);
}

public enum BatchResult
{
    Committed,

    /// <summary>The epoch is sealed; nothing of it was written and nothing ever will be.</summary>
    Sealed,
}

/// <param name="Shard">The epoch of the silo that writes it.</param>
/// <param name="FirstPosition">Position of its first record; positions of a shard are 0, 1, 2 … without gaps.</param>
/// <param name="Records">Encoded records (<c>Core.Evidence.EvidenceRecord</c>), each at FirstPosition + its place here.</param>
/// <param name="Checksum">XxHash3 over the stored payload.</param>
public sealed record EvidenceBatch(
    long Shard,
    long FirstPosition,
    DateTimeOffset CommittedAt,
    ImmutableArray<ReadOnlyMemory<byte>> Records,
    ulong Checksum,
    ImmutableArray<EvidenceIndexRow> Index);

/// <summary>One subject's part of one batch.</summary>
/// <param name="Subject"><c>identity:ID</c> or <c>credential:HANDLE</c>.</param>
/// <param name="Positions">Positions of its records in the shard.</param>
/// <param name="Spent">Only for an identity: assertion ids spent in this batch, so that an activation need not read the records.</param>
public sealed record EvidenceIndexRow(
    string Realm,
    string Subject,
    long Shard,
    DateTimeOffset At,
    ImmutableArray<long> Positions,
    ImmutableArray<SpentAssertion> Spent);

/// <param name="Hash">First 16 bytes of SHA-256 over <c>client_id 0x00 jti</c>.</param>
/// <param name="Until">From here on the assertion is expired anyway (its <c>exp</c> plus the leeway).</param>
public readonly record struct SpentAssertion(UInt128 Hash, DateTimeOffset Until);
