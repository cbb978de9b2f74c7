using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Assay.Grains.Authority;

/// <summary>
/// The lease over the life of the process: taken before anything is served, followed in the background, given back when everything has stopped. A
/// silo whose lease is over for good ends; started again it takes a new one.
/// </summary>
internal sealed class FeedFollowerService(
    FeedFollower follower,
    SiloLease lease,
    DecisionGate gate,
    IAuthorityStore store,
    IHostApplicationLifetime host,
    ISiloEnd end,
    IOptions<AuthorityOptions> options,
    ILogger<FeedFollowerService> log) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private Task following = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await follower.Join(cancellationToken);
        following = Task.Run(Follow, CancellationToken.None);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await following;
        if (lease.Epoch == 0)
            return;

        lease.End();
        try
        {
            await gate.Acknowledge(long.MaxValue, options.Value.DrainTimeout, cancellationToken);
            await store.Leave(lease.Epoch, cancellationToken); // also when the others have condemned it meanwhile: they need not wait until it lapses
        }
        catch (Exception fault)
        {
            Log.NotLeft(log, fault, lease.Epoch); // nothing leaves any more; others wait until it lapses
        }
    }

    public void Dispose() => stopping.Dispose();

    private async Task Follow()
    {
        await follower.Follow(stopping.Token);

        // A silo that stops anyway is declared dead by the others a moment before it has left: no reason to break off.
        if (!stopping.IsCancellationRequested && !host.ApplicationStopping.IsCancellationRequested)
            end.AtOnce("The lease of this silo is over for good: the others take it for dead. Start it again.");
    }
}
