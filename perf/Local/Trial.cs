using Assay.Workloads;

namespace Assay.Local;

/// <summary>Runs one workload: what comes before, warm-up, the load with what disturbs it.</summary>
internal static class Trial
{
    /// <param name="callers">So many in a closed loop instead of the workload's rate; null for its rate.</param>
    /// <param name="inFlight">At most so many requests at once, in an open loop.</param>
    /// <param name="progress">Told now and then how far it is (0 to 1) and what is seen.</param>
    public static async Task<TrialResult> Run(Workload workload, Session session, int? callers, int inFlight, IProgressLine progress, CancellationToken cancellationToken)
    {
        if (workload.Lacks(session) is { } lacking)
            throw new InvalidOperationException(lacking);
        if (workload.Before is { } before)
            await before(session, cancellationToken);
        var send = workload.Begin(session);
        var load = workload.Load;
        if (load.WarmUp > TimeSpan.Zero)
            await Watched("warm-up", load with { During = load.WarmUp }, null);

        var happened = new List<Happened>();
        var recording = await Watched(workload.Name, load, happened);
        var last = happened.Count == 0 ? (TimeSpan?)null : happened[^1].At;
        TimeSpan? recovery = last is { } at ? recording.LastFault is { } fault && fault > at ? fault - at : TimeSpan.Zero : null;
        if (recovery is { } took)
            session.Note(new("last fault after the last disturbance", took.TotalSeconds, "s"));
        var measured = new Measured(
            recording.Answered,
            recording.Answered == 0 ? 0 : (double)recording.Faulty / recording.Answered,
            callers is null && recording.Due > 0 ? (double)recording.Timely / recording.Due : null,
            recording.Milliseconds(99),
            recovery,
            recording.Faults.Select(fault => fault.Fault).FirstOrDefault());
        var broken = workload.Limits.Broken(measured).Concat(happened.Where(one => one.Fault is not null).Select(one => $"'{one.Name}' did not happen: {one.Fault}"))
            .Concat(session.Figures.Where(figure => figure.Value > figure.AtMost).Select(figure => FormattableString.Invariant($"{figure.Name} is {figure.Value:F2} {figure.Unit}; at most {figure.AtMost:F2}")));
        return new TrialResult(workload, callers, recording, happened, [.. session.Figures], [.. broken]);

        async Task<Recording> Watched(string phase, Load phaseLoad, List<Happened>? disturbed)
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var open = callers is null ? new OpenLoop(send, phaseLoad, inFlight, session.Clock) : null;
            var closed = callers is { } many ? new ClosedLoop(send, phaseLoad.During, many, session.Clock) : null;
            var running = open?.Run(cancellationToken) ?? closed!.Run(cancellationToken);
            var disturbances = disturbed is null ? Task.CompletedTask : Disturb(phaseLoad.During, disturbed, ended.Token);
            while (await Task.WhenAny(running, Task.Delay(TimeSpan.FromMilliseconds(250), session.Clock, CancellationToken.None)) != running)
                progress.Show(phase, open?.Progress ?? closed!.Progress);
            var result = await running;
            await disturbances;
            progress.Done(phase);
            return result;
        }

        async Task Disturb(TimeSpan during, List<Happened> disturbed, CancellationToken ended)
        {
            var began = session.Clock.GetTimestamp();
            foreach (var disturbance in workload.Disturbances)
            {
                var wait = during * disturbance.At - session.Clock.GetElapsedTime(began);
                if (wait > TimeSpan.Zero)
                    await Task.Delay(wait, session.Clock, ended);
                var at = session.Clock.GetElapsedTime(began);
                try
                {
                    await disturbance.Happen(session, ended);
                    disturbed.Add(new(disturbance.Name, at, null));
                }
                catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or HttpRequestException)
                {
                    disturbed.Add(new(disturbance.Name, at, fault.Message));
                }
            }
        }
    }
}

/// <param name="Fault">Why it did not happen; null when it did.</param>
internal sealed record Happened(string Name, TimeSpan At, string? Fault);

/// <param name="Broken">The limits that do not hold.</param>
internal sealed record TrialResult(
    Workload Workload, int? Callers, Recording Recording, IReadOnlyList<Happened> Disturbances, IReadOnlyList<Figure> Figures, IReadOnlyList<string> Broken);

/// <summary>Where it is said how far a run is.</summary>
internal interface IProgressLine
{
    void Show(string what, double share);

    void Done(string what);
}

/// <summary>A bar that is drawn over itself; nothing where nobody looks.</summary>
internal sealed class ProgressBar(TextWriter to, bool isTerminal) : IProgressLine
{
    private const int Width = 40;

    public void Show(string what, double share)
    {
        if (isTerminal)
            to.Write($"\r{what,-26} [{new string('#', (int)(share * Width)),-Width}] {share,4:P0}");
    }

    public void Done(string what)
    {
        if (isTerminal)
            to.WriteLine($"\r{what,-26} [{new string('#', Width)}] done");
    }
}
