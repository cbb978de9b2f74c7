using Assay.Grains.Authority;
using Assay.Silo.Storage.Postgres;
using Assay.Silo.Tests.Storage.Contract;

namespace Assay.Cluster.Tests.Postgres;

public sealed class PostgresLeaseTests(PostgresServer server) : LeaseContract
{
    private string database = "";
    private PostgresStorage storage = null!;

    protected override IAuthorityStore Store => storage.Authority;

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
    public async Task A_lease_outlives_the_process_that_holds_it()
    {
        var lease = await Store.Join(Place("one"), Life, default);
        await Store.Acknowledge(lease.Epoch, 7, default);

        using var other = await TestStorage.Open(database);

        Assert.Equal([new LeaseRow(lease.Epoch, "one", 7, false)], await other.Authority.Leases(default));
        Assert.IsType<LeaseRenewal.Renewed>(await other.Authority.Renew(lease.Epoch, 0, null, Life, default));
    }

    [Fact]
    public async Task Silos_that_join_at_once_get_epochs_of_their_own()
    {
        using var other = await TestStorage.Open(database);

        var grants = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => (i % 2 == 0 ? storage : other).Authority.Join(Place($"slot-{i}"), Life, default))));

        Assert.Equal(Enumerable.Range(1, 20).Select(epoch => (long)epoch), grants.Select(grant => grant.Epoch).Order());
    }

    [Fact]
    public async Task A_silo_that_joins_beside_a_change_has_seen_it_or_is_seen_by_it()
    {
        for (var round = 0; round < 30; round++)
        {
            var joining = Task.Run(() => Store.Join(Place($"slot-{round}"), Life, default));
            var number = await Write(Exporter with { Id = $"{round}" }, 0, "x");
            var seen = (await Store.Leases(default)).Select(lease => lease.Epoch);
            var grant = await joining;

            Assert.True(grant.Head >= number || seen.Contains(grant.Epoch), $"epoch {grant.Epoch} joined at {grant.Head} and was overlooked by change {number}");
        }
    }

    [Fact]
    public async Task A_renewal_that_waited_for_a_seal_finds_it()
    {
        var lease = await Store.Join(Place("one"), Life, default);
        await using var sealing = await TestStorage.Holding(database, $"UPDATE assay.lease SET sealed = true WHERE epoch = {lease.Epoch}");
        var renewing = Store.Renew(lease.Epoch, 0, null, Life, default);
        await TestStorage.Waiting(database, 1);

        await sealing.Commit();

        Assert.IsType<LeaseRenewal.Sealed>(await renewing);
    }

    [Fact]
    public async Task A_silo_that_was_frozen_in_the_middle_of_a_change_holds_the_others_up_for_less_than_a_lease()
    {
        var brief = TimeSpan.FromSeconds(2);
        using var other = await TestStorage.Open(database, brief);
        var settings = PostgresSettings.Of(database, brief);
        await using var frozen = await TestStorage.Holding(
            settings.State, "UPDATE assay.head SET number = number + 1"); // as a silo's own session, with the timeouts it asks for

        // Nothing more comes from it: the server ends its transaction, and what waited goes on or is tried again.
        await TestStorage.Until(async () => await Record.ExceptionAsync(() => other.Authority.Mark("", default)) is null);
        Assert.Equal(1, (await other.Authority.List("default", ObjectKinds.Identity, default)).Head);
    }

    protected override Task Pass(TimeSpan time) => TestStorage.Pass(database, time);
}
