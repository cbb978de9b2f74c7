using Assay.Grains.Authority;
using Assay.Grains.SharedSignals;
using Assay.Silo.Storage.Postgres;
using Assay.Silo.Tests.Storage.Contract;

namespace Assay.Cluster.Tests.Postgres;

public sealed class PostgresEventStoreTests(PostgresServer server) : EventStoreContract
{
    private string database = "";
    private PostgresStorage storage = null!;

    protected override IAuthorityStore Store => storage.Authority;

    private protected override IEventStore Events => storage.Events;

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

    protected override Task Pass(TimeSpan time) => TestStorage.Pass(database, time);
}
