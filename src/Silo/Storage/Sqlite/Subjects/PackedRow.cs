using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Hashing;
using System.Text;
using Assay.Grains.Authority;

namespace Assay.Silo.Storage.Sqlite.Subjects;

/// <summary>
/// An index row in bytes: the name of whose it is (realm and subject, each after its length), then what it says (shard and moment, 8 bytes each and little-endian; positions and spent
/// assertions after their numbers). Nothing is made of a row before somebody wants it: it is found, sorted and moved by its bytes.
/// </summary>
internal static class PackedRow
{
    private const int FixedBytes = 2 * sizeof(long);

    /// <summary>The rows of a batch: their number, and one after the other.</summary>
    public static byte[] Pack(ImmutableArray<EvidenceIndexRow> rows)
    {
        var size = SizeOf(rows.Length);
        foreach (var row in rows)
            size += SizeOf(row.Realm) + SizeOf(row.Subject) + FixedBytes + SizeOf(row.Positions.Length) + row.Positions.Length * sizeof(long) + SizeOf(row.Spent.Length) + row.Spent.Length * EvidencePacking.SpentBytes;

        var packed = new byte[size];
        var at = Write(packed, 0, rows.Length);
        foreach (var row in rows)
        {
            at = Write(packed, Write(packed, at, row.Realm), row.Subject);
            BinaryPrimitives.WriteInt64LittleEndian(packed.AsSpan(at), row.Shard);
            BinaryPrimitives.WriteInt64LittleEndian(packed.AsSpan(at + sizeof(long)), row.At.ToUnixTimeMilliseconds());
            at = Write(packed, at + FixedBytes, row.Positions.Length);
            foreach (var position in row.Positions)
            {
                BinaryPrimitives.WriteInt64LittleEndian(packed.AsSpan(at), position);
                at += sizeof(long);
            }

            at = Write(packed, at, row.Spent.Length);
            EvidencePacking.WriteSpent(row.Spent, packed.AsSpan(at), out _);
            at += row.Spent.Length * EvidencePacking.SpentBytes;
        }

        return packed;
    }

    /// <summary>The name of a subject, as its rows begin.</summary>
    public static byte[] Name(string realm, string subject)
    {
        var name = new byte[SizeOf(realm) + SizeOf(subject)];
        Write(name, Write(name, 0, realm), subject);
        return name;
    }

    /// <summary>What rows are sorted by. Two subjects may share it.</summary>
    public static long Hash(ReadOnlySpan<byte> name) => unchecked((long)XxHash3.HashToUInt64(name));

    /// <summary>Takes the number of rows off the beginning.</summary>
    /// <exception cref="InvalidDataException">As of the others: the bytes are not what was written.</exception>
    public static int TakeCount(ref ReadOnlySpan<byte> rest)
    {
        var at = 0;
        var count = ReadInt(rest, ref at);
        if (count > rest.Length)
            throw Damaged();
        rest = rest[at..];
        return count;
    }

    /// <summary>Takes a name off the beginning.</summary>
    public static ReadOnlySpan<byte> TakeName(ref ReadOnlySpan<byte> rest)
    {
        var at = 0;
        for (var i = 0; i < 2; i++)
        {
            var length = ReadInt(rest, ref at);
            at = length <= rest.Length - at ? at + length : throw Damaged();
        }

        return Take(ref rest, at);
    }

    /// <summary>Takes what one row says off the beginning.</summary>
    public static ReadOnlySpan<byte> TakeSaid(ref ReadOnlySpan<byte> rest)
    {
        var at = FixedBytes;
        at = Skip(rest, at, sizeof(long));
        return Take(ref rest, Skip(rest, at, EvidencePacking.SpentBytes));
    }

    /// <summary>When the batch was committed, in milliseconds since 1970.</summary>
    public static long At(ReadOnlySpan<byte> said) => BinaryPrimitives.ReadInt64LittleEndian(said[sizeof(long)..]);

    /// <summary>When the last assertion that is spent in it expires, in milliseconds since 1970; <see cref="long.MinValue"/> when there is none.</summary>
    public static long SpentUntil(ReadOnlySpan<byte> said)
    {
        var last = long.MinValue;
        for (var spent = SpentIn(said); !spent.IsEmpty; spent = spent[EvidencePacking.SpentBytes..])
            last = Math.Max(last, BinaryPrimitives.ReadInt64LittleEndian(spent[16..]));
        return last;
    }

    public static ImmutableArray<SpentAssertion> Spent(ReadOnlySpan<byte> said) => EvidencePacking.ReadSpent(SpentIn(said));

    public static EvidenceIndexRow Unpack(SubjectKey subject, ReadOnlySpan<byte> said)
    {
        var at = FixedBytes;
        var positions = ReadInt(said, ref at);
        return new EvidenceIndexRow(
            subject.Realm, subject.Subject, BinaryPrimitives.ReadInt64LittleEndian(said), DateTimeOffset.FromUnixTimeMilliseconds(At(said)),
            EvidencePacking.ReadPositions(said.Slice(at, positions * sizeof(long))), Spent(said));
    }

    private static ReadOnlySpan<byte> SpentIn(ReadOnlySpan<byte> said)
    {
        var at = Skip(said, FixedBytes, sizeof(long));
        ReadInt(said, ref at);
        return said[at..];
    }

    private static int Skip(ReadOnlySpan<byte> bytes, int at, int each)
    {
        var count = (long)ReadInt(bytes, ref at);
        return count * each <= bytes.Length - at ? at + (int)count * each : throw Damaged();
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, int length)
    {
        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }

    // Numbers as BinaryWriter.Write7BitEncodedInt writes them.
    private static int ReadInt(ReadOnlySpan<byte> bytes, ref int at)
    {
        long value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            if (at >= bytes.Length)
                throw Damaged();
            var next = bytes[at++];
            value |= (long)(next & 0x7F) << shift;
            if (next < 0x80)
                return value <= int.MaxValue ? (int)value : throw Damaged();
        }

        throw Damaged();
    }

    private static int Write(Span<byte> to, int at, int value)
    {
        for (; value > 0x7F; value >>= 7)
            to[at++] = (byte)(value | 0x80);
        to[at++] = (byte)value;
        return at;
    }

    private static int Write(Span<byte> to, int at, string text)
    {
        at = Write(to, at, Encoding.UTF8.GetByteCount(text));
        return at + Encoding.UTF8.GetBytes(text, to[at..]);
    }

    private static int SizeOf(int value) => value < 0x80 ? 1 : 1 + SizeOf(value >> 7);

    private static int SizeOf(string text) => Encoding.UTF8.GetByteCount(text) is var bytes ? SizeOf(bytes) + bytes : 0;

    private static InvalidDataException Damaged() => new("index rows of evidence are damaged");
}
