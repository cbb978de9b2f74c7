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

    // A cipher call that sets its key up costs several times what the blocks cost.
    private readonly ThreadLocal<Blocks> blocks;

    /// <param name="key">32 bytes.</param>
    public JtiCodec(ReadOnlySpan<byte> key)
    {
        if (key.Length != 32)
            throw new ArgumentException("the jti key must have 32 bytes", nameof(key));
        cipher.Key = key.ToArray();
        cipher.Mode = CipherMode.ECB;
        cipher.Padding = PaddingMode.None;
        blocks = new ThreadLocal<Blocks>(() => new Blocks(cipher.CreateEncryptor()), trackAllValues: true);
    }

    /// <exception cref="ArgumentOutOfRangeException">A number is negative or needs more than 48 bits.</exception>
    public string Encode(RecordId id) => Encode(id, []);

    /// <summary>The <c>jti</c>, and with the same call of the cipher the key stream that belongs to it. Give out each key stream once.</summary>
    /// <param name="keyStream">Is filled; at most <see cref="MaxKeyStream"/> bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative or needs more than 48 bits, or so long a key stream is not given.</exception>
    public string Encode(RecordId id, Span<byte> keyStream)
    {
        Span<byte> text = stackalloc byte[TextLength];
        Encode(id, text, keyStream);
        return System.Text.Encoding.ASCII.GetString(text);
    }

    /// <summary>The same, written where it is needed.</summary>
    /// <param name="text"><see cref="TextLength"/> bytes, which become ASCII.</param>
    /// <exception cref="ArgumentOutOfRangeException">As for the other.</exception>
    public void Encode(RecordId id, Span<byte> text, Span<byte> keyStream)
    {
        var own = blocks.Value!;
        var laid = own.Laid.AsSpan(0, BlockBytes + Length(keyStream));
        Lay(id, CheckBits, laid);
        for (var at = BlockBytes; at < laid.Length; at += BlockBytes)
            Lay(id, (uint)(at / BlockBytes) - 1, laid[at..]);
        var encrypted = own.Encrypt(laid.Length);
        encrypted.Slice(BlockBytes, keyStream.Length).CopyTo(keyStream);
        Base64Url.EncodeToUtf8(encrypted[..BlockBytes], text);
    }

    /// <summary>The key stream of a token that was made, to read what was written with it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">As for <see cref="Encode(RecordId, Span{byte})"/>.</exception>
    public void KeyStream(RecordId id, Span<byte> keyStream)
    {
        if (keyStream.IsEmpty)
            return;
        var own = blocks.Value!;
        var laid = own.Laid.AsSpan(0, Length(keyStream));
        for (var at = 0; at < laid.Length; at += BlockBytes)
            Lay(id, (uint)(at / BlockBytes), laid[at..]);
        own.Encrypt(laid.Length)[..keyStream.Length].CopyTo(keyStream);
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

    public void Dispose()
    {
        foreach (var own in blocks.Values)
            own.Dispose();
        blocks.Dispose();
        cipher.Dispose();
    }

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

    /// <summary>A cipher that is set up, and room for its blocks. For one thread.</summary>
    private sealed class Blocks(ICryptoTransform cipher) : IDisposable
    {
        private readonly byte[] encrypted = new byte[BlockBytes + MaxKeyStream];

        public byte[] Laid { get; } = new byte[BlockBytes + MaxKeyStream];

        /// <summary>So many bytes of <see cref="Laid"/>, each block by itself.</summary>
        public ReadOnlySpan<byte> Encrypt(int length)
        {
            cipher.TransformBlock(Laid, 0, length, encrypted, 0);
            return encrypted.AsSpan(0, length);
        }

        public void Dispose() => cipher.Dispose();
    }
}

/// <summary>Where a record lies: its shard (the epoch of the silo that wrote it) and its position there.</summary>
public readonly record struct RecordId(long Shard, long Position);
