using System.Collections.Immutable;
using System.Numerics;

namespace Assay.Core.Transparency;

/// <summary>A full subtree: the leaves from <c>Index · 2^Height</c> on, <c>2^Height</c> of them.</summary>
public readonly record struct Subtree(int Height, long Index);

/// <summary>
/// Leaves from <paramref name="Start"/> on and before <paramref name="End"/> that are one node of some tree: the start is a multiple of the smallest power of
/// two that is not below the length.
/// </summary>
public readonly record struct TreeRange(long Start, long End)
{
    /// <summary>The full subtrees it is made of, from left to right, each smaller than the one before.</summary>
    public ImmutableArray<Subtree> Parts()
    {
        var parts = ImmutableArray.CreateBuilder<Subtree>();
        for (var (at, left) = (Start, End - Start); left > 0;)
        {
            var height = BitOperations.Log2((ulong)left);
            parts.Add(new Subtree(height, at >> height));
            at += 1L << height;
            left -= 1L << height;
        }

        return parts.DrainToImmutable();
    }

    /// <summary>The hash of the range from those of its <see cref="Parts"/>.</summary>
    public static TreeHash Join(ReadOnlySpan<TreeHash> parts)
    {
        if (parts.IsEmpty)
            return TreeHash.Empty;
        var hash = parts[^1];
        for (var i = parts.Length - 2; i >= 0; i--)
            hash = TreeHash.OfNode(parts[i], hash);
        return hash;
    }
}
