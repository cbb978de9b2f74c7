using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Cluster;

/// <summary>One of two silos ends, in order or not: what was spent on it stays spent.</summary>
[Collection(Undisturbed.Collection)]
public sealed class TwoSiloEndTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private GrainCluster cluster = null!;

    public async ValueTask InitializeAsync() => cluster = await GrainCluster.Start(leaseLife: GrainCluster.BriefLease);

    public async ValueTask DisposeAsync() => await cluster.DisposeAsync();

    [Fact]
    public async Task A_silo_that_stops_hands_over_what_was_spent()
    {
        var (home, other) = (cluster.Silos[1], cluster.Silos[0]);
        await cluster.Settle(home);
        Assert.IsType<Decision.Decided>(await cluster.Identity(other).Decide(cluster.Request(1)));

        await cluster.Stop(home).WaitAsync(Soon);

        Assert.Same(other, cluster.Home);
        Assert.Equal((Use.Replayed, Use.Issued), (await cluster.Present(other, 1), await cluster.Present(other, 2)));
    }

    [Fact]
    public async Task After_a_silo_died_its_identities_come_back_when_it_is_sealed_and_know_what_was_spent()
    {
        var (home, other) = (cluster.Silos[1], cluster.Silos[0]);
        await cluster.Settle(home);
        Assert.Equal(Use.Issued, await cluster.Present(other, 1));
        var epoch = cluster.Service<SiloLease>(home).Epoch;

        await cluster.Kill(home).WaitAsync(Soon);
        var again = await cluster.Present(other, 1).WaitAsync(Soon);

        Assert.Equal(Use.Replayed, again);
        var ended = (await cluster.Store.Silos(default)).Single(silo => silo.Epoch == epoch);
        Assert.True(ended is { Condemned: true, Seal: not null });
        Assert.Equal(Use.Issued, await cluster.Present(other, 2));
    }
}
