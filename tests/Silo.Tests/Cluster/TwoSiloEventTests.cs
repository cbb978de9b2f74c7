using Assay.Core.SharedSignals;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Grains.SharedSignals;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tests.SharedSignals;
using Orleans.TestingHost;

namespace Assay.Silo.Tests.Cluster;

/// <summary>A stream is delivered by one silo, and by another one when that is gone.</summary>
[Collection(Undisturbed.Collection)]
public sealed class TwoSiloEventTests : IAsyncLifetime
{
    private string id = "";
    private GrainCluster cluster = null!;

    public async ValueTask InitializeAsync()
    {
        cluster = await GrainCluster.Start(withEvents: true, GrainCluster.BriefLease);
        id = StreamIds.New(cluster.Worker);
    }

    public async ValueTask DisposeAsync() => await cluster.DisposeAsync();

    [Fact]
    public async Task Each_event_is_pushed_once_by_the_silo_the_stream_lives_on_and_the_rest_by_the_other_when_that_was_killed()
    {
        await using var endpoint = await PushReceiver.Start();
        var settings = new StreamSettings(null, [EventTypes.RiskLevelChange], endpoint.Url, null);
        Assert.Equal(StreamOutcome.Done, (await Stream(0).Change(new StreamChange.Create(cluster.Worker, settings))).Outcome);
        Assert.Equal(StreamOutcome.Done, (await Stream(1).Change(new StreamChange.AddSubject($"identity:{cluster.Worker}"))).Outcome);

        var first = await Pushed(endpoint, 0, 1, 0, 1);
        var home = Assert.Single(cluster.Silos, silo => cluster.Service<LocalStreams>(silo).Contains(id));
        var survivor = cluster.Silos.Single(silo => silo != home);
        await cluster.Kill(home);
        var second = await Pushed(endpoint, 0, 0);

        Assert.Equal(["HIGH", "LOW", "HIGH", "LOW"], first.Select(set => set.Event.GetProperty("current_level").GetString()));
        Assert.Equal(["HIGH", "LOW"], second.Select(set => set.Event.GetProperty("current_level").GetString()));
        Assert.Equal(6, first.Concat(second).Select(set => set.JwtId).Distinct().Count());
        Assert.Equal([survivor], cluster.Silos.Where(silo => cluster.Service<LocalStreams>(silo).Contains(id)));
    }

    [Fact]
    public async Task Whoever_asks_gets_the_same_events_until_somebody_settles_them()
    {
        await Stream(0).Change(new StreamChange.Create(cluster.Worker, new StreamSettings(null, [], null, null)));
        await Stream(0).Change(new StreamChange.AddSubject($"identity:{cluster.Worker}"));
        await Raise(0, 60);
        await Raise(1, 5);

        var (one, two) = (await Stream(0).Take(10), await Stream(1).Take(1));
        Assert.True(await Stream(1).Settle([one.Events[0].JwtId, "unknown"], [new RefusedEvent(one.Events[1].JwtId, "access_denied", null)]));
        var after = await Stream(0).Take(10);
        var state = EventStreamJson.Read(System.Text.Encoding.UTF8.GetBytes((await Stream(0).Read())!.Json));

        Assert.Equal([EventTypes.RiskLevelChange, EventTypes.RiskLevelChange], one.Events.Select(made => made.Type));
        Assert.Equal((one.Events[0], true), (Assert.Single(two.Events), two.HasMore));
        Assert.Empty(after.Events);
        Assert.Equal((1, 1), (state.Delivered, state.Refused));
    }

    private IEventStreamGrain Stream(int silo) => cluster.Service<IGrainFactory>(cluster.Silos[silo]).GetGrain<IEventStreamGrain>(GrainKey.For(GrainCluster.Realm, id));

    /// <summary>Raises the risk and lowers it, through these silos, and waits for each event: one that came twice would be the next.</summary>
    private async Task<List<Set>> Pushed(PushReceiver endpoint, params int[] through)
    {
        var sets = new List<Set>();
        for (var i = 0; i < through.Length; i++)
        {
            await Raise(through[i], i % 2 == 0 ? 60 : 5);
            sets.Add(Set.Of((await endpoint.Next()).Set));
        }

        return sets;
    }

    private async Task Raise(int silo, int weight)
    {
        ChangeResult result;
        do
        {
            result = await Try(cluster.Silos[silo]); // while its silo is being replaced, an identity is away
        }
        while (result is ChangeResult.Rejected { Fault: ChangeFault.Unavailable });

        Assert.IsType<ChangeResult.Done>(result);

        async Task<ChangeResult> Try(InProcessSiloHandle through)
        {
            try
            {
                return await cluster.Identity(through).Change(new IdentityChange.RaiseSignal("seen", "tests", weight, null, null), "tests");
            }
            catch (Exception fault) when (fault is OrleansException or TimeoutException)
            {
                return new ChangeResult.Rejected(ChangeFault.Unavailable, fault.Message);
            }
        }
    }
}
