using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Assay.Core.Evidence;

/// <summary>
/// A token's <c>jti</c>: one AES block over (shard, position, check bits) under a cluster key. It leads to its record in O(1), looks random, and
/// one that was made up passes the check bits once in 2^32. The blocks with a counter (0, 1, …) in place of the check bits are the token's key
/// stream: AES in counter mode, whose counters no two tokens share.
/// </summary>
public sealed class JtiCodec : IDisposable
{
    public const int TextLength = 22;
    public const long MaxShard = (1L << 48) - 1;
    public const long MaxPosition = (1L << 48) - 1;
    public const int MaxKeyStream = 512;
    private const int BlockBytes = 16;
    private const uint CheckBits = 0x41535331; // constant: the cipher makes them unguessable; no counter comes so far

    private readonly Aes cipher = Aes.Create();

    /// <param name="key">32 bytes.</param>
    public JtiCodec(ReadOnlySpan<byte> key)
    {
        if (key.Length != 32)
            throw new ArgumentException("the jti key must have 32 bytes", nameof(key));
        cipher.Key = key.ToArray();
    }

    /// <exception cref="ArgumentOutOfRangeException">A number is negative or needs more than 48 bits.</exception>
    public string Encode(RecordId id) => Encode(id, []);

    /// <summary>The <c>jti</c>, and with the same call of the cipher the key stream that belongs to it. Give out each key stream once.</summary>
    /// <param name="keyStream">Is filled; at most <see cref="MaxKeyStream"/> bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative or needs more than 48 bits, or so long a key stream is not given.</exception>
    public string Encode(RecordId id, Span<byte> keyStream)
    {
        Span<byte> blocks = stackalloc byte[BlockBytes + MaxKeyStream];
        blocks = blocks[..(BlockBytes + Length(keyStream))];
        Lay(id, CheckBits, blocks);
        for (var at = BlockBytes; at < blocks.Length; at += BlockBytes)
            Lay(id, (uint)(at / BlockBytes) - 1, blocks[at..]);
        cipher.EncryptEcb(blocks, blocks, PaddingMode.None);
        blocks.Slice(BlockBytes, keyStream.Length).CopyTo(keyStream);
        return Base64Url.EncodeToString(blocks[..BlockBytes]);
    }

    /// <summary>The key stream of a token that was made, to read what was written with it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">As for <see cref="Encode(RecordId, Span{byte})"/>.</exception>
    public void KeyStream(RecordId id, Span<byte> keyStream)
    {
        Span<byte> blocks = stackalloc byte[MaxKeyStream];
        blocks = blocks[..Length(keyStream)];
        for (var at = 0; at < blocks.Length; at += BlockBytes)
            Lay(id, (uint)(at / BlockBytes), blocks[at..]);
        cipher.EncryptEcb(blocks, blocks, PaddingMode.None);
        blocks[..keyStream.Length].CopyTo(keyStream);
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

    private static int Length(ReadOnlySpan<byte> keyStream)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keyStream.Length, MaxKeyStream, nameof(keyStream));
        return (keyStream.Length + BlockBytes - 1) / BlockBytes * BlockBytes;
    }

    private static void Lay(RecordId id, uint last, Span<byte> block)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id.Shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(id.Shard, MaxShard);
        ArgumentOutOfRangeException.ThrowIfNegative(id.Position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(id.Position, MaxPosition);

        BinaryPrimitives.WriteUInt64BigEndian(block, (ulong)id.Shard << 16 | (ulong)id.Position >> 32);
        BinaryPrimitives.WriteUInt32BigEndian(block[8..], (uint)id.Position);
        BinaryPrimitives.WriteUInt32BigEndian(block[12..], last);
    }
}

/// <summary>Where a record lies: its shard (the epoch of the silo that wrote it) and its position there.</summary>
public readonly record struct RecordId(long Shard, long Position);
