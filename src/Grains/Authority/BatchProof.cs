using Assay.Core.Evidence;
using Assay.Core.Transparency;

namespace Assay.Grains.Authority;

/// <summary>What makes a batch a part of its shard's tree. Stored in the batch's row, in its commit; leaves, root and signature outlive its records.</summary>
/// <param name="Salts"><see cref="EvidenceLeaf.SaltSize"/> bytes a record.</param>
/// <param name="Leaves"><see cref="TreeHash.Size"/> bytes a record: <see cref="EvidenceLeaf.Commit"/>.</param>
/// <param name="Root">Of the shard's tree, this batch included.</param>
/// <param name="Signature">Id of the key (4 bytes) and its signature of the checkpoint that says so; empty when there was no key at that moment.</param>
public sealed record BatchProof(ReadOnlyMemory<byte> Salts, ReadOnlyMemory<byte> Leaves, TreeHash Root, ReadOnlyMemory<byte> Signature);

/// <summary>The tree of this silo's shard, as far as batches were made. For one thread.</summary>
/// <param name="sign">Signs the checkpoint of a head; empty when it cannot. Must not throw. Null: nothing is signed.</param>
internal sealed class EvidenceTree(Func<ShardHead, ReadOnlyMemory<byte>>? sign)
{
    private readonly TreeFrontier frontier = new();

    /// <summary>Appends the leaves of the next slots. A batch that is tried again keeps the proof it got.</summary>
    public BatchProof Grow(ReadOnlySpan<EvidenceSlot> slots, in BatchRoom room)
    {
        var salts = room.Salts.Span;
        var leaves = room.Leaves.Span;
        Span<byte> entry = stackalloc byte[TreeHash.Size];
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i].Salt.CopyTo(salts[(i * EvidenceLeaf.SaltSize)..]);
            slots[i].Leaf.CopyTo(entry);
            entry.CopyTo(leaves[(i * TreeHash.Size)..]);
            frontier.Append(TreeHash.OfLeaf(entry));
        }

        var root = frontier.Root;
        return new BatchProof(room.Salts, room.Leaves, root, sign?.Invoke(new ShardHead(slots[0].Shard, frontier.Size, root)) ?? default);
    }
}
