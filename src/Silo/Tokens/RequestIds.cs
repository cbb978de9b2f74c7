using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Assay.Silo.Tokens;

/// <summary>
/// Names for requests, distinct among all silos and starts: 80 random bits of this process before a count. Nobody has to be unable to guess them, so they need not
/// cost a system call each.
/// </summary>
internal sealed class RequestIds
{
    private const int CountBytes = 6;

    private readonly byte[] start = RandomNumberGenerator.GetBytes(16);
    private long count;

    public Guid Next()
    {
        Span<byte> id = stackalloc byte[16];
        Span<byte> number = stackalloc byte[sizeof(long)];
        start.CopyTo(id);
        BinaryPrimitives.WriteInt64BigEndian(number, Interlocked.Increment(ref count));
        number[^CountBytes..].CopyTo(id[^CountBytes..]);
        return new Guid(id, bigEndian: true);
    }
}
