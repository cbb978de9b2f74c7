using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage.Contract;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Tests.Storage;

public sealed class SqliteEvidenceStoreTests : EvidenceStoreContract
{
    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private DataFolder folder;
    private SqliteStorage storage;

    public SqliteEvidenceStoreTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
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
        storage.Dispose();
        folder.Dispose();
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);

        Assert.Equal(BatchResult.Sealed, await Store.Append(Batch(0, "a"), default));
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
