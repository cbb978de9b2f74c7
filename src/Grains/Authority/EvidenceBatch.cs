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
        long shard, long firstPosition, int count, DateTimeOffset committedAt, ReadOnlyMemory<byte> payload, ulong checksum,
        ImmutableArray<EvidenceIndexRow> index, BatchProof? proof)
    {
        Shard = shard;
        FirstPosition = firstPosition;
        Count = count;
        CommittedAt = committedAt;
        Payload = payload;
        Checksum = checksum;
        Index = index;
        Proof = proof;
    }

    /// <summary>The epoch of the silo that wrote it.</summary>
    public long Shard { get; }

    /// <summary>Position of its first record; positions of a shard are 0, 1, 2 … without gaps.</summary>
    public long FirstPosition { get; }

    /// <summary>How many positions it takes.</summary>
    public int Count { get; }

    /// <summary>When its writer first tried to commit it.</summary>
    public DateTimeOffset CommittedAt { get; }

    /// <summary>
    /// Of a batch that is on its way into the store this is lent memory, as that of its <see cref="Proof"/>: it can be read until the store has answered. See <see cref="Copy"/>.
    /// </summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>XxHash3 (64 bits) of the payload: against rot, not against forgers.</summary>
    public ulong Checksum { get; }

    /// <summary>Its records were dropped when their time was over. Only its place is known; it has no <see cref="Records"/>.</summary>
    public bool IsDropped => Payload.IsEmpty;

    /// <summary>Encoded records, each at <see cref="FirstPosition"/> plus its place here. Slices of the payload.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Records => field.IsDefault ? field = IsDropped ? [] : Split(Payload, Shard, FirstPosition, Count) : field;

    /// <summary>Written with the batch; empty when read back.</summary>
    public ImmutableArray<EvidenceIndexRow> Index { get; }

    /// <summary>Written with the batch; null when read back, and of batches that are in no tree.</summary>
    public BatchProof? Proof { get; }

    /// <summary>A batch of records, in memory of its own.</summary>
    public static EvidenceBatch Create(
        long shard, long firstPosition, DateTimeOffset committedAt, ReadOnlySpan<ReadOnlyMemory<byte>> records, ImmutableArray<EvidenceIndexRow> index,
        BatchProof? proof = null)
    {
        var size = 0;
        foreach (var record in records)
            size = checked(size + sizeof(int) + record.Length);

        var payload = new byte[size];
        var rest = payload.AsSpan();
        foreach (var record in records)
            Write(record.Span, ref rest);
        return new EvidenceBatch(shard, firstPosition, records.Length, committedAt, payload, XxHash3.HashToUInt64(payload), index, proof);
    }

    /// <summary>Bytes of the payload of a batch of these slots.</summary>
    internal static int PayloadSize(ReadOnlySpan<EvidenceSlot> slots)
    {
        var size = 0;
        foreach (var slot in slots)
            size = checked(size + sizeof(int) + slot.Record.Length);
        return size;
    }

    /// <summary>A batch of what is in slots that follow on each other, in memory that is lent to it.</summary>
    /// <param name="payload">Of <see cref="PayloadSize"/>.</param>
    internal static EvidenceBatch Create(
        ReadOnlySpan<EvidenceSlot> slots, DateTimeOffset committedAt, Memory<byte> payload, ImmutableArray<EvidenceIndexRow> index, BatchProof proof)
    {
        var rest = payload.Span;
        foreach (var slot in slots)
            Write(slot.Record, ref rest);
        return new EvidenceBatch(slots[0].Shard, slots[0].Position, slots.Length, committedAt, payload, XxHash3.HashToUInt64(payload.Span), index, proof);
    }

    /// <summary>The same in memory of its own: for whoever keeps a batch beyond the answer to its append.</summary>
    public EvidenceBatch Copy() => new(
        Shard, FirstPosition, Count, CommittedAt, Payload.ToArray(), Checksum, Index,
        Proof is { } proof ? proof with { Salts = proof.Salts.ToArray(), Leaves = proof.Leaves.ToArray() } : null);

    /// <summary>A batch as it was stored; without a payload, one whose records were dropped. Throws <see cref="InvalidDataException"/> when payload, count and checksum do not fit together.</summary>
    public static EvidenceBatch Read(
        long shard, long firstPosition, int count, DateTimeOffset committedAt, ReadOnlyMemory<byte> payload, ulong checksum)
    {
        var batch = new EvidenceBatch(shard, firstPosition, count, committedAt, payload, checksum, [], null);
        if (payload.IsEmpty && count > 0)
            return batch;
        if (XxHash3.HashToUInt64(payload.Span) != checksum)
            throw Damaged(shard, firstPosition, "its checksum does not fit its content");
        _ = batch.Records; // throws what is to be thrown
        return batch;
    }

    private static void Write(ReadOnlySpan<byte> record, ref Span<byte> rest)
    {
        BinaryPrimitives.WriteInt32LittleEndian(rest, record.Length);
        record.CopyTo(rest[sizeof(int)..]);
        rest = rest[(sizeof(int) + record.Length)..];
    }

    private static ImmutableArray<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> payload, long shard, long firstPosition, int count)
    {
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

        return records.Count == count ? records.DrainToImmutable() : throw Damaged(shard, firstPosition, $"it holds {records.Count} records and not {count}");
    }

    private static InvalidDataException Damaged(long shard, long position, string how) =>
        new($"The evidence batch of shard {shard} at position {position} is damaged: {how}. Nothing else is lost by it; restore it from a copy.");
}
