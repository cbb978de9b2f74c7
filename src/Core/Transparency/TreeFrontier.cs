using System.Numerics;

namespace Assay.Core.Transparency;

/// <summary>The right edge of a Merkle tree that grows: enough to append leaves and to know the root, in 64 hashes at most. For one thread.</summary>
public sealed class TreeFrontier
{
    private readonly TreeHash[] full = new TreeHash[63];

    /// <summary>Leaves so far.</summary>
    public long Size { get; private set; }

    /// <summary>The root over all leaves so far.</summary>
    public TreeHash Root
    {
        get
        {
            if (Size == 0)
                return TreeHash.Empty;

            var level = BitOperations.TrailingZeroCount(Size);
            var root = full[level];
            for (level++; Size >> level != 0; level++)
            {
                if ((Size >> level & 1) == 1)
                    root = TreeHash.OfNode(full[level], root);
            }

            return root;
        }
    }

    public void Append(TreeHash leaf) => Append(leaf, height: 0);

    /// <summary>Appends many leaves, the nodes of a level side by side.</summary>
    /// <param name="leaves">Used up.</param>
    internal void Append(Span<TreeHash> leaves, ManyHashes hashes)
    {
        while (!leaves.IsEmpty)
        {
            // The largest full subtree that begins here.
            var height = Math.Min(BitOperations.Log2((uint)leaves.Length), BitOperations.TrailingZeroCount(Size));
            var count = 1 << height;
            for (var nodes = count / 2; nodes > 0; nodes /= 2)
            {
                for (var i = 0; i < nodes; i++)
                    TreeHash.WriteNode(leaves[2 * i], leaves[2 * i + 1], hashes.Add(TreeHash.NodeSize));
                hashes.Take(leaves);
            }

            Append(leaves[0], height);
            leaves = leaves[count..];
        }
    }

    private void Append(TreeHash subtree, int height)
    {
        var level = height;
        for (; (Size >> level & 1) == 1; level++)
            subtree = TreeHash.OfNode(full[level], subtree);
        full[level] = subtree;
        Size += 1L << height;
    }
}
