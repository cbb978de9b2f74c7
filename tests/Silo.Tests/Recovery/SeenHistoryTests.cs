using System.Collections.Immutable;
using Assay.Silo.Recovery;
using Assay.Silo.Tests.Storage;

namespace Assay.Silo.Tests.Recovery;

public sealed class SeenHistoryTests : IDisposable
{
    private static readonly SeenHistory Seen = new(
        "db", 2, 1_000, 50, DateTimeOffset.UnixEpoch, ImmutableSortedDictionary<long, long>.Empty.Add(1_001, 7).Add(1_002, 0));

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("db", 1_000, 50, 7, null)]
    [InlineData("db", 1_000, 60, 9, null)]
    [InlineData("db", 1_000, 49, 7, "its newest feed number is 49, and 50 was there")]
    [InlineData("db", 1_000, 50, 6, "shard 1001 of the evidence holds 6 records, and 7 were there")]
    [InlineData("db", 999, 90, 90, "it does not have timeline 2, which a recovery opened")]
    [InlineData("db", 0, 90, 90, "it does not have timeline 2, which a recovery opened")]
    [InlineData("db", 2_000, 3, 0, null)] // a recovery has gone on from an older copy
    [InlineData("another", 0, 0, 0, null)] // made anew
    public void A_database_lacks_what_it_had_unless_it_was_recovered_or_is_another(string database, long firstShard, long number, long size, string? lack) =>
        Assert.Equal(lack, Seen.LackOf(database, firstShard, number, shard => shard == 1_001 ? size : 0));

    [Fact]
    public void What_was_written_is_read_and_what_cannot_be_read_is_nothing()
    {
        var file = Path.Combine(folder.Path, "seen");
        Assert.Null(SeenHistory.Read(file));

        Seen.Write(file);

        var read = SeenHistory.Read(file)!;
        Assert.Equal(Seen with { Shards = read.Shards }, read);
        Assert.Equal(Seen.Shards, read.Shards);
        foreach (var damaged in new[] { "", "{", "{}", "null", File.ReadAllText(file).Replace("\"v\":1", "\"v\":2", StringComparison.Ordinal) })
        {
            File.WriteAllText(file, damaged);
            Assert.Null(SeenHistory.Read(file));
        }
    }
}
