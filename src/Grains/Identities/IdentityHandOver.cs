using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Assay.Grains.Authority;

namespace Assay.Grains.Identities;

/// <summary>
/// What an activation leaves to the next one when its silo stops: the assertions that are spent and not expired, and what is left of the rate limit.
/// Bytes of our own with a version in front, because two releases may share a cluster: whoever cannot read them starts from the evidence instead.
/// </summary>
internal sealed record IdentityHandOver(IReadOnlyCollection<SpentBy> Spent, double Tokens)
{
    /// <summary>More are not handed over, because they would not fit into a message between silos.</summary>
    public const int MaxSpent = 1_000_000;

    private const byte Version = 1;
    private const int HeadBytes = 1 + sizeof(double) + sizeof(int);
    private const int SpentBytes = 16 + sizeof(long) + 16;

    public byte[] Write()
    {
        var bytes = new byte[HeadBytes + Spent.Count * SpentBytes];
        bytes[0] = Version;
        BinaryPrimitives.WriteDoubleBigEndian(bytes.AsSpan(1), Tokens);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1 + sizeof(double)), Spent.Count);
        var at = bytes.AsSpan(HeadBytes);
        foreach (var one in Spent)
        {
            one.Hash.WriteBigEndian(at);
            BinaryPrimitives.WriteInt64BigEndian(at[16..], one.Until.UtcTicks);
            one.Request.TryWriteBytes(at[24..], bigEndian: true, out _);
            at = at[SpentBytes..];
        }

        return bytes;
    }

    /// <summary>False for another version, and for anything that is not whole.</summary>
    public static bool TryRead(ReadOnlySequence<byte> sequence, [NotNullWhen(true)] out IdentityHandOver? handOver)
    {
        handOver = null;
        var bytes = sequence.ToArray().AsSpan();
        if (bytes.Length < HeadBytes || bytes[0] != Version)
            return false;

        var tokens = BinaryPrimitives.ReadDoubleBigEndian(bytes[1..]);
        var count = BinaryPrimitives.ReadInt32BigEndian(bytes[(1 + sizeof(double))..]);
        if (!double.IsFinite(tokens) || tokens < 0 || count is < 0 or > MaxSpent || bytes.Length != HeadBytes + count * SpentBytes)
            return false;

        var spent = new SpentBy[count];
        var at = bytes[HeadBytes..];
        for (var i = 0; i < count; i++, at = at[SpentBytes..])
        {
            var ticks = BinaryPrimitives.ReadInt64BigEndian(at[16..]);
            if (ticks < 0 || ticks > DateTimeOffset.MaxValue.Ticks)
                return false;
            spent[i] = new SpentBy(AssertionHash.ReadBigEndian(at), new DateTimeOffset(ticks, TimeSpan.Zero), new Guid(at.Slice(24, 16), bigEndian: true));
        }

        handOver = new IdentityHandOver(spent, tokens);
        return true;
    }
}

/// <param name="Request">Who spent it, so that a repeated call is still answered; empty when that is not known any more.</param>
internal readonly record struct SpentBy(AssertionHash Hash, DateTimeOffset Until, Guid Request);
