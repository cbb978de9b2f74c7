using System.Collections.Immutable;
using System.Text;
using Assay.Grains.Authority;

namespace Assay.Silo.Tests.Storage.Contract;

/// <summary>What holds of evidence in every store.</summary>
public abstract class EvidenceStoreContract : IAsyncLifetime
{
    protected static readonly TimeSpan Life = TimeSpan.FromMinutes(1);
    protected static readonly DateTimeOffset Now = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    protected abstract IEvidenceStore Store { get; }

    protected abstract IAuthorityStore Authority { get; }

    /// <summary>The epoch of slot <c>one</c>.</summary>
    protected long Shard { get; private set; }

    /// <summary>Makes the store believe that this much time has passed.</summary>
    protected abstract Task Pass(TimeSpan time);

    /// <summary>Changes <c>permit</c> to <c>forged</c> in the payload of the batch at position 0, behind the store's back.</summary>
    protected abstract Task Rot();

    public virtual async ValueTask InitializeAsync() => Shard = (await Authority.Join(new SiloPlace("one", "one"), Life, default)).Epoch;

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task Every_position_leads_to_its_batch()
    {
        Assert.Equal(BatchResult.Committed, await Store.Append(Batch(0, "a", "b"), default));
        Assert.Equal(BatchResult.Committed, await Store.Append(Batch(2, "c"), default));

        Assert.Equal(["a", "b", "c", "none"], [await Record(0), await Record(1), await Record(2), await Record(3)]);
        Assert.Null(await Store.Find(Shard + 1, 0, default));
        var read = await Store.Find(Shard, 1, default);
        var written = Batch(0, "a", "b");
        Assert.Equal((Shard, 0, Now, written.Checksum), (read!.Shard, read.FirstPosition, read.CommittedAt, read.Checksum));
    }

    [Fact]
    public async Task A_batch_that_is_tried_again_unchanged_is_there_once()
    {
        var batch = Batch(0, [Row("identity:exporter", Now, [0, 1], 7)], "a", "b");
        await Store.Append(batch, default);
        await Store.Append(Batch(2, "c"), default);

        Assert.Equal(BatchResult.Committed, await Store.Append(batch, default));

        Assert.Equal(2, (await Store.Newest(10, default)).Length);
        Assert.Single(await Store.Index("default", "identity:exporter", DateTimeOffset.UnixEpoch, 10, default));
    }

    [Fact]
    public async Task Other_content_for_a_position_that_is_taken_is_refused()
    {
        await Store.Append(Batch(0, "a"), default);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.Append(Batch(0, "b"), default));
        Assert.Equal("a", await Record(0));
    }

    [Theory]
    [InlineData(1)] // one is skipped
    [InlineData(-1)] // the one before
    public async Task Positions_are_neither_skipped_nor_used_twice(int off)
    {
        await Store.Append(Batch(0, "a", "b"), default);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.Append(Batch(2 + off, "c"), default));
        Assert.Equal("none", await Record(2));
    }

    [Fact]
    public async Task Nothing_is_appended_to_a_sealed_epoch()
    {
        await Store.Append(Batch(0, "a"), default);
        await Pass(Life);
        Assert.NotNull(await Authority.SealIfLapsed(Shard, default));

        Assert.Equal(BatchResult.Sealed, await Store.Append(Batch(1, "b"), default));
        Assert.Equal("none", await Record(1));
    }

    [Fact]
    public async Task A_slot_that_is_taken_again_stops_the_evidence_of_its_old_silo()
    {
        await Authority.Join(new SiloPlace("one", "one"), Life, default);

        Assert.Equal(BatchResult.Sealed, await Store.Append(Batch(0, "a"), default));
    }

    [Fact]
    public async Task A_shard_no_longer_grows_once_its_seal_is_known()
    {
        for (var round = 0; round < 30; round++)
        {
            var epoch = (await Authority.Join(new SiloPlace($"slot-{round}", "any"), Life, default)).Epoch;
            var appending = Task.Run(async () =>
            {
                for (var position = 0; await Store.Append(Batch(epoch, position, [], $"{position}"), default) == BatchResult.Committed; position++)
                {
                }
            });
            while (await Store.Find(epoch, round % 4, default) is null)
                await Task.Yield();

            await Pass(Life);
            Assert.NotNull(await Authority.SealIfLapsed(epoch, default));
            var atSeal = (await Store.Newest(1, default))[0].FirstPosition;
            await appending;

            Assert.Equal(atSeal, (await Store.Newest(1, default))[0].FirstPosition);
        }
    }

    [Fact]
    public async Task The_index_gives_what_is_asked_for_newest_first()
    {
        await Store.Append(Batch(0, [Row("identity:exporter", Now, [0], 7), Row("credential:key", Now, [0])], "a"), default);
        await Store.Append(Batch(1, [Row("identity:importer", Now.AddSeconds(1), [1])], "b"), default);
        await Store.Append(Batch(2, [Row("identity:exporter", Now.AddSeconds(2), [2, 3], 8, 9)], "c", "d"), default);

        var all = await Store.Index("default", "identity:exporter", Now, 10, default);
        Assert.Equal(["2,3 8,9", "0 7"], all.Select(Show));
        Assert.Equal((Shard, Now.AddSeconds(2)), (all[0].Shard, all[0].At));
        Assert.Equal(["2,3 8,9"], (await Store.Index("default", "identity:exporter", Now, 1, default)).Select(Show));
        Assert.Equal(["2,3 8,9"], (await Store.Index("default", "identity:exporter", Now.AddSeconds(1), 10, default)).Select(Show));
        Assert.Equal(["0 "], (await Store.Index("default", "credential:key", Now, 10, default)).Select(Show));
        Assert.Empty(await Store.Index("other", "identity:exporter", Now, 10, default));
    }

    [Fact]
    public async Task The_index_goes_on_from_a_moment_and_that_moment_comes_again()
    {
        for (var i = 0; i < 3; i++)
            await Store.Append(Batch(i, [Row("identity:exporter", Now.AddSeconds(i), [i])], "a"), default);

        var page = await Store.IndexBack("default", "identity:exporter", Now.AddSeconds(1), Now, 10, default);

        Assert.Equal(["1 ", "0 "], page.Select(Show));
        Assert.Equal(["1 "], (await Store.IndexBack("default", "identity:exporter", page[0].At, Now, 1, default)).Select(Show));
        Assert.Empty(await Store.IndexBack("default", "identity:exporter", Now.AddSeconds(2), Now.AddSeconds(3), 10, default));
        Assert.Empty(await Store.IndexBack("default", "identity:a\0b", Now, Now, 10, default));
    }

    [Fact]
    public async Task What_was_spent_is_remembered_until_it_expires_and_never_less()
    {
        var early = new SpentAssertion(Hash(7), Now.AddSeconds(10).AddTicks(5));
        var late = new SpentAssertion(Greatest, Now.AddSeconds(20));
        var row = Row("identity:exporter", Now, [0]) with { Spent = [early, late] };
        await Store.Append(Batch(0, [row], "a"), default);

        Assert.Equal([Hash(7), Greatest], await Spent(Now.AddSeconds(10).AddTicks(5)));
        Assert.Equal([Greatest], await Spent(Now.AddSeconds(20)));
        Assert.Empty(await Spent(Now.AddSeconds(21)));
    }

    [Fact]
    public async Task What_several_spent_comes_each_at_its_place()
    {
        await Store.Append(Batch(0, [Row("identity:exporter", Now, [0], 7, 8), Row("identity:importer", Now, [1], 9)], "a", "b"), default);
        await Store.Append(Batch(2, [Row("identity:importer", Now, [2], 10)], "c"), default);
        SubjectKey exporter = new("default", "identity:exporter"), importer = new("default", "identity:importer");

        var spent = await Store.Spent([importer, new("default", "identity:nobody"), new("other", "identity:exporter"), new("default", "a\0b"), exporter, exporter], Now, default);

        Assert.Equal<IEnumerable<AssertionHash>>([[Hash(9), Hash(10)], [], [], [], [Hash(7), Hash(8)], [Hash(7), Hash(8)]], spent.Select(ofOne => ofOne.Select(one => one.Hash).OrderBy(hash => hash.Low)));
        Assert.Empty(await Store.Spent([], Now, default));
    }

    [Fact]
    public async Task A_batch_that_rotted_is_named_and_the_others_are_still_read()
    {
        await Store.Append(Batch(0, "permit"), default);
        await Store.Append(Batch(1, "denial"), default);
        await Rot();

        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => Store.Find(Shard, 0, default));
        Assert.Contains($"shard {Shard} at position 0", fault.Message, StringComparison.Ordinal);
        Assert.Equal("denial", await Record(1));
    }

    [Fact]
    public async Task A_batch_that_was_committed_before_the_seal_counts_as_committed_when_it_is_tried_again()
    {
        var batch = Batch(0, "a");
        await Store.Append(batch, default);
        await Authority.Leave(Shard, default);

        Assert.Equal(BatchResult.Committed, await Store.Append(batch, default));
        Assert.Equal(BatchResult.Sealed, await Store.Append(Batch(1, "b"), default));
    }

    [Fact]
    public async Task A_shard_of_an_epoch_that_never_was_takes_nothing()
    {
        Assert.Equal(BatchResult.Sealed, await Store.Append(Batch(99, 0, [], "a"), default));
    }

    [Fact]
    public async Task A_subject_that_no_name_can_be_has_no_evidence()
    {
        Assert.Empty(await Store.Index("default", "identity:a\0b", Now, 10, default));
        Assert.Empty(Assert.Single(await Store.Spent([new SubjectKey("default", "identity:\ud800")], Now, default)));
    }

    [Fact]
    public async Task The_newest_batches_are_of_all_shards_in_the_order_of_their_commits()
    {
        var other = (await Authority.Join(new SiloPlace("two", "two"), Life, default)).Epoch;
        await Store.Append(Batch(0, "a"), default);
        await Store.Append(Batch(other, 0, [], "b"), default);
        await Store.Append(Batch(1, "c"), default);

        Assert.Equal([(Shard, 1), (other, 0)], (await Store.Newest(2, default)).Select(batch => (batch.Shard, batch.FirstPosition)));
    }

    [Theory]
    [InlineData(1, 5)] // a batch a page
    [InlineData(40, 2)]
    [InlineData(1_000_000, 1)]
    public async Task A_walk_backwards_meets_every_batch_once_in_pages_of_a_size(int maxBytes, int pages)
    {
        var other = (await Authority.Join(new SiloPlace("two", "two"), Life, default)).Epoch;
        await Store.Append(Batch(0, "0123456789", "a"), default);
        await Store.Append(Batch(other, 0, [], "0123456789"), default);
        await Store.Append(Batch(2, "0123456789"), default);
        await Store.Append(Batch(other, 1, [], "0123456789"), default);
        await Store.Append(Batch(3, "0123456789"), default);

        var walked = await Walk(EvidencePlace.At(DateTimeOffset.MaxValue), DateTimeOffset.MinValue, maxBytes);

        Assert.Equal(pages, walked.Count(page => !page.Batches.IsEmpty));
        Assert.Equal(
            [(Shard, 0, 2), (Shard, 2, 1), (Shard, 3, 1), (other, 0, 1), (other, 1, 1)],
            walked.SelectMany(page => page.Batches).Select(batch => (batch.Shard, batch.FirstPosition, batch.Records.Length)).Order());
        foreach (var shard in walked.SelectMany(page => page.Batches).GroupBy(batch => batch.Shard))
            Assert.Equal(shard.Select(batch => batch.FirstPosition).OrderDescending(), shard.Select(batch => batch.FirstPosition));
        Assert.Equal(Batch(0, "0123456789", "a").Checksum, walked.SelectMany(page => page.Batches).Single(batch => (batch.Shard, batch.FirstPosition) == (Shard, 0)).Checksum);
    }

    [Fact]
    public async Task A_walk_backwards_begins_and_ends_at_a_moment()
    {
        await Store.Append(Batch(0, "a"), default);

        Assert.Empty((await Walk(EvidencePlace.At(DateTimeOffset.UnixEpoch), DateTimeOffset.MinValue, 100)).SelectMany(page => page.Batches));
        Assert.Empty((await Walk(EvidencePlace.At(DateTimeOffset.MaxValue), new DateTimeOffset(3000, 1, 1, 0, 0, 0, TimeSpan.Zero), 100)).SelectMany(page => page.Batches));
        Assert.Single((await Walk(EvidencePlace.At(DateTimeOffset.MaxValue), DateTimeOffset.UnixEpoch, 100)).SelectMany(page => page.Batches));
    }

    [Fact]
    public async Task A_walk_backwards_counts_what_is_damaged_and_goes_on()
    {
        await Store.Append(Batch(0, "permit", "denial"), default);
        await Store.Append(Batch(2, "denial"), default);
        await Rot();

        var walked = await Walk(EvidencePlace.At(DateTimeOffset.MaxValue), DateTimeOffset.MinValue, 100);

        Assert.Equal((2L, 2L), (walked.Sum(page => page.DamagedRecords), Assert.Single(walked.SelectMany(page => page.Batches)).FirstPosition));
    }

    private async Task<List<EvidencePage>> Walk(EvidencePlace from, DateTimeOffset since, int maxBytes)
    {
        var pages = new List<EvidencePage>();
        for (EvidencePlace? next = from; next is { } place; next = pages[^1].Next)
            pages.Add(await Store.Before(place, since, maxBytes, default));
        return pages;
    }

    protected async Task<string> Record(long position) =>
        await Store.Find(Shard, position, default) is { } batch ? Encoding.UTF8.GetString(batch.Records[(int)(position - batch.FirstPosition)].Span) : "none";

    protected async Task<AssertionHash[]> Spent(DateTimeOffset now) =>
        [.. (await Store.Spent([new SubjectKey("default", "identity:exporter")], now, default)).Single().Select(one => one.Hash).OrderBy(hash => hash.Low)];

    private static AssertionHash Greatest => new(ulong.MaxValue, ulong.MaxValue);

    private static AssertionHash Hash(int low) => new(0, (ulong)low);

    protected EvidenceBatch Batch(long first, params string[] records) => Batch(first, [], records);

    protected EvidenceBatch Batch(long first, ImmutableArray<EvidenceIndexRow> index, params string[] records) => Batch(Shard, first, index, records);

    protected static EvidenceBatch Batch(long shard, long first, ImmutableArray<EvidenceIndexRow> index, params string[] records) =>
        EvidenceBatch.Create(shard, first, Now, records.Select(record => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(record)).ToArray(), index);

    protected EvidenceIndexRow Row(string subject, DateTimeOffset at, ImmutableArray<long> positions, params int[] spent) =>
        new("default", subject, Shard, at, positions, [.. spent.Select(hash => new SpentAssertion(Hash(hash), Now.AddMinutes(5)))]);

    protected static string Show(EvidenceIndexRow row) => $"{string.Join(',', row.Positions)} {string.Join(',', row.Spent.Select(one => one.Hash.Low))}";
}
