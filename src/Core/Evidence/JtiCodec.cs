using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Assay.Core.Evidence;

/// <summary>
/// A token's <c>jti</c>: one AES block over (shard, position, check bits) under a cluster key. It leads to its record in O(1), looks random, and
/// one that was made up passes the check bits once in 2^32.
/// </summary>
public sealed class JtiCodec : IDisposable
{
    public const int TextLength = 22;
    public const long MaxShard = (1L << 48) - 1;
    public const long MaxPosition = (1L << 48) - 1;
    private const uint CheckBits = 0x41535331; // constant: the cipher makes them unguessable

    private readonly Aes cipher = Aes.Create();

    /// <param name="key">32 bytes.</param>
    public JtiCodec(ReadOnlySpan<byte> key)
    {
        if (key.Length != 32)
            throw new ArgumentException("the jti key must have 32 bytes", nameof(key));
        cipher.Key = key.ToArray();
    }

    /// <exception cref="ArgumentOutOfRangeException">A number is negative or needs more than 48 bits.</exception>
    public string Encode(RecordId id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id.Shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(id.Shard, MaxShard);
        ArgumentOutOfRangeException.ThrowIfNegative(id.Position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(id.Position, MaxPosition);

        Span<byte> plain = stackalloc byte[16], block = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(plain, (ulong)id.Shard << 16 | (ulong)id.Position >> 32);
        BinaryPrimitives.WriteUInt32BigEndian(plain[8..], (uint)id.Position);
        BinaryPrimitives.WriteUInt32BigEndian(plain[12..], CheckBits);
        cipher.EncryptEcb(plain, block, PaddingMode.None);
        return Base64Url.EncodeToString(block);
    }

    /// <summary>False when the text is no <c>jti</c> of this cluster.</summary>
    public bool TryDecode(ReadOnlySpan<char> text, out RecordId id)
    {
        id = default;
        Span<byte> block = stackalloc byte[16], plain = stackalloc byte[16];
        if (text.Length != TextLength || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, block, out var length) || length != 16)
            return false;
        if (!Base64Url.EncodeToString(block).AsSpan().SequenceEqual(text))
            return false; // one jti has one spelling

        cipher.DecryptEcb(block, plain, PaddingMode.None);
        if (BinaryPrimitives.ReadUInt32BigEndian(plain[12..]) != CheckBits)
            return false;

        var high = BinaryPrimitives.ReadUInt64BigEndian(plain);
        id = new RecordId((long)(high >> 16), (long)((high & 0xFFFF) << 32 | BinaryPrimitives.ReadUInt32BigEndian(plain[8..])));
        return true;
    }

    public void Dispose() => cipher.Dispose();
}

/// <summary>Where a record lies: its shard (the epoch of the silo that wrote it) and its position there.</summary>
public readonly record struct RecordId(long Shard, long Position);
