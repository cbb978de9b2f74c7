using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage.Contract;

namespace Assay.Silo.Tests.Storage;

public sealed class SqliteAuthorityStoreTests : AuthorityStoreContract
{
    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private DataFolder folder;
    private SqliteStorage storage;

    public SqliteAuthorityStoreTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
    }

    protected override IAuthorityStore Store => storage.Authority;

    public override ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public override ValueTask DisposeAsync()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_was_committed_is_there_after_a_restart_and_so_is_the_order()
    {
        await Commit(new ObjectWrite(Exporter, 0, Bytes("one"), ["credential:a"]));

        Restart();

        Assert.Equal((1, "one", false), Shown(await Store.Read(Exporter, default)));
        Assert.Equal(new CommitResult.KeyTaken("credential:a", Exporter), await Commit(new ObjectWrite(Importer, 0, Bytes("one"), ["credential:a"])));
        Assert.Equal(2, await Write(Importer, 0, "one"));
    }

    [Fact]
    public async Task Those_who_listen_hear_of_changes_acknowledgements_and_seals()
    {
        var heard = new List<AuthorityNews>();
        var lease = await Store.Join(Place("one"), Life, default);
        using (Store.Listen(heard.Add))
        {
            await Write(Exporter, 0, "one");
            await Store.Acknowledge(lease.Epoch, 1, default);
            await Store.Leave(lease.Epoch, default);
        }

        await Write(Importer, 0, "one");

        Assert.Equal([AuthorityNews.Feed, AuthorityNews.Leases, AuthorityNews.Feed, AuthorityNews.Leases], heard);
    }

    protected override Task Pass(TimeSpan time)
    {
        clock.Advance(time);
        return Task.CompletedTask;
    }

    private void Restart()
    {
        storage.Dispose();
        folder.Dispose();
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
    }
}
