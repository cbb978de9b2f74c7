namespace Assay.Workloads;

/// <summary>When requests are made: so many a second whatever becomes of them (an open model), as callers do who do not know of each other.</summary>
/// <param name="Rate">Requests a second, when the shape is 1.</param>
/// <param name="During">How long it is measured.</param>
/// <param name="WarmUp">How long the same is asked before, unmeasured.</param>
public sealed record Load(double Rate, TimeSpan During, TimeSpan WarmUp)
{
    /// <summary>The share of <see cref="Rate"/> at each point of the time (0 to 1).</summary>
    public Func<double, double> Shape { get; init; } = static _ => 1;

    /// <summary>A day in the time there is: quiet at both ends, busiest in the middle.</summary>
    public static double Day(double progress) => 0.2 + 0.8 * Math.Pow(Math.Sin(Math.PI * Math.Clamp(progress, 0, 1)), 2);

    public double RateAt(TimeSpan elapsed) => Rate * Shape(elapsed / During);
}
