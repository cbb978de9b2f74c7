using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Assay.Silo.Recovery;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage.Contract;

namespace Assay.Silo.Tests.Storage;

public sealed class SqliteRecoveryTests : RecoveryContract
{
    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private DataFolder folder = null!;
    private SqliteStorage storage = null!;

    protected override IAuthorityStore Store => storage.Authority;

    private protected override IRecoveryStore Recovery => storage.Recovery;

    private protected override IEvidenceStore Evidence => storage.Log;

    private protected override ILogStore Trees => storage.Trees;

    public override ValueTask InitializeAsync()
    {
        Open();
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>No silo is alive when its folder is opened again, whatever its lease says: so a recovery finds it.</summary>
    protected override Task Pass(TimeSpan time)
    {
        clock.Advance(time);
        storage.Dispose();
        folder.Dispose();
        Open();
        return Task.CompletedTask;
    }

    private void Open()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
    }
}
