using Assay.Grains.Authority;
using Assay.Grains.SharedSignals;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage.Contract;

namespace Assay.Silo.Tests.Storage;

public sealed class SqliteEventStoreTests : EventStoreContract
{
    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private readonly DataFolder folder;
    private readonly SqliteStorage storage;

    public SqliteEventStoreTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
    }

    protected override IAuthorityStore Store => storage.Authority;

    private protected override IEventStore Events => storage.Events;

    public override ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public override ValueTask DisposeAsync()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        return ValueTask.CompletedTask;
    }

    protected override Task Pass(TimeSpan time)
    {
        clock.Advance(time);
        return Task.CompletedTask;
    }
}
