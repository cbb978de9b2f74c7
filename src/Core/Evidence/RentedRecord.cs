using System.Buffers;
using Assay.Core.Transparency;

namespace Assay.Core.Evidence;

/// <summary>
/// An encoded record in memory of a pool, with room for the salt that its leaf needs. It has one owner, who gives it back once, when nobody reads it any more; what is not given back is the collector's.
/// </summary>
public readonly struct RentedRecord
{
    /// <summary>Larger ones are not kept. Records of tokens have about 1 KB.</summary>
    private const int MostKept = 16 * 1024;

    // Many are encoded, each on its own thread, before one thread gives all of them back. The shared pool has a few places for each thread, and would make most of them anew.
    private static readonly ArrayPool<byte> Pool = ArrayPool<byte>.Create(MostKept, maxArraysPerBucket: 512);

    private readonly byte[] array;
    private readonly int length;

    private RentedRecord(byte[] array, int length) => (this.array, this.length) = (array, length);

    /// <summary>A copy of an encoded record.</summary>
    public static RentedRecord Of(ReadOnlySpan<byte> encoded)
    {
        var array = Pool.Rent(EvidenceLeaf.SaltSize + encoded.Length);
        encoded.CopyTo(array.AsSpan(EvidenceLeaf.SaltSize));
        return new RentedRecord(array, encoded.Length);
    }

    /// <summary>Not to be read once it was given back, as all else.</summary>
    public ReadOnlySpan<byte> Record => array.AsSpan(EvidenceLeaf.SaltSize, length);

    /// <summary>16 bytes, to be filled with random ones before <see cref="Commit"/>: what it holds until then is of another record.</summary>
    public Span<byte> Salt => array.AsSpan(0, EvidenceLeaf.SaltSize);

    /// <summary>As <see cref="EvidenceLeaf.Commit(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/> of salt and record, which lie side by side here.</summary>
    public TreeHash Commit() => EvidenceLeaf.Commit(array.AsSpan(0, EvidenceLeaf.SaltSize + length));

    /// <summary>Once.</summary>
    public void GiveBack() => Pool.Return(array);
}
