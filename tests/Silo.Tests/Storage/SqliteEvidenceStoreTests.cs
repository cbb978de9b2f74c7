using System.Collections.Immutable;
using System.Text;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Tests.Storage;

public sealed class SqliteEvidenceStoreTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(10);
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private DataFolder folder;
    private SqliteStorage storage;
    private long shard;

    public SqliteEvidenceStoreTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
    }

    private SqliteEvidenceStore Store => storage.Log;

    public async ValueTask InitializeAsync() => shard = (await storage.Authority.Join("one", Life, default)).Epoch;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    public void Dispose()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public async Task Every_position_leads_to_its_batch()
    {
        Assert.Equal(BatchResult.Committed, await Store.Append(Batch(0, "a", "b"), default));
        Assert.Equal(BatchResult.Committed, await Store.Append(Batch(2, "c"), default));

        Assert.Equal(["a", "b", "c", "none"], [await Record(0), await Record(1), await Record(2), await Record(3)]);
        Assert.Null(await Store.Find(shard + 1, 0, default));
        var read = await Store.Find(shard, 1, default);
        var written = Batch(0, "a", "b");
        Assert.Equal((shard, 0, Now, written.Checksum), (read!.Shard, read.FirstPosition, read.CommittedAt, read.Checksum));
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
        clock.Advance(Life);
        Assert.NotNull(await storage.Authority.SealIfLapsed(shard, default));

        Assert.Equal(BatchResult.Sealed, await Store.Append(Batch(1, "b"), default));
        Assert.Equal("none", await Record(1));
    }

    [Fact]
    public async Task A_slot_that_is_taken_again_stops_the_evidence_of_its_old_silo()
    {
        await storage.Authority.Join("one", Life, default);

        Assert.Equal(BatchResult.Sealed, await Store.Append(Batch(0, "a"), default));
    }

    [Fact]
    public async Task An_epoch_of_an_earlier_process_is_closed()
    {
        storage.Dispose();
        folder.Dispose();
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);

        Assert.Equal(BatchResult.Sealed, await Store.Append(Batch(0, "a"), default));
    }

    [Fact]
    public async Task A_shard_no_longer_grows_once_its_seal_is_known()
    {
        for (var round = 0; round < 30; round++)
        {
            var epoch = (await storage.Authority.Join($"slot-{round}", Life, default)).Epoch;
            var appending = Task.Run(async () =>
            {
                for (var position = 0; await Store.Append(Batch(epoch, position, [], $"{position}"), default) == BatchResult.Committed; position++)
                {
                }
            });
            while (await Store.Find(epoch, round % 4, default) is null)
                await Task.Yield();

            clock.Advance(Life);
            Assert.NotNull(await storage.Authority.SealIfLapsed(epoch, default));
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
        Assert.Equal((shard, Now.AddSeconds(2)), (all[0].Shard, all[0].At));
        Assert.Equal(["2,3 8,9"], (await Store.Index("default", "identity:exporter", Now, 1, default)).Select(Show));
        Assert.Equal(["2,3 8,9"], (await Store.Index("default", "identity:exporter", Now.AddSeconds(1), 10, default)).Select(Show));
        Assert.Equal(["0 "], (await Store.Index("default", "credential:key", Now, 10, default)).Select(Show));
        Assert.Empty(await Store.Index("other", "identity:exporter", Now, 10, default));
    }

    [Fact]
    public async Task What_was_spent_is_remembered_until_it_expires_and_never_less()
    {
        var early = new SpentAssertion(7, Now.AddSeconds(10).AddTicks(5));
        var late = new SpentAssertion(UInt128.MaxValue, Now.AddSeconds(20));
        var row = Row("identity:exporter", Now, [0]) with { Spent = [early, late] };
        await Store.Append(Batch(0, [row], "a"), default);

        Assert.Equal([7, UInt128.MaxValue], await Spent(Now.AddSeconds(10).AddTicks(5)));
        Assert.Equal([UInt128.MaxValue], await Spent(Now.AddSeconds(20)));
        Assert.Empty(await Spent(Now.AddSeconds(21)));
    }

    [Fact]
    public async Task A_batch_that_rotted_is_named_and_the_others_are_still_read()
    {
        await Store.Append(Batch(0, "permit"), default);
        await Store.Append(Batch(1, "denial"), default);
        using (var connection = new SqliteConnection($"Data Source={folder.EvidenceFile};Pooling=False"))
        {
            connection.Open();
            using var rot = connection.CreateCommand();
            rot.CommandText = "UPDATE batch SET payload = CAST(replace(CAST(payload AS TEXT), 'permit', 'forged') AS BLOB) WHERE first = 0";
            Assert.Equal(1, rot.ExecuteNonQuery());
        }

        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => Store.Find(shard, 0, default));
        Assert.Contains($"shard {shard} at position 0", fault.Message, StringComparison.Ordinal);
        Assert.Equal("denial", await Record(1));
    }

    private async Task<string> Record(long position) =>
        await Store.Find(shard, position, default) is { } batch ? Encoding.UTF8.GetString(batch.Records[(int)(position - batch.FirstPosition)].Span) : "none";

    private async Task<UInt128[]> Spent(DateTimeOffset now) =>
        [.. (await Store.Spent("default", "identity:exporter", now, default)).Select(one => one.Hash).Order()];

    private EvidenceBatch Batch(long first, params string[] records) => Batch(first, [], records);

    private EvidenceBatch Batch(long first, ImmutableArray<EvidenceIndexRow> index, params string[] records) => Batch(shard, first, index, records);

    private static EvidenceBatch Batch(long shard, long first, ImmutableArray<EvidenceIndexRow> index, params string[] records) =>
        EvidenceBatch.Create(shard, first, Now, records.Select(record => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(record)).ToArray(), index);

    private EvidenceIndexRow Row(string subject, DateTimeOffset at, ImmutableArray<long> positions, params int[] spent) =>
        new("default", subject, shard, at, positions, [.. spent.Select(hash => new SpentAssertion((UInt128)hash, Now.AddMinutes(5)))]);

    private static string Show(EvidenceIndexRow row) => $"{string.Join(',', row.Positions)} {string.Join(',', row.Spent.Select(one => one.Hash))}";
}
