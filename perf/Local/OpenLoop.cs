using Assay.Workloads;

namespace Assay.Local;

/// <summary>
/// Makes requests when they are due, by Poisson arrivals, whether or not earlier ones were answered. A latency counts from the moment its request was due: when
/// server or driver stall, the requests that could not be made meanwhile show it too (no coordinated omission).
/// </summary>
internal sealed class OpenLoop(Func<CancellationToken, Task<Outcome>> send, Load load, int inFlight, TimeProvider clock, int seed = 1)
{
    private readonly SemaphoreSlim places = new(inFlight);
    private readonly Random arrivals = new(seed);
    private long started;

    /// <summary>How far it is, 0 to 1.</summary>
    public double Progress => started == 0 ? 0 : Math.Min(1, clock.GetElapsedTime(started) / load.During);

    /// <summary>Completes when the time is over and all that was asked is answered.</summary>
    public async Task<Recording> Run(CancellationToken cancellationToken)
    {
        var recording = new Recording(load.During);
        started = clock.GetTimestamp();
        await Task.Factory.StartNew(() => Dispatch(recording, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        for (var i = 0; i < inFlight; i++)
            await places.WaitAsync(CancellationToken.None); // all have come back
        cancellationToken.ThrowIfCancellationRequested();
        return recording;
    }

    private void Dispatch(Recording recording, CancellationToken cancellationToken)
    {
        var at = TimeSpan.Zero;
        while (!cancellationToken.IsCancellationRequested)
        {
            at += TimeSpan.FromSeconds(-Math.Log(1 - arrivals.NextDouble()) / Math.Max(load.RateAt(at), 1e-6));
            if (at >= load.During)
                return;
            recording.IsDue();
            Precise.WaitUntil(started + (long)(at.TotalSeconds * clock.TimestampFrequency), clock);
            places.Wait(CancellationToken.None); // late then, and counted from when it was due
            ThreadPool.UnsafeQueueUserWorkItem(static request => _ = request.Loop.Send(request.At, request.Recording, request.Cancelled), (Loop: this, At: at, Recording: recording, Cancelled: cancellationToken), preferLocal: false);
        }
    }

    private async Task Send(TimeSpan at, Recording recording, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = await Guarded.Send(send, cancellationToken);
            recording.Record(at, clock.GetElapsedTime(started) - at, outcome);
        }
        finally
        {
            places.Release();
        }
    }
}

/// <summary>So many callers, each of whom asks again when it is answered: the load follows the server. For its greatest rate; its latencies say little.</summary>
internal sealed class ClosedLoop(Func<CancellationToken, Task<Outcome>> send, TimeSpan during, int callers, TimeProvider clock)
{
    private long started;

    public double Progress => started == 0 ? 0 : Math.Min(1, clock.GetElapsedTime(started) / during);

    public async Task<Recording> Run(CancellationToken cancellationToken)
    {
        var recording = new Recording(during);
        started = clock.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(Ask, CancellationToken.None)));
        cancellationToken.ThrowIfCancellationRequested();
        return recording;

        async Task Ask()
        {
            for (TimeSpan at; (at = clock.GetElapsedTime(started)) < during && !cancellationToken.IsCancellationRequested;)
            {
                recording.IsDue();
                var outcome = await Guarded.Send(send, cancellationToken);
                recording.Record(at, clock.GetElapsedTime(started) - at, outcome);
            }
        }
    }
}

/// <summary>A request that could not even be made is a fault like others, and no end of the run.</summary>
internal static class Guarded
{
    public static async Task<Outcome> Send(Func<CancellationToken, Task<Outcome>> send, CancellationToken cancellationToken)
    {
        try
        {
            return await send(cancellationToken);
        }
        catch (Exception fault) when (fault is InvalidOperationException or HttpRequestException or OperationCanceledException)
        {
            return Outcome.NoAnswer(fault.Message);
        }
    }
}
