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

            var level = System.Numerics.BitOperations.TrailingZeroCount(Size);
            var root = full[level];
            for (level++; Size >> level != 0; level++)
            {
                if ((Size >> level & 1) == 1)
                    root = TreeHash.OfNode(full[level], root);
            }

            return root;
        }
    }

    public void Append(TreeHash leaf)
    {
        var level = 0;
        for (; (Size >> level & 1) == 1; level++)
            leaf = TreeHash.OfNode(full[level], leaf);
        full[level] = leaf;
        Size++;
    }
}
