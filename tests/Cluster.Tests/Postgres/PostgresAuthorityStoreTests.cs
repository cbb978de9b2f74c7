using Assay.Grains.Authority;
using Assay.Silo.Storage.Postgres;
using Assay.Silo.Tests.Storage.Contract;

namespace Assay.Cluster.Tests.Postgres;

public sealed class PostgresAuthorityStoreTests(PostgresServer server) : AuthorityStoreContract
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
    public async Task Changes_of_several_silos_make_one_order_without_gaps_and_a_renewal_brings_all_that_was_committed_before_it()
    {
        using var second = await TestStorage.Open(database);
        using var third = await TestStorage.Open(database);
        var lease = await Store.Join(Place("watcher"), Life, default);
        var committed = 0L;
        var writing = Task.WhenAll(new[] { storage, second, third }.Select((silo, place) => Task.Run(() => Change(silo.Authority, place))));

        var (applied, changes) = (0L, 0);
        do
        {
            var before = Interlocked.Read(ref committed);
            var renewal = Assert.IsType<LeaseRenewal.Renewed>(await Store.Renew(lease.Epoch, applied, null, Life, default));
            Assert.True(renewal.Head >= before, $"{before} was committed before a renewal that knows only {renewal.Head}");
            Assert.Equal(Enumerable.Range((int)applied + 1, (int)(renewal.Head - applied)).Select(number => (long)number), renewal.Entries.Select(entry => entry.Number));
            (applied, changes) = (renewal.Head, changes + renewal.Entries.Length);
        }
        while (!writing.IsCompleted || applied < committed);

        await writing;
        Assert.Equal(committed, changes);

        async Task Change(PostgresAuthorityStore store, int place)
        {
            for (var i = 0; i < 60; i++)
            {
                // All write the same object, so many changes are refused and their numbers given again.
                var expected = (await store.Read(Exporter, default))?.Number ?? 0;
                var result = await store.Commit(
                    new Change([new ObjectWrite(Exporter, expected, Bytes($"{place} {i}"), []), new ObjectWrite(Importer with { Id = $"{place}-{i}" }, 0, Bytes("x"), [])], "test", ""), default);
                if (result is CommitResult.Committed done)
                    Raise(done.Number);
            }
        }

        void Raise(long number)
        {
            for (var seen = Interlocked.Read(ref committed); seen < number; seen = Interlocked.Read(ref committed))
                Interlocked.CompareExchange(ref committed, number, seen);
        }
    }

    [Fact]
    public async Task A_change_whose_connection_is_killed_is_there_whole_or_not_at_all()
    {
        var number = await Write(Exporter, 0, "one");
        var holding = await TestStorage.Holding(database, "LOCK TABLE assay.unique_key IN EXCLUSIVE MODE");
        await using (holding)
        {
            var changing = Commit(new ObjectWrite(Exporter, number, Bytes("two"), ["credential:a"]));
            await TestStorage.Waiting(database, 1);
            await server.KillConnections(database, "wait_event_type = 'Lock'");
            await Assert.ThrowsAnyAsync<Exception>(() => changing);
        }

        Assert.Equal((number, "one", false), Shown(await Store.Read(Exporter, default)));
        Assert.Equal(number + 1, await Write(Exporter, number, "three"));
    }

    [Fact]
    public async Task A_name_that_cannot_be_stored_is_refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Commit(new ObjectWrite(Exporter with { Id = "a\0b" }, 0, Bytes("one"), [])));
        await Assert.ThrowsAsync<ArgumentException>(() => Commit(new ObjectWrite(Exporter, 0, Bytes("one"), ["\ud800"])));
        Assert.Equal(["a"], await Ids(null));
        Assert.Equal([], await Ids("a\0"));

        async Task<IEnumerable<string>> Ids(string? after)
        {
            if (after is null)
                await Write(Exporter with { Id = "a" }, 0, "one");
            return (await Store.Page("default", ObjectKinds.Identity, after, 10, default)).Select(stored => stored.Key.Id);
        }
    }

    [Fact]
    public async Task Nothing_is_changed_by_a_session_that_would_not_wait_for_the_disk()
    {
        await Write(Exporter, 0, "one");
        await PostgresServer.Execute(database, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$");
        await server.KillConnections(database);

        await TestStorage.Until(async () => await Attempt() is InvalidOperationException); // the first may find a connection that was killed
        Assert.Equal((1, "one", false), Shown(await Store.Read(Exporter, default)));

        async Task<Exception?> Attempt() => await Record.ExceptionAsync(() => Write(Exporter, 1, "two"));
    }

    protected override Task Pass(TimeSpan time) => TestStorage.Pass(database, time);
}
