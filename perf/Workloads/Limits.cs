namespace Assay.Workloads;

/// <summary>What must hold for a run to be in order. What is null is not looked at.</summary>
public sealed record Limits
{
    /// <summary>Faults by requests. None by default.</summary>
    public double ErrorShare { get; init; }

    /// <summary>Requests completed in time (by a second after the end) by requests due: below, whoever asked or whoever answered did not keep up. Open model only.</summary>
    public double CompletedShare { get; init; } = 0.99;

    /// <summary>Milliseconds, from the moment a request was due.</summary>
    public double? P99 { get; init; }

    /// <summary>How long after the last disturbance a fault may still be seen.</summary>
    public TimeSpan? Recovery { get; init; }

    /// <summary>The limits that do not hold, each as a sentence; empty when all do.</summary>
    public IReadOnlyList<string> Broken(Measured measured)
    {
        ArgumentNullException.ThrowIfNull(measured);
        var broken = new List<string>();
        if (measured.Requests == 0)
            broken.Add("nothing was measured");
        if (measured.ErrorShare > ErrorShare)
            broken.Add(FormattableString.Invariant($"{measured.ErrorShare:P3} of the requests failed; at most {ErrorShare:P3} may: {measured.FirstFault}"));
        if (measured.CompletedShare is { } completed && completed < CompletedShare)
            broken.Add(FormattableString.Invariant($"{completed:P1} of the requests that were due were completed; at least {CompletedShare:P1} must"));
        if (P99 is { } p99 && measured.P99 > p99)
            broken.Add(FormattableString.Invariant($"p99 is {measured.P99:F1} ms; at most {p99:F1} ms"));
        if (Recovery is { } recovery && measured.Recovery is { } took && took > recovery)
            broken.Add(FormattableString.Invariant($"faults were seen until {took.TotalSeconds:F0} s after the disturbance; at most {recovery.TotalSeconds:F0} s"));
        return broken;
    }
}

/// <summary>What limits look at, from whichever tool measured it.</summary>
/// <param name="Requests">Those answered, in order or not.</param>
/// <param name="CompletedShare">See <see cref="Limits.CompletedShare"/>; null when the tool cannot tell.</param>
/// <param name="P99">Milliseconds.</param>
/// <param name="Recovery">From the last disturbance to the last fault after it; null when nothing was disturbed, or the tool cannot tell.</param>
public sealed record Measured(long Requests, double ErrorShare, double? CompletedShare, double P99, TimeSpan? Recovery, string? FirstFault);
