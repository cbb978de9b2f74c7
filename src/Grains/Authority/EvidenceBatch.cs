using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Hashing;

namespace Assay.Grains.Authority;

/// <summary>
/// Records of one shard that share one commit. The payload is each record after its length (4 bytes, little-endian), in the order of their
/// positions; stores keep it as it is.
/// </summary>
public sealed class EvidenceBatch
{
    private EvidenceBatch(
        long shard, long firstPosition, DateTimeOffset committedAt, ReadOnlyMemory<byte> payload, ulong checksum,
        ImmutableArray<ReadOnlyMemory<byte>> records, ImmutableArray<EvidenceIndexRow> index, BatchProof? proof)
    {
        Shard = shard;
        FirstPosition = firstPosition;
        CommittedAt = committedAt;
        Payload = payload;
        Checksum = checksum;
        Records = records;
        Index = index;
        Proof = proof;
    }

    /// <summary>The epoch of the silo that wrote it.</summary>
    public long Shard { get; }

    /// <summary>Position of its first record; positions of a shard are 0, 1, 2 … without gaps.</summary>
    public long FirstPosition { get; }

    /// <summary>When its writer first tried to commit it.</summary>
    public DateTimeOffset CommittedAt { get; }

    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>XxHash3 (64 bits) of the payload: against rot, not against forgers.</summary>
    public ulong Checksum { get; }

    /// <summary>Its records were dropped when their time was over. Only its place is known; it has no <see cref="Records"/>.</summary>
    public bool IsDropped => Payload.IsEmpty;

    /// <summary>Encoded records, each at <see cref="FirstPosition"/> plus its place here. Slices of the payload.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Records { get; }

    /// <summary>Written with the batch; empty when read back.</summary>
    public ImmutableArray<EvidenceIndexRow> Index { get; }

    /// <summary>Written with the batch; null when read back, and of batches that are in no tree.</summary>
    public BatchProof? Proof { get; }

    public static EvidenceBatch Create(
        long shard, long firstPosition, DateTimeOffset committedAt, ReadOnlySpan<ReadOnlyMemory<byte>> records, ImmutableArray<EvidenceIndexRow> index,
        BatchProof? proof = null)
    {
        var size = 0;
        foreach (var record in records)
            size = checked(size + sizeof(int) + record.Length);

        var payload = new byte[size];
        var slices = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>(records.Length);
        var at = 0;
        foreach (var record in records)
        {
            BinaryPrimitives.WriteInt32LittleEndian(payload.AsSpan(at), record.Length);
            at += sizeof(int);
            record.Span.CopyTo(payload.AsSpan(at));
            slices.Add(payload.AsMemory(at, record.Length));
            at += record.Length;
        }

        return new EvidenceBatch(shard, firstPosition, committedAt, payload, XxHash3.HashToUInt64(payload), slices.MoveToImmutable(), index, proof);
    }

    /// <summary>A batch as it was stored; without a payload, one whose records were dropped. Throws <see cref="InvalidDataException"/> when payload, count and checksum do not fit together.</summary>
    public static EvidenceBatch Read(
        long shard, long firstPosition, int count, DateTimeOffset committedAt, ReadOnlyMemory<byte> payload, ulong checksum)
    {
        if (payload.IsEmpty && count > 0)
            return new EvidenceBatch(shard, firstPosition, committedAt, payload, checksum, [], [], null);
        if (XxHash3.HashToUInt64(payload.Span) != checksum)
            throw Damaged(shard, firstPosition, "its checksum does not fit its content");

        var records = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
        var rest = payload;
        while (!rest.IsEmpty)
        {
            if (rest.Length < sizeof(int))
                throw Damaged(shard, firstPosition, "it ends inside a length");
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest.Span);
            rest = rest[sizeof(int)..];
            if (length < 0 || length > rest.Length)
                throw Damaged(shard, firstPosition, "it ends inside a record");
            records.Add(rest[..length]);
            rest = rest[length..];
        }

        if (records.Count != count)
            throw Damaged(shard, firstPosition, $"it holds {records.Count} records and not {count}");
        return new EvidenceBatch(shard, firstPosition, committedAt, payload, checksum, records.DrainToImmutable(), [], null);
    }

    private static InvalidDataException Damaged(long shard, long position, string how) =>
        new($"The evidence batch of shard {shard} at position {position} is damaged: {how}. Nothing else is lost by it; restore it from a copy.");
}
