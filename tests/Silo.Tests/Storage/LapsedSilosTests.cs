using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Tests.Storage;

/// <summary>A silo that lost the database does not keep its identities from being served elsewhere.</summary>
public sealed class LapsedSilosTests : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private readonly DataFolder folder;
    private readonly SqliteStorage storage;
    private readonly SiloLease own;
    private readonly LapsedSilos lapsed;

    public LapsedSilosTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
        own = new SiloLease(Life, TimeSpan.FromSeconds(1), clock);
        lapsed = new LapsedSilos(storage.Authority, own, Options.Create(new AuthorityOptions { LeaseLife = Life }));
    }

    public void Dispose()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public async Task A_silo_that_did_not_renew_while_this_one_did_is_sealed()
    {
        var other = await storage.Authority.Join(new SiloPlace("b", "address-b"), Life, default);
        await Join();
        await Hold(TimeSpan.FromSeconds(12));

        Assert.Equal(["address-b"], await lapsed.Seal(default));
        Assert.IsType<LeaseRenewal.Sealed>(await storage.Authority.Renew(other.Epoch, 0, null, Life, default));
        Assert.Equal(["address-b"], await lapsed.Seal(default)); // also who only hears of it
    }

    [Fact]
    public async Task A_silo_that_renews_is_left_alone()
    {
        var other = await storage.Authority.Join(new SiloPlace("b", "address-b"), Life, default);
        await Join();
        await Hold(TimeSpan.FromSeconds(12), other.Epoch);

        Assert.Empty(await lapsed.Seal(default));
        Assert.IsType<LeaseRenewal.Renewed>(await storage.Authority.Renew(other.Epoch, 0, null, Life, default));
    }

    [Fact]
    public async Task After_an_outage_of_the_database_everybody_gets_the_time_that_this_one_had()
    {
        var other = await storage.Authority.Join(new SiloPlace("b", "address-b"), Life, default);
        await Join();
        await Hold(TimeSpan.FromSeconds(12), other.Epoch);
        clock.Advance(TimeSpan.FromSeconds(30));

        await Hold(TimeSpan.FromSeconds(8)); // back, and the other not yet

        Assert.Empty(await lapsed.Seal(default));
        Assert.IsType<LeaseRenewal.Renewed>(await storage.Authority.Renew(other.Epoch, 0, null, Life, default));
    }

    [Fact]
    public async Task After_an_outage_that_only_this_one_outlived_the_others_get_their_time_too()
    {
        var other = await storage.Authority.Join(new SiloPlace("b", "address-b"), Life, default);
        await Join();
        await Hold(TimeSpan.FromSeconds(12), other.Epoch);
        await Hold(TimeSpan.FromSeconds(2)); // it renewed a moment later than the other
        clock.Advance(TimeSpan.FromSeconds(6.5));
        Assert.True(own.IsCurrent);

        await Hold(TimeSpan.FromSeconds(2)); // back in time, while the other's has lapsed

        Assert.Empty(await lapsed.Seal(default));
        Assert.IsType<LeaseRenewal.Renewed>(await storage.Authority.Renew(other.Epoch, 0, null, Life, default));
    }

    private async Task Join()
    {
        var asked = own.Ask();
        own.Begin((await storage.Authority.Join(new SiloPlace("a", "address-a"), Life, default)).Epoch, asked);
    }

    private async Task Hold(TimeSpan time, params long[] others)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(2))
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            foreach (var epoch in others.Prepend(own.Epoch))
            {
                var asked = own.Ask();
                Assert.IsType<LeaseRenewal.Renewed>(await storage.Authority.Renew(epoch, 0, null, Life, default));
                if (epoch == own.Epoch)
                    own.Extend(asked);
            }
        }
    }
}
