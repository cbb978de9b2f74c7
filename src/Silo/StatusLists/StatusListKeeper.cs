using System.Globalization;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.StatusLists;
using Microsoft.Extensions.Options;

namespace Assay.Silo.StatusLists;

/// <summary>Looks for what was revoked as soon as it is, retires lists, and has the other silos find this one's lists here.</summary>
internal sealed class StatusListKeeper(
    StatusListShelf lists, AssayMetrics metrics, SiloLease lease, IGrainFactory grains, SiloIdentity self, IOptions<StatusListOptions> options, TimeProvider clock, ILogger<StatusListKeeper> log)
    : BackgroundService
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);

    private readonly TimeSpan every = options.Value.PublishEvery;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.WatchStatusPlaces(() => lists.Held);
        while (!stoppingToken.IsCancellationRequested)
        {
            var began = clock.GetTimestamp();
            var isHere = await Keep(stoppingToken);
            try
            {
                await lists.Wait(isHere && !lists.HasPending ? Idle : every, stoppingToken);
                if (every - clock.GetElapsedTime(began) is { Ticks: > 0 } rest)
                    await Task.Delay(rest, clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>True when this silo's lists are found here.</summary>
    private async Task<bool> Keep(CancellationToken stoppingToken)
    {
        try
        {
            if (lists.HasPending)
                lists.Sweep();
            lists.Retire();
            return await grains.GetGrain<IStatusListGrain>(GrainKey.For(self.Realm, lease.Epoch.ToString(CultureInfo.InvariantCulture))).Stay();
        }
        catch (Exception fault)
        {
            if (!stoppingToken.IsCancellationRequested)
                Log.NotKept(log, fault.Message);
            return false;
        }
    }
}
