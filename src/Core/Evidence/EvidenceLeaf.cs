using System.Buffers;
using System.Security.Cryptography;
using Assay.Core.Transparency;

namespace Assay.Core.Evidence;

/// <summary>
/// What the tree of a shard holds of a record: SHA-256 over a salt of its own and the encoded record. Whoever has salt and record can check it; whoever has
/// only this learns nothing, not even by guessing at the record. It outlives the record.
/// </summary>
public static class EvidenceLeaf
{
    public const int SaltSize = 16;

    /// <summary>The entry of the tree; its leaf hash is <see cref="TreeHash.OfLeaf"/> over these 32 bytes.</summary>
    /// <param name="salt">16 random bytes, used once.</param>
    public static TreeHash Commit(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> record)
    {
        if (salt.Length != SaltSize)
            throw new ArgumentException("a salt has 16 bytes", nameof(salt));

        var rented = ArrayPool<byte>.Shared.Rent(SaltSize + record.Length);
        salt.CopyTo(rented);
        record.CopyTo(rented.AsSpan(SaltSize));
        var leaf = Commit(rented.AsSpan(0, SaltSize + record.Length));
        ArrayPool<byte>.Shared.Return(rented);
        return leaf;
    }

    /// <summary>The same of salt and record in one piece.</summary>
    internal static TreeHash Commit(ReadOnlySpan<byte> saltAndRecord)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(saltAndRecord, hash);
        return TreeHash.From(hash);
    }
}
