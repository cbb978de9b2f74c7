using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Assay.Core.Transparency;

/// <summary>One batch of a shard as somebody has it who checks the log: nothing in it is known to be true.</summary>
public sealed class LoggedBatch
{
    public required long Shard { get; init; }

    /// <summary>The position of its first record.</summary>
    public required long First { get; init; }

    /// <summary>How many records it says that it has.</summary>
    public required int Count { get; init; }

    public required DateTimeOffset CommittedAt { get; init; }

    /// <summary>XxHash3 of its records, each after its length (4 bytes, little-endian).</summary>
    public required ulong Checksum { get; init; }

    /// <summary>The root of the shard's tree with it.</summary>
    public ReadOnlyMemory<byte> Root { get; init; }

    /// <summary>Key id and signature of the checkpoint with that root.</summary>
    public ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>32 bytes a record.</summary>
    public ReadOnlyMemory<byte> Leaves { get; init; }

    /// <summary>16 bytes a record.</summary>
    public ReadOnlyMemory<byte> Salts { get; set; }

    /// <summary>Its records were dropped: only its leaves are there.</summary>
    public bool IsDropped { get; init; }

    /// <summary>Null when they were dropped, or cannot be told apart.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>>? Records { get; set; }

    /// <summary>What is there when the records cannot be told apart.</summary>
    public ReadOnlyMemory<byte> Unreadable { get; init; }

    /// <summary>The records of a payload: each after its length. Null when they cannot be told apart.</summary>
    public static ImmutableArray<ReadOnlyMemory<byte>>? Split(ReadOnlyMemory<byte> payload)
    {
        var records = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
        while (!payload.IsEmpty)
        {
            if (payload.Length < sizeof(int))
                return null;
            var length = BinaryPrimitives.ReadInt32LittleEndian(payload.Span);
            payload = payload[sizeof(int)..];
            if (length < 0 || length > payload.Length)
                return null;
            records.Add(payload[..length]);
            payload = payload[length..];
        }

        return records.DrainToImmutable();
    }
}
