using System.Text;
using Assay.Core.Evidence;
using Assay.Core.Tokens;
using CsCheck;

namespace Assay.Core.Tests.Tokens;

public sealed class ProvenanceTests : IDisposable
{
    private static readonly RecordId Place = new(7, 123);

    private readonly JtiCodec jtis = new(new byte[32]);

    public void Dispose() => jtis.Dispose();

    [Fact]
    public void What_was_written_is_read_by_whoever_has_the_key_and_the_place() =>
        Gen.Select(Gen.Int[0, ushort.MaxValue], Gen.Long[0, (1L << 48) - 1], Gen.ULong.Array[0, Provenance.MaxHandles], Gen.Long[0, JtiCodec.MaxShard], Gen.Long[0, JtiCodec.MaxPosition]).Sample(
            (timeline, number, handles, shard, position) =>
            {
                var text = Write(new RecordId(shard, position), timeline, number, handles);

                Assert.True(Provenance.TryRead(jtis, new RecordId(shard, position), text, out var read));
                Assert.Equal((timeline, number), (read.Timeline, read.Number));
                Assert.Equal(handles, read.Handles);
            });

    [Fact]
    public void Two_handles_take_34_characters() => Assert.Equal((34, 34), (Write(Place, 1, 5, [1, 2]).Length, Provenance.TextLength(2)));

    [Fact]
    public void The_same_content_looks_different_in_each_token()
    {
        var texts = Enumerable.Range(0, 1_000).Select(position => Write(new RecordId(7, position), 1, 5, [1, 2])).ToArray();

        Assert.Equal(1_000, texts.Distinct().Count());
        Assert.Equal(1_000, texts.Select(text => text[..12]).Distinct().Count());
    }

    [Fact]
    public void It_is_nothing_at_another_place_under_another_key_or_cut()
    {
        var text = Write(Place, 1, 5, [1, 2]);
        using var other = new JtiCodec([1, .. new byte[31]]);

        Assert.False(Provenance.TryRead(jtis, new RecordId(7, 124), text, out _));
        Assert.False(Provenance.TryRead(other, Place, text, out _));
        Assert.False(Provenance.TryRead(jtis, Place, text.AsSpan(0, text.Length - 1), out _));
        Assert.False(Provenance.TryRead(jtis, Place, text + "=", out _));
        Assert.False(Provenance.TryRead(jtis, Place, "", out _));
        Assert.False(Provenance.TryRead(jtis, Place, new string('A', 1_000), out _));
    }

    [Fact]
    public void What_does_not_fit_is_not_written()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(Place, 1, 1L << 48, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(Place, 1, -1, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(Place, 1 << 16, 1, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(Place, 1, 1, new ulong[Provenance.MaxHandles + 1]));
    }

    private string Write(RecordId id, int timeline, long number, ulong[] handles)
    {
        var keyStream = new byte[Provenance.Size(handles.Length)];
        jtis.Encode(id, keyStream);
        var text = new byte[Provenance.TextLength(handles.Length)];
        Provenance.Write(timeline, number, handles, keyStream, text);
        return Encoding.ASCII.GetString(text);
    }
}
