using System.Buffers.Binary;
using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Silo.Storage;

/// <summary>How stores keep the lists of an index row: little-endian, one entry after the other.</summary>
internal static class EvidencePacking
{
    /// <summary>Of each spent assertion.</summary>
    public const int SpentBytes = 24;

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
        WriteSpent(spent, bytes, out last);
        return bytes;
    }

    public static void WriteSpent(ImmutableArray<SpentAssertion> spent, Span<byte> to, out long last)
    {
        last = long.MinValue;
        for (var i = 0; i < spent.Length; i++)
        {
            // Rounded up: an assertion is remembered a moment longer, never a moment shorter.
            var until = spent[i].Until.ToUnixTimeMilliseconds() + 1;
            spent[i].Hash.WriteLittleEndian(to[(i * SpentBytes)..]);
            BinaryPrimitives.WriteInt64LittleEndian(to[(i * SpentBytes + 16)..], until);
            last = Math.Max(last, until);
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
