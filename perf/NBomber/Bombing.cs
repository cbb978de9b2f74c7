using System.Globalization;
using Assay.Workloads;
using NBomber.Contracts;
using NBomber.Contracts.Stats;
using NBomber.CSharp;

namespace Assay.Bombing;

/// <summary>One workload as a scenario of NBomber. Uses only what is the same in 4.1.2 and 6.x.</summary>
internal sealed class Bombing(Workload workload, Session session, int? callers)
{
    private const int Steps = 20; // of a load that changes
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly List<string> notHappened = [];
    private readonly CancellationTokenSource over = new();
    private Func<CancellationToken, Task<Outcome>>? send;
    private Task disturbing = Task.CompletedTask;
    private long disturbedAt;
    private long lastFaultAt;
    private string? firstFault;

    public ScenarioProps Scenario() =>
        NBomber.CSharp.Scenario.Create(workload.Name, async context =>
            {
                var outcome = await Ask();
                var (status, bytes) = (outcome.Status.ToString(CultureInfo.InvariantCulture), (int)Math.Min(outcome.Bytes, int.MaxValue));
                return outcome.IsOk
                    ? Response.Ok(statusCode: status, sizeBytes: bytes, message: "")
                    : Response.Fail(statusCode: status, sizeBytes: bytes, message: outcome.Fault!);
            })
            .WithInit(async context => await Begin())
            .WithClean(async context => await End())
            .WithWarmUpDuration(workload.Load.WarmUp)
            .WithLoadSimulations([.. Simulations()]);

    /// <summary>The limits that do not hold, from what NBomber counted and what was seen here.</summary>
    public IEnumerable<string> Broken(NodeStats statistics)
    {
        var seen = statistics.ScenarioStats.First(scenario => scenario.ScenarioName == workload.Name);
        var (ok, failed) = (seen.Ok.Request.Count, seen.Fail.Request.Count);
        TimeSpan? recovery = disturbedAt == 0 ? null : lastFaultAt > disturbedAt ? session.Clock.GetElapsedTime(disturbedAt, lastFaultAt) : TimeSpan.Zero;
        // NBomber keeps a rate by itself and says nothing of requests that it did not make.
        var measured = new Measured(ok + failed, ok + failed == 0 ? 0 : (double)failed / (ok + failed), null, seen.Ok.Latency.Percent99, recovery, firstFault);
        return workload.Limits.Broken(measured).Concat(notHappened).Concat(session.Figures.Where(figure => figure.Value > figure.AtMost).Select(figure => $"{figure.Name} is {figure.Value} {figure.Unit}"));
    }

    public string Summary(NodeStats statistics)
    {
        var seen = statistics.ScenarioStats.First(scenario => scenario.ScenarioName == workload.Name);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{workload.Name,-24} {seen.Ok.Request.RPS,10:N0}/s  p50 {seen.Ok.Latency.Percent50:F2}  p75 {seen.Ok.Latency.Percent75:F2}  p95 {seen.Ok.Latency.Percent95:F2}  p99 {seen.Ok.Latency.Percent99:F2} ms  {seen.Fail.Request.Count} failed");
    }

    private async Task<Outcome> Ask()
    {
        Outcome outcome;
        try
        {
            outcome = await send!(over.Token);
        }
        catch (Exception fault) when (fault is InvalidOperationException or HttpRequestException or OperationCanceledException)
        {
            outcome = Outcome.NoAnswer(fault.Message);
        }

        if (!outcome.IsOk)
        {
            Interlocked.CompareExchange(ref firstFault, outcome.Fault, null);
            Volatile.Write(ref lastFaultAt, session.Clock.GetTimestamp());
        }

        return outcome;
    }

    private async Task Begin()
    {
        if (workload.Before is { } before)
            await before(session, over.Token);
        send = workload.Begin(session);
        disturbing = Disturb();
    }

    private async Task End()
    {
        await over.CancelAsync();
        try
        {
            await disturbing;
        }
        catch (OperationCanceledException)
        {
            // the time was over before
        }
    }

    // The measured time begins when warm-up is over, as far as can be told from here.
    private async Task Disturb()
    {
        var began = session.Clock.GetTimestamp();
        foreach (var disturbance in workload.Disturbances)
        {
            var wait = workload.Load.WarmUp + workload.Load.During * disturbance.At - session.Clock.GetElapsedTime(began);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, session.Clock, over.Token);
            try
            {
                disturbedAt = session.Clock.GetTimestamp();
                await disturbance.Happen(session, over.Token);
            }
            catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or HttpRequestException)
            {
                notHappened.Add($"'{disturbance.Name}' did not happen: {fault.Message}");
            }
        }
    }

    private IEnumerable<LoadSimulation> Simulations()
    {
        var load = workload.Load;
        if (callers is { } copies)
            return [Simulation.KeepConstant(copies: copies, during: load.During)];
        return Enumerable.Range(0, Steps + 1).All(step => load.Shape(step / (double)Steps) == 1)
            ? [Simulation.Inject(rate: Whole(load.Rate), interval: Second, during: load.During)]
            : Enumerable.Range(1, Steps).Select(step => Simulation.RampingInject(rate: Whole(load.Rate * load.Shape(step / (double)Steps)), interval: Second, during: load.During / Steps));
    }

    private static int Whole(double rate) => Math.Max(1, (int)Math.Round(rate));
}
