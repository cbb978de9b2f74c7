using System.Collections.Immutable;
using System.Numerics;

namespace Assay.Core.Transparency;

/// <summary>Inclusion and consistency proofs (RFC 9162 §2.1.3 and §2.1.4): which nodes they are made of, and how they are checked.</summary>
public static class TreeProof
{
    /// <summary>The nodes that prove that a leaf is in the tree of <paramref name="size"/> leaves, from the leaf upwards.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such leaf.</exception>
    public static ImmutableArray<TreeRange> Inclusion(long index, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var path = ImmutableArray.CreateBuilder<TreeRange>();
        Inclusion(index, 0, size, path);
        return path.DrainToImmutable();
    }

    /// <summary>The nodes that prove that the tree of <paramref name="second"/> leaves continues the one of <paramref name="first"/>; none when either is empty or they are the same.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The first is larger than the second, or negative.</exception>
    public static ImmutableArray<TreeRange> Consistency(long first, long second)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, second);
        var path = ImmutableArray.CreateBuilder<TreeRange>();
        if (first > 0 && first < second)
            Consistency(first, 0, second, isWhole: true, path);
        return path.DrainToImmutable();
    }

    /// <summary>Whether the leaf at <paramref name="index"/> is in the tree of that size and root (RFC 9162 §2.1.3.2).</summary>
    public static bool Includes(TreeHash leaf, long index, long size, TreeHash root, ReadOnlySpan<TreeHash> path)
    {
        if (index < 0 || index >= size)
            return false;

        var (place, last, hash) = (index, size - 1, leaf);
        foreach (var node in path)
        {
            if (last == 0)
                return false;
            if ((place & 1) == 1 || place == last)
            {
                hash = TreeHash.OfNode(node, hash);
                Rise(ref place, ref last);
            }
            else
            {
                hash = TreeHash.OfNode(hash, node);
            }

            place >>= 1;
            last >>= 1;
        }

        return last == 0 && hash == root;
    }

    /// <summary>Whether the second tree continues the first (RFC 9162 §2.1.4.2). Any tree continues the empty one.</summary>
    public static bool Continues(long firstSize, TreeHash firstRoot, long secondSize, TreeHash secondRoot, ReadOnlySpan<TreeHash> path)
    {
        if (firstSize < 0 || firstSize > secondSize)
            return false;
        if (firstSize == secondSize)
            return path.IsEmpty && firstRoot == secondRoot;
        if (firstSize == 0)
            return path.IsEmpty && firstRoot == TreeHash.Empty;
        if (path.IsEmpty)
            return false;

        var (place, last) = (firstSize - 1, secondSize - 1);
        while ((place & 1) == 1)
        {
            place >>= 1;
            last >>= 1;
        }

        // When the first tree is one full subtree it is the beginning of the path, and not repeated in it.
        var isFull = BitOperations.IsPow2(firstSize);
        var first = isFull ? firstRoot : path[0];
        var second = first;
        foreach (var node in isFull ? path : path[1..])
        {
            if (last == 0)
                return false;
            if ((place & 1) == 1 || place == last)
            {
                first = TreeHash.OfNode(node, first);
                second = TreeHash.OfNode(node, second);
                Rise(ref place, ref last);
            }
            else
            {
                second = TreeHash.OfNode(second, node);
            }

            place >>= 1;
            last >>= 1;
        }

        return last == 0 && first == firstRoot && second == secondRoot;
    }

    /// <summary>Up to where the node is a right child again: levels at which it stands alone add nothing.</summary>
    private static void Rise(ref long place, ref long last)
    {
        while ((place & 1) == 0 && place != 0)
        {
            place >>= 1;
            last >>= 1;
        }
    }

    private static void Inclusion(long index, long start, long end, ImmutableArray<TreeRange>.Builder path)
    {
        if (end - start == 1)
            return;
        var middle = start + Split(end - start);
        if (index < middle)
        {
            Inclusion(index, start, middle, path);
            path.Add(new TreeRange(middle, end));
        }
        else
        {
            Inclusion(index, middle, end, path);
            path.Add(new TreeRange(start, middle));
        }
    }

    private static void Consistency(long first, long start, long end, bool isWhole, ImmutableArray<TreeRange>.Builder path)
    {
        if (first == end)
        {
            if (!isWhole)
                path.Add(new TreeRange(start, end));
            return;
        }

        var middle = start + Split(end - start);
        if (first <= middle)
        {
            Consistency(first, start, middle, isWhole, path);
            path.Add(new TreeRange(middle, end));
        }
        else
        {
            Consistency(first, middle, end, isWhole: false, path);
            path.Add(new TreeRange(start, middle));
        }
    }

    /// <summary>The largest power of two below a length of two or more.</summary>
    private static long Split(long length) => 1L << BitOperations.Log2((ulong)length - 1);
}
