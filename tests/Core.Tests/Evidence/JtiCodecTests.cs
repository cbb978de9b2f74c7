using System.Buffers.Text;
using System.Security.Cryptography;
using Assay.Core.Evidence;
using CsCheck;

namespace Assay.Core.Tests.Evidence;

public sealed class JtiCodecTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private static readonly Gen<RecordId> Ids = Gen.Select(Gen.Long[0, JtiCodec.MaxShard], Gen.Long[0, JtiCodec.MaxPosition], (shard, position) => new RecordId(shard, position));

    [Fact]
    public void A_jti_leads_to_its_record() => Ids.Sample(id =>
    {
        using var codec = new JtiCodec(Key);
        var jti = codec.Encode(id);

        Assert.Equal(JtiCodec.TextLength, jti.Length);
        Assert.True(codec.TryDecode(jti, out var found));
        Assert.Equal(id, found);
    });

    [Fact]
    public void The_encoding_is_one_block_of_aes()
    {
        using var codec = new JtiCodec(Key);
        using var aes = Aes.Create();
        aes.Key = Key;
        byte[] block = [0, 0, 0, 0, 0, 7, 0, 1, 2, 3, 4, 5, 0x41, 0x53, 0x53, 0x31];

        Assert.Equal(Convert.ToBase64String(aes.EncryptEcb(block, PaddingMode.None)).TrimEnd('=').Replace('+', '-').Replace('/', '_'), codec.Encode(new RecordId(7, 0x010203_0405)));
    }

    [Fact]
    public void A_codec_that_many_use_at_once_gives_what_one_of_its_own_gives()
    {
        using var shared = new JtiCodec(Key);

        Parallel.For(0, 2_000, position =>
        {
            var (id, length) = (new RecordId(3, position), position * 37 % JtiCodec.MaxKeyStream);
            byte[] stream = new byte[length], again = new byte[length], own = new byte[length];
            var jti = shared.Encode(id, stream);
            shared.KeyStream(id, again);
            using var alone = new JtiCodec(Key);

            Assert.Equal(alone.Encode(id, own), jti);
            Assert.Equal(own, stream);
            Assert.Equal(own, again);
        });
    }

    [Fact]
    public void Neighbours_look_unrelated_and_no_two_are_the_same()
    {
        using var codec = new JtiCodec(Key);
        var jtis = Enumerable.Range(0, 1000).Select(position => codec.Encode(new RecordId(1, position))).ToList();

        Assert.Equal(1000, jtis.Distinct().Count());
        Assert.Equal(1000, jtis.Select(jti => jti[..8]).Distinct().Count());
    }

    [Fact]
    public void A_jti_with_one_letter_changed_leads_nowhere()
    {
        using var codec = new JtiCodec(Key);
        var jti = codec.Encode(new RecordId(3, 14));

        for (var i = 0; i < jti.Length; i++)
        {
            var changed = jti.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            Assert.False(codec.TryDecode(changed, out _), new string(changed));
        }
    }

    [Theory]
    [InlineData(""), InlineData("A"), InlineData("AAAAAAAAAAAAAAAAAAAAAA"), InlineData("AAAAAAAAAAAAAAAAAAAAA"), InlineData("AAAAAAAAAAAAAAAAAAAAAAA"), InlineData("AAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("AAAAAAAAAAAAAAAAAAAA A"), InlineData("AAAAAAAAAAAAAAAAAAAA+A"), InlineData("éAAAAAAAAAAAAAAAAAAAAA"), InlineData("AAAAAAAAAAAAAAAAAAAAAAAA")]
    public void What_was_made_up_leads_nowhere(string text)
    {
        using var codec = new JtiCodec(Key);

        Assert.False(codec.TryDecode(text, out var id));
        Assert.Equal(default, id);
    }

    [Fact]
    public void One_jti_has_one_spelling()
    {
        using var codec = new JtiCodec(Key);
        var jti = codec.Encode(new RecordId(1, 1));
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

        // The last letter carries two bits: the other sixteen spellings of them are not its.
        Assert.Equal([jti], alphabet.Select(last => jti[..^1] + last).Where(text => codec.TryDecode(text, out var id) && id == new RecordId(1, 1)));
    }

    [Fact]
    public void A_jti_of_another_cluster_leads_nowhere()
    {
        using JtiCodec ours = new(Key), theirs = new(new byte[32]);

        Assert.False(ours.TryDecode(theirs.Encode(new RecordId(1, 1)), out _));
    }

    [Fact]
    public void Numbers_that_do_not_fit_are_refused()
    {
        using var codec = new JtiCodec(Key);

        foreach (var id in new RecordId[] { new(-1, 0), new(0, -1), new(JtiCodec.MaxShard + 1, 0), new(0, JtiCodec.MaxPosition + 1) })
            Assert.Throws<ArgumentOutOfRangeException>(() => codec.Encode(id));
    }

    [Fact]
    public void The_key_stream_comes_with_the_jti_and_again_without_it_and_is_no_jti()
    {
        using var codec = new JtiCodec(Key);
        byte[] first = new byte[100], again = new byte[100], other = new byte[100];

        var jti = codec.Encode(new RecordId(3, 4), first);
        codec.KeyStream(new RecordId(3, 4), again);
        codec.KeyStream(new RecordId(3, 5), other);

        Assert.Equal(codec.Encode(new RecordId(3, 4)), jti);
        Assert.Equal(first, again);
        Assert.NotEqual(first[..16], other[..16]);
        Assert.NotEqual(first[..16], first[16..32]);
        Assert.False(codec.TryDecode(Base64Url.EncodeToString(first.AsSpan(0, 16)), out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => codec.KeyStream(new RecordId(3, 4), new byte[JtiCodec.MaxKeyStream + 1]));
    }

    [Theory]
    [InlineData(0), InlineData(16), InlineData(31), InlineData(33)]
    public void A_key_of_another_length_is_refused(int length) => Assert.Throws<ArgumentException>(() => new JtiCodec(new byte[length]));

    [Fact]
    public void One_codec_serves_many_threads()
    {
        using var codec = new JtiCodec(Key);

        Parallel.For(0, 20_000, position =>
        {
            if (!codec.TryDecode(codec.Encode(new RecordId(5, position)), out var id) || id != new RecordId(5, position))
                Assert.Fail($"{position} became {id}");
        });
    }

    [Fact]
    public async Task Many_may_encode_and_decode_at_once()
    {
        using var codec = new JtiCodec(RandomNumberGenerator.GetBytes(32));

        var right = await Task.WhenAll(Enumerable.Range(1, 8).Select(shard => Task.Run(() =>
            Enumerable.Range(0, 5_000).All(position => codec.TryDecode(codec.Encode(new RecordId(shard, position)), out var id) && id == new RecordId(shard, position)))));

        Assert.All(right, Assert.True);
    }
}
