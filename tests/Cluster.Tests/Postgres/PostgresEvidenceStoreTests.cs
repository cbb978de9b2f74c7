using Assay.Grains.Authority;
using Assay.Silo.Storage.Postgres;
using Assay.Silo.Tests.Storage.Contract;
using Npgsql;

namespace Assay.Cluster.Tests.Postgres;

public sealed class PostgresEvidenceStoreTests(PostgresServer server) : EvidenceStoreContract
{
    private string database = "";
    private PostgresStorage storage = null!;

    protected override IEvidenceStore Store => storage.Log;

    protected override IAuthorityStore Authority => storage.Authority;

    public override async ValueTask InitializeAsync()
    {
        PostgresServer.SkipIfMissing();
        database = await server.CreateDatabase();
        storage = await TestStorage.Open(database);
        await base.InitializeAsync();
    }

    public override ValueTask DisposeAsync()
    {
        storage?.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_seal_waits_for_an_append_that_has_begun_and_none_begins_after_it()
    {
        var holding = await HoldAppends();
        Task<BatchResult> appending;
        Task sealing;
        await using (holding)
        {
            appending = Store.Append(Indexed(0, "a"), default); // past the fence, before its end
            await TestStorage.Waiting(database, 1);
            sealing = Authority.Leave(Shard, default);
            await TestStorage.Waiting(database, 2);
            Assert.Equal((false, false), (appending.IsCompleted, sealing.IsCompleted));
        }

        Assert.Equal(BatchResult.Committed, await appending);
        await sealing;
        Assert.Equal(BatchResult.Sealed, await Store.Append(Indexed(1, "b"), default));
        Assert.Equal(("a", "none"), (await Record(0), await Record(1)));
    }

    [Fact]
    public async Task An_append_that_comes_while_its_epoch_is_sealed_is_refused_once_it_is()
    {
        await using var sealing = await TestStorage.Holding(database, $"UPDATE assay.epoch SET seal = 1, sealed = now() WHERE epoch = {Shard}");
        var appending = Store.Append(Indexed(0, "a"), default);
        await TestStorage.Waiting(database, 1);

        await sealing.Commit();

        Assert.Equal(BatchResult.Sealed, await appending);
        Assert.Equal("none", await Record(0));
    }

    [Fact]
    public async Task Renewing_and_acknowledging_wait_for_no_append()
    {
        var holding = await HoldAppends();
        Task<BatchResult> appending;
        await using (holding)
        {
            appending = Store.Append(Indexed(0, "a"), default);
            await TestStorage.Waiting(database, 1);

            Assert.IsType<LeaseRenewal.Renewed>(await Authority.Renew(Shard, 0, null, Life, default));
            await Authority.Acknowledge(Shard, 1, default);
        }

        Assert.Equal(BatchResult.Committed, await appending);
    }

    [Fact]
    public async Task A_batch_whose_connection_was_killed_is_tried_again_unchanged()
    {
        var batch = Indexed(0, "a");
        var holding = await HoldAppends();
        await using (holding)
        {
            var appending = Store.Append(batch, default);
            await TestStorage.Waiting(database, 1);
            await server.KillConnections(database, "wait_event_type = 'Lock'");
            await Assert.ThrowsAnyAsync<Exception>(() => appending);
        }

        Assert.Equal("none", await Record(0));
        Assert.Equal(BatchResult.Committed, await Store.Append(batch, default));
        Assert.Equal(("a", 1), (await Record(0), (await Index()).Length));
    }

    [Fact]
    public async Task A_batch_that_is_tried_again_while_the_server_still_works_on_it_is_there_once()
    {
        await using var proxy = new CuttableProxy(server.Port);
        using var silo = await TestStorage.Open(database.Replace($"Port={server.Port}", $"Port={proxy.Port}", StringComparison.Ordinal));
        var batch = Indexed(0, "a");
        var holding = await HoldAppends();
        Task<BatchResult> again;
        await using (holding)
        {
            var appending = silo.Log.Append(batch, default);
            await TestStorage.Waiting(database, 1);
            proxy.DropClients(); // the server is not told
            await Assert.ThrowsAnyAsync<Exception>(() => appending);

            again = Store.Append(batch, default);
            await TestStorage.Waiting(database, 2);
        }

        Assert.Equal(BatchResult.Committed, await again);
        Assert.Equal(("a", 1), (await Record(0), (await Index()).Length));
        Assert.Single(await Store.Newest(10, default));
    }

    [Fact]
    public async Task A_committed_batch_whose_answer_was_lost_counts_as_committed()
    {
        await using var proxy = new CuttableProxy(server.Port);
        using var silo = await TestStorage.Open(
            database.Replace($"Port={server.Port}", $"Port={proxy.Port}", StringComparison.Ordinal), TimeSpan.FromSeconds(12));
        var batch = Indexed(0, "a");
        var holding = await HoldAppends();
        Task<BatchResult> appending;
        await using (holding)
        {
            appending = silo.Log.Append(batch, default);
            await TestStorage.Waiting(database, 1);
            proxy.Cut();
        }

        await TestStorage.Until(async () => await Record(0) == "a");
        await Assert.ThrowsAnyAsync<Exception>(() => appending);
        proxy.Heal();

        Assert.Equal(BatchResult.Committed, await silo.Log.Append(batch, default));
        Assert.Single(await Index());
    }

    [Fact]
    public async Task Reads_that_take_every_connection_starve_no_append()
    {
        var holding = await TestStorage.Holding(database, "LOCK TABLE assay.object IN ACCESS EXCLUSIVE MODE");
        Task<ObjectList>[] reads;
        await using (holding)
        {
            reads = [.. Enumerable.Range(0, PostgresSettings.DefaultPool + 8).Select(_ => Authority.List("default", "identity", default))];
            await TestStorage.Waiting(database, PostgresSettings.DefaultPool);

            Assert.Equal(BatchResult.Committed, await Store.Append(Indexed(0, "a"), default));
        }

        await Task.WhenAll(reads);
    }

    [Fact]
    public async Task No_evidence_is_taken_by_a_session_that_would_not_wait_for_the_disk()
    {
        await PostgresServer.Execute(database, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$");
        await server.KillConnections(database);

        Exception? fault = null;
        await TestStorage.Until(async () => (fault = await Xunit.Record.ExceptionAsync(() => Store.Append(Indexed(0, "a"), default))) is InvalidOperationException);
        Assert.Equal("fsync or synchronous_commit was turned off: no evidence is taken until both are on again", fault!.Message);
        Assert.Equal("none", await Record(0));
    }

    protected override Task Pass(TimeSpan time) => TestStorage.Pass(database, time);

    protected override Task Rot() => PostgresServer.Execute(
        database, "UPDATE assay.batch SET payload = overlay(payload PLACING 'forged'::bytea FROM position('permit'::bytea IN payload)) WHERE first = 0");

    /// <summary>The append of <see cref="Indexed"/> at 0 stops past the fence, with the batch written and its index not yet, until this is disposed.</summary>
    private Task<NpgsqlConnection> HoldAppends() => TestStorage.Holding(
        database, $"INSERT INTO assay.subject VALUES ('default', 'identity:exporter', '{Now:u}', {Shard}, 0, '', NULL, NULL)");

    private EvidenceBatch Indexed(long first, string record) => Batch(first, [Row("identity:exporter", Now, [first], 7)], record);

    private async Task<EvidenceIndexRow[]> Index() => [.. await Store.Index("default", "identity:exporter", DateTimeOffset.UnixEpoch, 10, default)];
}
