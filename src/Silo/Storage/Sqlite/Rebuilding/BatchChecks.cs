using Assay.Core.Evidence;
using Assay.Core.Transparency;
using Assay.Grains.Authority;

namespace Assay.Silo.Storage.Sqlite.Rebuilding;

/// <summary>
/// Whether batches are what was committed, and none is missing between those of a shard: each has its checksum, leaves that its records make, and the root of its shard's tree with it.
/// Signatures are not checked: who could write all of this anew is found by <c>assay evidence verify</c>. For one thread.
/// </summary>
internal sealed class BatchChecks
{
    private readonly Dictionary<long, Shard> shards = [];

    /// <summary>The next batch in the order of the commits.</summary>
    /// <exception cref="InvalidDataException">It is not what was committed; the message names the place.</exception>
    public EvidenceBatch Check(BatchRow row)
    {
        if (!shards.TryGetValue(row.Shard, out var shard))
            shards.Add(row.Shard, shard = new Shard());
        if (row.First != shard.Next)
            throw Damaged(row, $"it follows on position {shard.Next - 1}, and what was between is missing");
        if (row.Count is < 1 or > int.MaxValue || row.At < 0 || row.At > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            throw Damaged(row, "its number of records or its moment is none");

        var batch = EvidenceBatch.Read(
            row.Shard, row.First, (int)row.Count, DateTimeOffset.FromUnixTimeMilliseconds(row.At), row.Payload, unchecked((ulong)row.Checksum));
        if (row.Leaves is { } leaves)
            Grow(shard.Tree, row, batch, leaves);
        else if (batch.IsDropped || shard.Tree.Size > 0)
            throw Damaged(row, "its leaves are missing");
        shard.Next += row.Count;
        return batch;
    }

    private static void Grow(TreeFrontier tree, BatchRow row, EvidenceBatch batch, byte[] leaves)
    {
        if (tree.Size != row.First || leaves.Length != row.Count * TreeHash.Size)
            throw Damaged(row, "it has not a leaf for each record, or those before it have none");
        if ((row.Salts?.Length ?? 0) != (batch.IsDropped ? 0 : row.Count * EvidenceLeaf.SaltSize))
            throw Damaged(row, "it has not a salt for each record");
        for (var i = 0; i < row.Count; i++)
        {
            var leaf = leaves.AsSpan(i * TreeHash.Size, TreeHash.Size);
            if (!batch.IsDropped && EvidenceLeaf.Commit(row.Salts.AsSpan(i * EvidenceLeaf.SaltSize, EvidenceLeaf.SaltSize), batch.Records[i].Span) != TreeHash.From(leaf))
                throw Damaged(row, $"the leaf of the record at position {row.First + i} does not fit it");
            tree.Append(TreeHash.OfLeaf(leaf));
        }

        if (LogColumns.Root(row.Root) != tree.Root)
            throw Damaged(row, "its root does not fit the leaves up to it");
    }

    private static InvalidDataException Damaged(BatchRow row, string how) => new($"The evidence batch of shard {row.Shard} at position {row.First} is damaged: {how}.");

    private sealed class Shard
    {
        public long Next { get; set; }

        public TreeFrontier Tree { get; } = new();
    }
}
