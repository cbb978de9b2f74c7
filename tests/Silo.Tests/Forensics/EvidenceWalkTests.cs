using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage;

namespace Assay.Silo.Tests.Forensics;

/// <summary>Walks back through the evidence miss nothing and take nothing twice, wherever they stop.</summary>
public sealed class EvidenceWalkTests : IAsyncLifetime
{
    private const string Exporter = "identity:exporter";
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder temporary = new();
    private DataFolder folder = null!;
    private SqliteStorage storage = null!;
    private EvidenceWalk walk = null!;
    private long shard;

    public async ValueTask InitializeAsync()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, TimeProvider.System);
        walk = new EvidenceWalk(storage.Log, new SiloIdentity("https://issuer.example", "one"), TimeProvider.System);
        shard = (await storage.Authority.Join(new SiloPlace("one", "one"), TimeSpan.FromMinutes(1), default)).Epoch;
        await Store(0, Now, EvidenceKind.Admin, EvidenceKind.Void, EvidenceKind.Admin);
        await Store(3, Now.AddSeconds(1), EvidenceKind.Admin);
        await Store(4, Now.AddSeconds(1), EvidenceKind.Admin, EvidenceKind.Admin);
        await Store(6, Now.AddSeconds(2), EvidenceKind.Admin);
    }

    public ValueTask DisposeAsync()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(null), InlineData(Exporter)]
    public async Task Records_come_newest_first_and_void_ones_do_not(string? subject)
    {
        var (found, stretch) = await Walk(subject);

        Assert.Equal([6, 5, 4, 3, 2, 0], found);
        Assert.Equal((null, 7, 0L), (stretch.Next, stretch.LookedAt, stretch.Damaged));
        Assert.Equal(Now, stretch.ReachedBackTo);
    }

    [Theory]
    [InlineData(null, 1), InlineData(null, 2), InlineData(null, 3), InlineData(null, 5), InlineData(Exporter, 1), InlineData(Exporter, 2), InlineData(Exporter, 3), InlineData(Exporter, 5)]
    public async Task Whatever_is_looked_at_at_once_all_of_them_together_are_the_whole(string? subject, int most)
    {
        var all = new List<long>();
        EvidenceCursor? from = null;
        for (var i = 0; i == 0 || from is not null; i++)
        {
            Assert.True(i < 20, "it does not end");
            var (found, stretch) = await Walk(subject, most: most, from: from);
            all.AddRange(found);
            from = stretch.Next is { } next && EvidenceCursor.TryParse(next.ToString(), out var read) ? read : null;
        }

        Assert.Equal([6, 5, 4, 3, 2, 0], all);
    }

    [Fact]
    public async Task A_walk_that_is_ended_by_its_taker_goes_on_after_that_record()
    {
        var (found, stretch) = await Walk(Exporter, take: 2);
        var (rest, _) = await Walk(Exporter, from: stretch.Next);

        Assert.Equal([6, 5], found);
        Assert.Equal([4, 3, 2, 0], rest);
    }

    [Theory]
    [InlineData(null), InlineData(Exporter)]
    public async Task Only_decisions_of_the_time_asked_for_are_taken(string? subject)
    {
        Assert.Equal([5, 4, 3], (await Walk(subject, since: Now.AddSeconds(1), until: Now.AddSeconds(2))).Found);
    }

    [Fact]
    public async Task Of_another_subject_there_is_nothing() => Assert.Empty((await Walk("identity:importer")).Found);

    [Fact]
    public async Task A_record_that_cannot_be_read_is_counted_and_passed_over()
    {
        await Store(7, Now.AddSeconds(3), [new byte[] { 1, 2, 3 }]);

        var (found, stretch) = await Walk(null);

        Assert.Equal([6, 5, 4, 3, 2, 0], found);
        Assert.Equal(1, stretch.Damaged);
    }

    [Theory]
    [InlineData(""), InlineData("1.2.3.4"), InlineData("1.2.3.4.5.6"), InlineData("x.2.3.4.5"), InlineData("-1.2.3.4.5"), InlineData("9223372036854775807.1.1.1.1")]
    public void What_is_no_place_is_none(string text) => Assert.False(EvidenceCursor.TryParse(text, out _));

    private async Task<(List<long> Found, EvidenceStretch Stretch)> Walk(
        string? subject, DateTimeOffset? since = null, DateTimeOffset? until = null, EvidenceCursor? from = null, int most = 100, int take = 100)
    {
        var found = new List<long>();
        var stretch = await walk.Back(
            new EvidenceRange(subject, since ?? DateTimeOffset.MinValue, until ?? DateTimeOffset.MaxValue, from, most),
            record =>
            {
                found.Add(record.Position);
                return ValueTask.FromResult(found.Count < take);
            },
            default);
        return (found, stretch);
    }

    private Task Store(long first, DateTimeOffset at, params EvidenceKind[] kinds) => Store(first, at, kinds.Select((kind, i) => (ReadOnlyMemory<byte>)new EvidenceRecord
    {
        Kind = kind,
        Shard = shard,
        Position = first + i,
        Node = "one",
        Time = at,
        Admin = kind == EvidenceKind.Admin ? new AdminAct("ann", "disable", "exporter", 7) : null,
    }.Encode()).ToArray());

    private async Task Store(long first, DateTimeOffset at, ReadOnlyMemory<byte>[] records)
    {
        ImmutableArray<EvidenceIndexRow> index = [new EvidenceIndexRow("default", Exporter, shard, at, [.. Enumerable.Range(0, records.Length).Select(i => first + i)], [])];
        Assert.Equal(BatchResult.Committed, await storage.Log.Append(EvidenceBatch.Create(shard, first, at, records, index), default));
    }
}
