using System.Buffers.Binary;
using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Silo.Storage;

/// <summary>How stores keep the lists of an index row: little-endian, one entry after the other.</summary>
internal static class EvidencePacking
{
    private const int SpentBytes = 24;

    public static byte[] WritePositions(ImmutableArray<long> positions)
    {
        var bytes = new byte[positions.Length * sizeof(long)];
        for (var i = 0; i < positions.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), positions[i]);
        return bytes;
    }

    public static ImmutableArray<long> ReadPositions(ReadOnlySpan<byte> bytes)
    {
        var positions = ImmutableArray.CreateBuilder<long>(bytes.Length / sizeof(long));
        for (; bytes.Length >= sizeof(long); bytes = bytes[sizeof(long)..])
            positions.Add(BinaryPrimitives.ReadInt64LittleEndian(bytes));
        return positions.DrainToImmutable();
    }

    /// <param name="last">When the last of them expires, in milliseconds since 1970.</param>
    public static byte[] WriteSpent(ImmutableArray<SpentAssertion> spent, out long last)
    {
        var bytes = new byte[spent.Length * SpentBytes];
        last = long.MinValue;
        for (var i = 0; i < spent.Length; i++)
        {
            // Rounded up: an assertion is remembered a moment longer, never a moment shorter.
            var until = spent[i].Until.ToUnixTimeMilliseconds() + 1;
            spent[i].Hash.WriteLittleEndian(bytes.AsSpan(i * SpentBytes));
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * SpentBytes + 16), until);
            last = Math.Max(last, until);
        }

        return bytes;
    }

    /// <summary>All rows of a batch in one piece.</summary>
    public static byte[] WriteRows(ImmutableArray<EvidenceIndexRow> rows)
    {
        using var bytes = new MemoryStream(rows.Length * 128);
        using var writer = new BinaryWriter(bytes);
        writer.Write7BitEncodedInt(rows.Length);
        foreach (var row in rows)
        {
            writer.Write(row.Realm);
            writer.Write(row.Subject);
            writer.Write(row.Shard);
            writer.Write(row.At.ToUnixTimeMilliseconds());
            writer.Write7BitEncodedInt(row.Positions.Length);
            foreach (var position in row.Positions)
                writer.Write(position);
            writer.Write7BitEncodedInt(row.Spent.Length);
            if (!row.Spent.IsEmpty)
                writer.Write(WriteSpent(row.Spent, out _));
        }

        return bytes.ToArray();
    }

    /// <exception cref="InvalidDataException">They are not what was written.</exception>
    public static ImmutableArray<EvidenceIndexRow> ReadRows(byte[] bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes));
            var count = reader.Read7BitEncodedInt();
            if (count < 0 || count > bytes.Length)
                throw new FormatException($"{count} rows in {bytes.Length} bytes");
            var rows = ImmutableArray.CreateBuilder<EvidenceIndexRow>(count);
            while (rows.Count < count)
            {
                rows.Add(new EvidenceIndexRow(
                    reader.ReadString(), reader.ReadString(), reader.ReadInt64(), DateTimeOffset.FromUnixTimeMilliseconds(reader.ReadInt64()),
                    ReadPositions(reader.ReadBytes(reader.Read7BitEncodedInt() * sizeof(long))), ReadSpent(reader.ReadBytes(reader.Read7BitEncodedInt() * SpentBytes))));
            }

            return rows.MoveToImmutable();
        }
        catch (Exception fault) when (fault is EndOfStreamException or FormatException or ArgumentException)
        {
            throw new InvalidDataException("index rows of an evidence batch are damaged", fault);
        }
    }

    /// <summary>Adds those that are not expired at <paramref name="now"/> to a list, which is made when there is one to add.</summary>
    public static void AddLive(ImmutableArray<SpentAssertion> spent, DateTimeOffset now, ref ImmutableArray<SpentAssertion>.Builder? live)
    {
        foreach (var one in spent)
        {
            if (one.Until >= now)
                (live ??= ImmutableArray.CreateBuilder<SpentAssertion>()).Add(one);
        }
    }

    public static ImmutableArray<SpentAssertion> ReadSpent(ReadOnlySpan<byte> bytes)
    {
        var spent = ImmutableArray.CreateBuilder<SpentAssertion>(bytes.Length / SpentBytes);
        for (; bytes.Length >= SpentBytes; bytes = bytes[SpentBytes..])
        {
            spent.Add(new SpentAssertion(
                AssertionHash.ReadLittleEndian(bytes), DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]))));
        }

        return spent.DrainToImmutable();
    }
}
