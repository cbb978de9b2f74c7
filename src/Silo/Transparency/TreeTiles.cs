using System.Collections.Concurrent;
using System.Collections.Immutable;
using Assay.Core.Transparency;
using Assay.Silo.Evidence;

namespace Assay.Silo.Transparency;

/// <summary>
/// Tiles of the shards' trees (C2SP tlog-tiles), made from the leaves that lie with the batches. Full ones never change and are kept. A tile of level L that nobody
/// asked for before reads the 256^(L+1) leaves below it.
/// </summary>
internal sealed class TreeTiles(ILogStore store)
{
    /// <summary>Full tiles kept, of 8 KiB each; when there are more, all are forgotten.</summary>
    private const int MostKept = 4096;

    private readonly ConcurrentDictionary<(long Shard, int Level, long Index), TreeHash[]> kept = [];

    /// <summary>The first <paramref name="width"/> hashes of a tile. All leaves below them must be there.</summary>
    /// <exception cref="InvalidDataException">They are not.</exception>
    public async ValueTask<TreeHash[]> Hashes(long shard, int level, long index, int width, CancellationToken cancellationToken)
    {
        var key = (shard, level, index);
        if (kept.TryGetValue(key, out var known))
            return known;

        TreeHash[] hashes;
        if (level == 0)
        {
            hashes = await Entries(shard, index * TilePath.FullWidth, width, cancellationToken);
            Span<byte> entry = stackalloc byte[TreeHash.Size];
            for (var i = 0; i < hashes.Length; i++)
            {
                hashes[i].CopyTo(entry);
                hashes[i] = TreeHash.OfLeaf(entry);
            }
        }
        else
        {
            hashes = new TreeHash[width];
            for (var i = 0; i < width; i++)
                hashes[i] = Root(await Hashes(shard, level - 1, index * TilePath.FullWidth + i, TilePath.FullWidth, cancellationToken));
        }

        if (width == TilePath.FullWidth)
        {
            if (kept.Count >= MostKept)
                kept.Clear();
            kept[key] = hashes;
        }

        return hashes;
    }

    /// <summary>The hash of a full subtree.</summary>
    public async ValueTask<TreeHash> Hash(long shard, Subtree tree, CancellationToken cancellationToken)
    {
        var level = tree.Height / 8;
        var count = 1 << tree.Height % 8;
        var first = tree.Index * count;
        var offset = (int)(first % TilePath.FullWidth);
        var hashes = await Hashes(shard, level, first / TilePath.FullWidth, offset + count, cancellationToken);
        return Root(hashes.AsSpan(offset, count));
    }

    /// <summary>The hash of each range, for a proof.</summary>
    public async Task<ImmutableArray<TreeHash>> Hashes(long shard, ImmutableArray<TreeRange> ranges, CancellationToken cancellationToken)
    {
        var path = ImmutableArray.CreateBuilder<TreeHash>(ranges.Length);
        foreach (var range in ranges)
        {
            var parts = range.Parts();
            var hashes = new TreeHash[parts.Length];
            for (var i = 0; i < parts.Length; i++)
                hashes[i] = await Hash(shard, parts[i], cancellationToken);
            path.Add(TreeRange.Join(hashes));
        }

        return path.MoveToImmutable();
    }

    /// <summary>What the leaves of the tree hold: the commitments to the records.</summary>
    /// <exception cref="InvalidDataException">Some of them are not there.</exception>
    public async Task<TreeHash[]> Entries(long shard, long start, int count, CancellationToken cancellationToken)
    {
        var entries = new TreeHash[count];
        var next = start;
        foreach (var batch in await store.Leaves(shard, start, start + count, cancellationToken))
        {
            if (batch.Leaves.Length != batch.Count * TreeHash.Size)
                break;
            for (; next < batch.FirstPosition + batch.Count && next < start + count && next >= batch.FirstPosition; next++)
                entries[next - start] = TreeHash.From(batch.Leaves.Span.Slice((int)(next - batch.FirstPosition) * TreeHash.Size, TreeHash.Size));
        }

        return next == start + count ? entries : throw new InvalidDataException($"The leaf at position {next} of shard {shard} is not there.");
    }

    private static TreeHash Root(ReadOnlySpan<TreeHash> full)
    {
        if (full.Length == 1)
            return full[0];
        return TreeHash.OfNode(Root(full[..(full.Length / 2)]), Root(full[(full.Length / 2)..]));
    }
}
