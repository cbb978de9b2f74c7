using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;

namespace Assay.Core.Jose;

/// <summary>The memory of one token in the making, kept for the next one. The pool is bounded, and so is what it keeps.</summary>
internal sealed class JwtBuffers
{
    private const int MaxPooled = 256;
    private const int MaxKeptPayload = 2 * JwtWriter.MaxTokenLength;

    private static readonly ConcurrentQueue<JwtBuffers> Pool = new();
    private static int pooled;

    private JwtBuffers() => Json = new Utf8JsonWriter(Payload, JwtWriter.JsonOptions);

    public ArrayBufferWriter<byte> Payload { get; } = new(1024);

    public Utf8JsonWriter Json { get; }

    public byte[] Digest { get; } = new byte[SHA256.HashSizeInBytes];

    public byte[] Text { get; private set; } = new byte[2048];

    /// <summary>The text's memory, at least this long.</summary>
    public Span<byte> TextOf(int length)
    {
        if (Text.Length < length)
            Text = new byte[length];
        return Text;
    }

    public static JwtBuffers Rent()
    {
        if (!Pool.TryDequeue(out var buffers))
            return new JwtBuffers();

        Interlocked.Decrement(ref pooled);
        return buffers;
    }

    /// <summary>Erases everything and makes it available again. The caller must not use it afterwards.</summary>
    public void Return()
    {
        Array.Clear(Text);
        Payload.Clear();
        Json.Reset();
        if (Payload.Capacity > MaxKeptPayload)
            return;

        if (Interlocked.Increment(ref pooled) <= MaxPooled)
            Pool.Enqueue(this);
        else
            Interlocked.Decrement(ref pooled);
    }
}
