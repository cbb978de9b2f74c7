using System.Security.Cryptography;
using Assay.Core.Transparency;
using CsCheck;

namespace Assay.Core.Tests.Transparency;

public sealed class ManyHashesTests
{
    private readonly ManyHashes hashes = new();

    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    public void The_examples_of_FIPS_180_4_come_out_in_every_lane(string message, string expected)
    {
        for (var i = 0; i < 9; i++)
            System.Text.Encoding.ASCII.GetBytes(message, hashes.Add(message.Length));
        var found = new TreeHash[9];

        hashes.Take(found);

        Assert.All(found, hash => Assert.Equal(expected, Convert.ToHexStringLower(hash.ToArray())));
    }

    [Fact]
    public void Messages_of_any_number_and_length_hash_as_the_platform_has_it() =>
        Gen.Byte.Array[0, 300].Array[0, 40].Sample(messages => Assert.Equal(messages.Select(SHA256.HashData).Select(hash => TreeHash.From(hash)), Take(messages)), iter: 300, threads: 1);

    [Fact]
    public void Every_length_around_the_ends_of_blocks_and_one_long_message_among_short_ones_come_out_right()
    {
        var random = new Random(7);
        byte[][] messages = [.. Enumerable.Range(0, 200).Append(70_000).Concat(Enumerable.Range(0, 30)).Select(length => Bytes(random, length))];

        Assert.Equal(messages.Select(SHA256.HashData).Select(hash => TreeHash.From(hash)), Take(messages));
    }

    [Fact]
    public void A_tree_that_grows_by_many_leaves_is_the_one_that_grows_by_one() =>
        Gen.Int[0, 70].Array[1, 8].Sample(
            steps =>
            {
                var (fast, slow, next) = (new TreeFrontier(), new TreeFrontier(), 0);
                foreach (var step in steps)
                {
                    TreeHash[] leaves = [.. Enumerable.Range(next, step).Select(i => TreeHash.OfLeaf(BitConverter.GetBytes(i)))];
                    foreach (var leaf in leaves)
                        slow.Append(leaf);
                    fast.Append(leaves, hashes);
                    next += step;
                    Assert.Equal((slow.Size, slow.Root), (fast.Size, fast.Root));
                }
            },
            iter: 100,
            threads: 1);

    private TreeHash[] Take(byte[][] messages)
    {
        foreach (var message in messages)
            message.CopyTo(hashes.Add(message.Length));
        var found = new TreeHash[messages.Length];
        hashes.Take(found);
        return found;
    }

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
