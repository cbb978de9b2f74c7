using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage.Contract;

namespace Assay.Silo.Tests.Storage;

public sealed class SqliteLeaseTests : LeaseContract
{
    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private DataFolder folder;
    private SqliteStorage storage;

    public SqliteLeaseTests()
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
    public async Task A_lease_lapses_to_the_tick()
    {
        var lease = await Store.Join(Place("one"), Life, default);
        clock.Advance(Life - TimeSpan.FromTicks(1));
        Assert.Null(await Store.SealIfLapsed(lease.Epoch, default));
        Assert.IsType<LeaseRenewal.Renewed>(await Store.Renew(lease.Epoch, 0, null, Life, default));
        clock.Advance(Life - TimeSpan.FromTicks(1));
        Assert.Null(await Store.SealIfLapsed(lease.Epoch, default));

        clock.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(1, await Store.SealIfLapsed(lease.Epoch, default));
        Assert.Equal(1, await Store.SealIfLapsed(lease.Epoch, default)); // by whomever
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(lease.Epoch, 0, null, Life, default));
        Assert.Empty(await Store.Leases(default));
    }

    [Fact]
    public async Task A_lease_that_was_not_given_back_is_sealed_at_the_next_start_and_its_epoch_never_used_again()
    {
        var before = await Store.Join(Place("one"), Life, default);

        Restart();

        Assert.Empty(await Store.Leases(default));
        Assert.Equal(1, await Store.SealIfLapsed(before.Epoch, default)); // the seal is an entry of the feed
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(before.Epoch, 0, null, Life, default));
        var after = await Store.Join(Place("one"), Life, default);
        Assert.Equal(new LeaseGrant(before.Epoch + 1, 1), after);
    }

    [Fact]
    public async Task Setting_the_time_of_day_ends_no_lease()
    {
        var lease = await Store.Join(Place("one"), Life, default);

        clock.Set(TimeSpan.FromDays(1));
        Assert.Null(await Store.SealIfLapsed(lease.Epoch, default));

        clock.Set(TimeSpan.FromDays(-2));
        clock.Advance(Life);
        Assert.NotNull(await Store.SealIfLapsed(lease.Epoch, default));
    }

    [Fact]
    public async Task Silos_are_shown_with_their_times()
    {
        var began = clock.GetUtcNow();
        var one = await Store.Join(Place("one"), Life, default);
        var two = await Store.Join(Place("two"), Life, default);
        await Store.Leave(one.Epoch, default);
        clock.Advance(Life / 2);
        await Store.Renew(two.Epoch, 0, """{"batches":7}""", Life, default);
        await Store.Renew(two.Epoch, 0, null, Life * 2, default);
        await Store.Acknowledge(two.Epoch, 1, default);
        await Store.Condemn(Place("two").Address, default);

        Assert.Equal(
            [
                new SiloRow(one.Epoch, Place("one"), began, began, began + Life, 0, 1, false, null),
                new SiloRow(two.Epoch, Place("two"), began, began + (Life / 2), began + (Life * 2.5), 1, null, true, """{"batches":7}"""),
            ],
            await Store.Silos(default));

        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal([two.Epoch], (await Store.Silos(default)).Select(silo => silo.Epoch));
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
