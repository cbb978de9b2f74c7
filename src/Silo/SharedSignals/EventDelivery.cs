using System.Collections.Immutable;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.SharedSignals;
using Microsoft.Extensions.Options;

namespace Assay.Silo.SharedSignals;

/// <summary>
/// Delivers the pushed streams that live on this silo, wakes those that live nowhere, and tells whoever waits when there may be events. One silo delivers a
/// stream because it lives on one.
/// </summary>
internal sealed class EventDelivery(
    IEventStore store, IGrainFactory grains, LocalStreams residents, StreamPusher pusher, Pulses pulses, SiloIdentity self, IOptions<EventOptions> options, TimeProvider clock, ILogger<EventDelivery> log)
    : BackgroundService, ISnapshotListener
{
    private const int PerPage = 500;

    /// <summary>How often polls of streams that live on other silos look again.</summary>
    private static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, (CancellationTokenSource Stop, Task Work)> pushing = new(StringComparer.Ordinal);

    public ValueTask Changed(SiloSnapshot snapshot, ImmutableArray<FeedEntry> entries, CancellationToken cancellationToken)
    {
        foreach (var entry in entries)
        {
            foreach (var key in entry.Keys)
            {
                if (key.Kind is ObjectKinds.Identity or ObjectKinds.Revocation)
                {
                    pulses.Happened();
                    return ValueTask.CompletedTask;
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        residents.Changed += pulses.StreamsChanged;
        var sweeping = Sweep(stoppingToken);
        var beating = Beat(stoppingToken);
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                var changed = pulses.Streams.Next;
                await Follow(stoppingToken);
                await changed.WaitAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        finally
        {
            residents.Changed -= pulses.StreamsChanged;
            foreach (var (stop, _) in pushing.Values)
                await stop.CancelAsync();
            await Task.WhenAll([sweeping, beating, .. pushing.Values.Select(one => one.Work)]);
        }
    }

    /// <summary>One pusher for each stream that lives here, and none for those that left.</summary>
    private async Task Follow(CancellationToken stoppingToken)
    {
        foreach (var id in pushing.Keys.Where(id => !residents.Contains(id)).ToList())
        {
            pushing.Remove(id, out var gone);
            await gone.Stop.CancelAsync();
            await gone.Work;
            gone.Stop.Dispose();
        }

        foreach (var id in residents.Ids)
        {
            if (pushing.ContainsKey(id))
                continue;
            var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            pushing.Add(id, (stop, Task.Run(() => pusher.Run(id, stop.Token), CancellationToken.None)));
        }
    }

    private async Task Sweep(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                string? after = null;
                ImmutableArray<StoredStream> page;
                do
                {
                    page = await store.Page(self.Realm, after, PerPage, stoppingToken);
                    foreach (var stored in page)
                    {
                        if (Core.SharedSignals.EventStreamJson.Read(stored.Body.Span).Endpoint is not null)
                            await grains.GetGrain<IEventStreamGrain>(GrainKey.For(self.Realm, stored.Id)).Wake();
                        after = stored.Id;
                    }
                }
                while (page.Length == PerPage);
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                Log.NotSwept(log, fault.Message);
            }
            catch (Exception) // whatever it was, it is over
            {
                return;
            }

            await Pause(options.Value.SweepEvery, stoppingToken);
        }
    }

    private async Task Beat(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Pause(BeatEvery, stoppingToken);
            pulses.Polls.Beat();
        }
    }

    private async Task Pause(TimeSpan time, CancellationToken stoppingToken)
    {
        try
        {
            await Task.Delay(time, clock, stoppingToken);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
