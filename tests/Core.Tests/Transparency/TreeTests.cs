using Assay.Core.Transparency;

namespace Assay.Core.Tests.Transparency;

public sealed class TreeTests
{
    // The test tree of the Certificate Transparency reference implementation (github.com/google/certificate-transparency, merkle_tree_test).
    private static readonly byte[][] Entries =
    [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43], [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        [0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];

    [Theory]
    [InlineData(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    [InlineData(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
    [InlineData(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
    [InlineData(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
    [InlineData(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
    [InlineData(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
    public void Published_roots_come_out(int size, string root)
    {
        var tree = new TreeFrontier();

        foreach (var entry in Entries.Take(size))
            tree.Append(TreeHash.OfLeaf(entry));

        Assert.Equal((size, root), (tree.Size, Convert.ToHexStringLower(tree.Root.ToArray())));
    }

    [Fact]
    public void Roots_and_proofs_of_every_small_tree_are_those_of_the_definition_and_hold()
    {
        var entries = Enumerable.Range(0, 70).Select(i => new byte[] { (byte)i, 7 }).ToArray();
        var roots = Enumerable.Range(0, 71).Select(size => TreeHash.From(Naive.Root(entries.AsSpan(0, size)))).ToArray();
        for (var size = 1; size <= 70; size++)
        {
            Assert.Equal(roots[size], Hash(entries, new TreeRange(0, size)));
            for (var index = 0; index < size; index++)
            {
                var path = TreeProof.Inclusion(index, size).Select(range => Hash(entries, range)).ToArray();
                Assert.Equal(Naive.Path(index, entries.AsSpan(0, size)).Select(hash => TreeHash.From(hash)), path);
                Assert.True(TreeProof.Includes(TreeHash.OfLeaf(entries[index]), index, size, roots[size], path));
            }

            for (var first = 1; first <= size; first++)
            {
                var path = TreeProof.Consistency(first, size).Select(range => Hash(entries, range)).ToArray();
                Assert.Equal(first == size ? [] : Naive.Proof(first, entries.AsSpan(0, size)).Select(hash => TreeHash.From(hash)), path);
                Assert.True(TreeProof.Continues(first, roots[first], size, roots[size], path));
            }
        }
    }

    [Fact]
    public void A_proof_of_anything_else_does_not_hold()
    {
        var entries = Enumerable.Range(0, 21).Select(i => new byte[] { (byte)i }).ToArray();
        var root = TreeHash.From(Naive.Root(entries));
        var early = TreeHash.From(Naive.Root(entries.AsSpan(0, 13)));
        var leaf = TreeHash.OfLeaf(entries[6]);
        var inclusion = Naive.Path(6, entries).Select(hash => TreeHash.From(hash)).ToArray();
        var consistency = Naive.Proof(13, entries).Select(hash => TreeHash.From(hash)).ToArray();
        Assert.True(TreeProof.Includes(leaf, 6, 21, root, inclusion) && TreeProof.Continues(13, early, 21, root, consistency));

        Assert.False(TreeProof.Includes(leaf, 7, 21, root, inclusion));
        Assert.False(TreeProof.Includes(leaf, 6, 22, early, inclusion));
        Assert.False(TreeProof.Includes(leaf, 6, 6, root, inclusion));
        Assert.False(TreeProof.Includes(leaf, -1, 21, root, inclusion));
        Assert.False(TreeProof.Includes(TreeHash.OfLeaf(entries[5]), 6, 21, root, inclusion));
        Assert.False(TreeProof.Includes(leaf, 6, 21, root, inclusion[..^1]));
        Assert.False(TreeProof.Includes(leaf, 6, 21, root, [.. inclusion, root]));
        Assert.False(TreeProof.Continues(13, root, 21, root, consistency));
        Assert.False(TreeProof.Continues(13, early, 21, early, consistency));
        Assert.False(TreeProof.Continues(12, early, 21, root, consistency));
        Assert.False(TreeProof.Continues(13, early, 21, root, consistency[..^1]));
        Assert.False(TreeProof.Continues(13, early, 21, root, [.. consistency, root]));
        Assert.False(TreeProof.Continues(13, early, 21, root, []));
        Assert.False(TreeProof.Continues(21, early, 21, root, []));
        Assert.False(TreeProof.Continues(22, root, 21, root, []));
        for (var i = 0; i < inclusion.Length; i++)
            Assert.False(TreeProof.Includes(leaf, 6, 21, root, [.. inclusion[..i], root, .. inclusion[(i + 1)..]]));
        for (var i = 0; i < consistency.Length; i++)
            Assert.False(TreeProof.Continues(13, early, 21, root, [.. consistency[..i], root, .. consistency[(i + 1)..]]));
    }

    [Fact]
    public void Any_tree_continues_the_empty_one_and_itself()
    {
        var root = TreeHash.OfLeaf([1]);

        Assert.True(TreeProof.Continues(0, TreeHash.Empty, 1, root, []));
        Assert.True(TreeProof.Continues(1, root, 1, root, []));
        Assert.False(TreeProof.Continues(0, root, 1, root, []));
        Assert.Empty(TreeProof.Consistency(0, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => TreeProof.Consistency(6, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => TreeProof.Inclusion(5, 5));
    }

    [Fact]
    public void A_long_entry_hashes_as_a_short_one_does()
    {
        var entry = new byte[1000];

        Assert.Equal(TreeHash.From(Naive.Root(new[] { entry })), TreeHash.OfLeaf(entry));
    }

    /// <summary>The hash of a range, put together from full subtrees as a tile store would.</summary>
    private static TreeHash Hash(byte[][] entries, TreeRange range) => TreeRange.Join(
        [.. range.Parts().Select(part => TreeHash.From(Naive.Root(entries.AsSpan((int)(part.Index << part.Height), 1 << part.Height))))]);
}
