namespace Assay.Silo.Hosting;

/// <summary>
/// The first part of an orderly stop: <c>/health/ready</c> says 503 from the moment the process is told to stop, and everything is served for a while
/// longer. Then the rest stops in the order opposite to its start: HTTP, the grains with what they hand over, the evidence, the lease.
/// </summary>
internal sealed class Drain(ClusterSettings settings, TimeProvider clock) : IHostedLifecycleService
{
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(settings.DrainDelay, clock, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // no patience left: on with the rest
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
