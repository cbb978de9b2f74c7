using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Assay.Core.Transparency;

/// <summary>A hash of a Merkle tree: 32 bytes of SHA-256, of a leaf or of a node over two (RFC 9162 §2.1.1, as RFC 6962 §2.1).</summary>
public readonly struct TreeHash : IEquatable<TreeHash>
{
    public const int Size = SHA256.HashSizeInBytes;

    /// <summary>Bytes that the hash of a node is over.</summary>
    internal const int NodeSize = 1 + 2 * Size;

    // Not a vector: a method that touches one is not compiled ahead (docs/decisions/0034).
    private readonly ulong first, second, third, fourth;

    private TreeHash(ReadOnlySpan<byte> bytes)
    {
        first = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        second = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        third = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        fourth = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
    }

    /// <summary>The root of a tree without leaves.</summary>
    public static TreeHash Empty { get; } = new(SHA256.HashData([]));

    /// <exception cref="ArgumentException">There are not 32 bytes.</exception>
    public static TreeHash From(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size ? new TreeHash(bytes) : throw new ArgumentException("a tree hash has 32 bytes", nameof(bytes));

    /// <summary>The hash of a leaf that holds <paramref name="entry"/>.</summary>
    public static TreeHash OfLeaf(ReadOnlySpan<byte> entry)
    {
        Span<byte> hash = stackalloc byte[Size];
        if (entry.Length <= 128)
        {
            Span<byte> leaf = stackalloc byte[1 + entry.Length];
            leaf[0] = 0;
            entry.CopyTo(leaf[1..]);
            SHA256.HashData(leaf, hash);
            return new TreeHash(hash);
        }

        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData([0]);
        digest.AppendData(entry);
        digest.GetHashAndReset(hash);
        return new TreeHash(hash);
    }

    /// <summary>The hash of the node over two others.</summary>
    public static TreeHash OfNode(TreeHash left, TreeHash right)
    {
        Span<byte> node = stackalloc byte[NodeSize];
        WriteNode(left, right, node);
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(node, hash);
        return new TreeHash(hash);
    }

    /// <summary>What the hash of the node over two others is over.</summary>
    internal static void WriteNode(TreeHash left, TreeHash right, Span<byte> node)
    {
        node[0] = 1;
        left.CopyTo(node[1..]);
        right.CopyTo(node[(1 + Size)..]);
    }

    /// <summary>Reads 32 bytes in standard base64; false when it is not that.</summary>
    public static bool TryParse(ReadOnlySpan<char> base64, out TreeHash hash)
    {
        hash = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (base64.Length != 44 || !Convert.TryFromBase64Chars(base64, bytes, out var length) || length != Size || !Convert.ToBase64String(bytes).AsSpan().SequenceEqual(base64))
            return false;
        hash = new TreeHash(bytes);
        return true;
    }

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, first);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], second);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], third);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], fourth);
    }

    public byte[] ToArray()
    {
        var copy = new byte[Size];
        CopyTo(copy);
        return copy;
    }

    public bool Equals(TreeHash other) => first == other.first && second == other.second && third == other.third && fourth == other.fourth;

    public override bool Equals(object? obj) => obj is TreeHash other && Equals(other);

    public override int GetHashCode() => first.GetHashCode();

    /// <summary>Standard base64, as checkpoints have it.</summary>
    public override string ToString() => Convert.ToBase64String(ToArray());

    public static bool operator ==(TreeHash left, TreeHash right) => left.Equals(right);

    public static bool operator !=(TreeHash left, TreeHash right) => !left.Equals(right);
}
