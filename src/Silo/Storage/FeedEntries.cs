using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Silo.Storage;

/// <summary>Rows of the feed, in the order of their numbers, gathered into one entry a number.</summary>
internal sealed class FeedEntries
{
    private readonly ImmutableArray<FeedEntry>.Builder entries = ImmutableArray.CreateBuilder<FeedEntry>();
    private readonly ImmutableArray<ObjectKey>.Builder keys = ImmutableArray.CreateBuilder<ObjectKey>();
    private long number;

    public void Add(long ofNumber, ObjectKey key)
    {
        if (ofNumber != number)
            Close();
        number = ofNumber;
        keys.Add(key);
    }

    public ImmutableArray<FeedEntry> ToImmutable()
    {
        Close();
        return entries.DrainToImmutable();
    }

    private void Close()
    {
        if (keys.Count > 0)
            entries.Add(new FeedEntry(number, keys.DrainToImmutable()));
    }
}
