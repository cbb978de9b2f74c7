using System.Text;
using Assay.Core.Evidence;
using Assay.Core.Registry;
using Assay.Core.Tokens;

namespace Assay.Core.Tests.Tokens;

public sealed class TimelinesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A copy of feed number 50 with shards 1 to 3, of which 2 (100 records) and 3 (none yet) were being written.</summary>
    private static readonly Timeline Second = new(2, Noon, 1_000, LastNumber: 50, LastShard: 3, [new ShardEnd(2, 100), new ShardEnd(3, 0)]);

    private static readonly Timeline Third = new(3, Noon.AddDays(1), 5_000, LastNumber: 80, LastShard: 1_002, [new ShardEnd(1_002, 7)]);

    [Theory]
    [InlineData(1, 999, 1, 50, true)] // the shard was sealed: it is whole, whatever its size
    [InlineData(1, 999, 1, 51, false)] // decided on a change that is not known
    [InlineData(2, 99, 1, 50, true)]
    [InlineData(2, 100, 1, 50, false)] // its record is not there
    [InlineData(3, 0, 1, 40, false)]
    [InlineData(4, 0, 1, 40, false)] // of a silo that is not known
    [InlineData(999, 0, 1, 40, false)]
    [InlineData(1, 999, 2, 50, false)] // says that it is of another timeline
    [InlineData(1_000, 0, 2, 51, true)]
    [InlineData(1_000, 0, 1, 40, false)] // a shard of the present and a token that says it is of the past
    [InlineData(1_000, 0, 3, 51, false)]
    public void A_token_is_of_the_history_in_force_when_that_has_its_place_and_number(long shard, long position, int timeline, long number, bool holds) =>
        Assert.Equal(holds, Timelines.Of([Second]).Hold(new RecordId(shard, position), timeline, number));

    [Theory]
    [InlineData(2, 99, 1, 50, true)]
    [InlineData(2, 100, 1, 50, false)]
    [InlineData(1_001, 900, 2, 80, true)]
    [InlineData(1_002, 6, 2, 80, true)]
    [InlineData(1_002, 7, 2, 80, false)]
    [InlineData(1_003, 0, 2, 60, false)]
    [InlineData(1_001, 0, 2, 81, false)]
    [InlineData(5_000, 0, 3, 81, true)]
    public void Each_history_is_cut_where_the_next_one_goes_on(long shard, long position, int timeline, long number, bool holds) =>
        Assert.Equal(holds, Timelines.Of([Third, Second]).Hold(new RecordId(shard, position), timeline, number));

    [Fact]
    public void A_recovery_that_was_itself_put_back_is_not_taken_for_the_one_after_it()
    {
        // Two recoveries of the same copy, the first of them lost: both are timeline 2.
        var again = Second with { FirstShard = 2_000, OpenedAt = Noon.AddHours(1) };

        Assert.False(Timelines.Of([again]).Hold(new RecordId(1_000, 0), 2, 60));
        Assert.True(Timelines.Of([again]).Hold(new RecordId(2_000, 0), 2, 60));
    }

    [Fact]
    public void A_database_that_was_never_put_back_has_one_timeline()
    {
        Assert.True(Timelines.None.Hold(new RecordId(7, 7), Provenance.FirstTimeline, 1L << 40));
        Assert.False(Timelines.None.Hold(new RecordId(7, 7), 2, 5));
        Assert.Equal((1, null), (Timelines.None.Current, Timelines.None.Newest));
        Assert.Equal((3, Third), (Timelines.Of([Third, Second]).Current, Timelines.Of([Third, Second]).Newest));
    }

    [Fact]
    public void What_gave_up_a_place_is_told()
    {
        var timelines = Timelines.Of([Second, Third]);

        Assert.Equal(
            [null, Second, Second, null, Third, null],
            new RecordId[] { new(2, 99), new(2, 100), new(4, 0), new(1_002, 6), new(1_003, 0), new(5_000, 0) }.Select(timelines.GaveUp));
    }

    [Fact]
    public void A_first_shard_is_beyond_whatever_is_known_to_be_used_and_still_fits_a_jti()
    {
        Assert.Equal(Noon.ToUnixTimeMilliseconds(), Timeline.NewFirstShard(Noon, 12));
        Assert.Equal(Noon.ToUnixTimeMilliseconds() + 7, Timeline.NewFirstShard(Noon, Noon.ToUnixTimeMilliseconds() + 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => Timeline.NewFirstShard(Noon, JtiCodec.MaxShard));
    }

    [Fact]
    public void A_timeline_is_written_as_these_bytes_and_read_from_them()
    {
        const string written = """{"v":1,"number":2,"openedAt":"2026-01-31T12:00:00Z","firstShard":1000,"lastNumber":50,"lastShard":3,"ends":[{"shard":2,"size":100},{"shard":3,"size":0}]}""";

        Assert.Equal(written, Encoding.UTF8.GetString(RegistryJson.Write(Second).Span));
        Assert.Equal(Second, RegistryJson.ReadTimeline(Encoding.UTF8.GetBytes(written)));
        Assert.Throws<FormatException>(() => RegistryJson.ReadTimeline("""{"v":1,"number":2}"""u8));
    }
}
