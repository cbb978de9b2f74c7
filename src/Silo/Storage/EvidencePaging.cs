using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Silo.Storage;

/// <summary>Gathers a page of batches as a store reads them.</summary>
internal sealed class EvidencePaging(int maxBytes)
{
    private readonly ImmutableArray<EvidenceBatch>.Builder batches = ImmutableArray.CreateBuilder<EvidenceBatch>();
    private EvidencePlace? last;
    private long bytes;
    private long damaged;

    public bool IsFull => bytes >= maxBytes;

    /// <summary>Batches that were added, readable or not.</summary>
    public int Count { get; private set; }

    public void Add(EvidencePlace place, int count, DateTimeOffset committedAt, byte[] payload, ulong checksum)
    {
        Count++;
        last = place;
        bytes += payload.Length;
        try
        {
            batches.Add(EvidenceBatch.Read(place.Shard, place.FirstPosition, count, committedAt, payload, checksum));
        }
        catch (InvalidDataException)
        {
            damaged += count;
        }
    }

    public EvidencePage End(bool isLast) => new(batches.DrainToImmutable(), isLast ? null : last, damaged);
}
