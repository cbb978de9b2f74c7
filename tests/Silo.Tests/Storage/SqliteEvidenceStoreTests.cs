using Assay.Grains.Authority;
using Assay.Silo.Storage;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Storage.Sqlite.Subjects;
using Assay.Silo.Tests.Storage.Contract;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Tests.Storage;

/// <summary>The same while each batch sets off the sorting of what came before it.</summary>
public sealed class SqliteEvidenceStoreWhileSortingTests() : SqliteEvidenceStoreTests(mostUnsorted: 1);

public class SqliteEvidenceStoreTests : EvidenceStoreContract
{
    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private readonly int mostUnsorted;
    private DataFolder folder;
    private SqliteStorage storage;

    public SqliteEvidenceStoreTests()
        : this(SubjectIndex.MostUnsorted)
    {
    }

    private protected SqliteEvidenceStoreTests(int mostUnsorted)
    {
        this.mostUnsorted = mostUnsorted;
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock, mostUnsorted: mostUnsorted);
    }

    protected override IEvidenceStore Store => storage.Log;

    protected override IAuthorityStore Authority => storage.Authority;

    public override ValueTask DisposeAsync()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task An_epoch_of_an_earlier_process_is_closed()
    {
        Restart();

        Assert.Equal(BatchResult.Sealed, await Store.Append(Batch(0, "a"), default));
    }

    [Fact]
    public async Task Index_rows_outlive_the_process_wherever_they_were()
    {
        for (var i = 0; i < 20; i++)
            await Store.Append(Batch(i, [Row($"identity:{i % 3}", Now.AddSeconds(i), [i], i)], "a"), default);
        Restart();

        var rows = await Store.Index("default", "identity:1", Now, 100, default);
        Assert.Equal([19, 16, 13, 10, 7, 4, 1], rows.Select(row => (int)row.Positions.Single()));
        Assert.Equal([1, 4, 7, 10, 13, 16, 19], (await Store.Spent([new SubjectKey("default", "identity:1")], Now, default)).Single().Select(spent => (int)spent.Hash.Low).Order());
        Assert.Equal(0, Count("unsorted"));
    }

    [Theory]
    [InlineData("05")] // five rows, and none there
    [InlineData("FFFFFFFF0F")] // a negative number of rows
    [InlineData("01FFFFFFFFFFFF")] // a length that is no number
    [InlineData("01076465666175")] // a name that ends too early
    public void Index_rows_that_are_damaged_stop_the_start_by_a_message_that_names_the_file(string rows)
    {
        Run("INSERT INTO unsorted (shard, first, rows) VALUES (1, 0, $rows)", Convert.FromHexString(rows));

        var fault = Assert.Throws<InvalidDataException>(Restart);
        Assert.Contains(folder.EvidenceFile, fault.Message, StringComparison.Ordinal);

        Assert.Equal(1, Count("unsorted")); // nothing was lost by it
        Run("DELETE FROM unsorted");
        storage = new SqliteStorage(folder, clock);
    }

    [Fact]
    public async Task Whoever_reads_while_rows_are_sorted_finds_each_once()
    {
        const int batches = 1_500;
        storage.Dispose();
        storage = new SqliteStorage(folder, clock, mostUnsorted: 100);
        var shard = (await Authority.Join(new SiloPlace("two", "two"), Life, default)).Epoch;
        var appended = 0;
        var appending = Task.Run(async () =>
        {
            for (var i = 0; i < batches; i++)
            {
                await Store.Append(Batch(shard, i, [Row("identity:a", Now.AddMilliseconds(i), [i]), Row($"identity:{i % 40}", Now, [i])], "a"), default);
                Volatile.Write(ref appended, i + 1);
            }
        });

        for (var isLast = false; !isLast;)
        {
            isLast = appending.IsCompleted;
            var (least, rows, most) = (Volatile.Read(ref appended), await Store.Index("default", "identity:a", Now, batches, default), Volatile.Read(ref appended) + 1);
            Assert.InRange(rows.Length, least, most);
            Assert.Equal(Enumerable.Range(0, rows.Length).Reverse(), rows.Select(row => (int)row.Positions.Single()));
        }

        await appending;
        Assert.NotEqual(0, Count("run")); // most came to their place meanwhile
    }

    private void Restart()
    {
        storage.Dispose();
        folder.Dispose();
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock, mostUnsorted: mostUnsorted);
    }

    private long Count(string table) => (long)Run($"SELECT count(*) FROM {table}")!;

    private object? Run(string sql, byte[]? rows = null)
    {
        using var connection = new SqliteConnection($"Data Source={folder.EvidenceFile};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        if (rows is not null)
            command.Parameters.AddWithValue("$rows", rows);
        return command.ExecuteScalar();
    }

    protected override Task Pass(TimeSpan time)
    {
        clock.Advance(time);
        return Task.CompletedTask;
    }

    protected override Task Rot()
    {
        using var connection = new SqliteConnection($"Data Source={folder.EvidenceFile};Pooling=False");
        connection.Open();
        using var rot = connection.CreateCommand();
        rot.CommandText = "UPDATE batch SET payload = CAST(replace(CAST(payload AS TEXT), 'permit', 'forged') AS BLOB) WHERE first = 0";
        Assert.Equal(1, rot.ExecuteNonQuery());
        return Task.CompletedTask;
    }
}
