using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Core.Revocation;

/// <summary>
/// Short names for what a token hangs on: 64 bits of HMAC-SHA-256 over kind and name under a key of the cluster. Keyed, so that nobody can
/// make a credential whose handle is another's. Safe to share between threads.
/// </summary>
public sealed class TokenHandles
{
    /// <summary>Handles of each kind that are kept: they are asked for with every token, and an HMAC costs a tenth of a signature.</summary>
    private const int Capacity = 100_000;
    private const int MaxOnStack = 256;

    private readonly ConcurrentDictionary<string, ulong>[] known = [.. Enum.GetValues<RevocationKind>().Select(_ => new ConcurrentDictionary<string, ulong>(StringComparer.Ordinal))];
    private readonly byte[] key;

    /// <param name="key">32 bytes.</param>
    public TokenHandles(ReadOnlySpan<byte> key)
    {
        if (key.Length != 32)
            throw new ArgumentException("the key of the handles must have 32 bytes", nameof(key));
        this.key = key.ToArray();
    }

    public ulong Of(RevocationKind kind, string name)
    {
        if (kind == RevocationKind.Jti) // seldom asked for twice
            return Compute(kind, name);
        var handles = known[(int)kind];
        if (handles.TryGetValue(name, out var handle))
            return handle;

        handle = Compute(kind, name);
        if (handles.Count >= Capacity)
            handles.Clear(); // bounded by starting over
        handles[name] = handle;
        return handle;
    }

    private ulong Compute(RevocationKind kind, string name)
    {
        var most = 1 + Encoding.UTF8.GetMaxByteCount(name.Length);
        var rented = most > MaxOnStack ? ArrayPool<byte>.Shared.Rent(most) : null;
        Span<byte> text = rented ?? stackalloc byte[MaxOnStack];
        text[0] = (byte)kind;
        var length = 1 + Encoding.UTF8.GetBytes(name, text[1..]);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, text[..length], hash);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
