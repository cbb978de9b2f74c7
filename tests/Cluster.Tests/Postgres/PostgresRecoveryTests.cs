using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Assay.Silo.Recovery;
using Assay.Silo.Storage.Postgres;
using Assay.Silo.Tests.Storage.Contract;

namespace Assay.Cluster.Tests.Postgres;

public sealed class PostgresRecoveryTests(PostgresServer server) : RecoveryContract
{
    private string database = "";
    private PostgresStorage storage = null!;

    protected override IAuthorityStore Store => storage.Authority;

    private protected override IRecoveryStore Recovery => storage.Recovery;

    private protected override IEvidenceStore Evidence => storage.Log;

    private protected override ILogStore Trees => storage.Trees;

    public override async ValueTask InitializeAsync()
    {
        PostgresServer.SkipIfMissing();
        database = await server.CreateDatabase();
        storage = await TestStorage.Open(database);
    }

    public override ValueTask DisposeAsync()
    {
        storage?.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Nothing_is_changed_while_a_silo_may_be_running()
    {
        var brief = TimeSpan.FromSeconds(1);
        var running = await Store.Join(Place("one"), Life, default);

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => Recover(0, 0, brief));

        Assert.Contains("Silos are still running (one)", fault.Message);
        Assert.IsType<LeaseRenewal.Renewed>(await Store.Renew(running.Epoch, 0, null, Life, default));
        Assert.Empty((await Store.List(ObjectKey.NoRealm, ObjectKinds.Timeline, default)).Objects);
    }

    protected override Task Pass(TimeSpan time) => TestStorage.Pass(database, time);
}
