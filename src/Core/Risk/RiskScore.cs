using System.Collections.Immutable;
using Assay.Core.Registry;

namespace Assay.Core.Risk;

/// <summary>
/// Signals and the clock make the score, nothing else: each signal's weight w fades by its half-life, and they combine as
/// 100 · (1 − Π(1 − w/100)), rounded. One signal gives its weight; several give more than the largest and never above 100.
/// </summary>
public static class RiskScore
{
    public const int Medium = 25;
    public const int High = 50;
    public const int Critical = 80;

    public static RiskAssessment Assess(ImmutableArray<RiskSignal> signals, DateTimeOffset now)
    {
        if (signals.IsEmpty)
            return RiskAssessment.None;

        var trust = 1.0;
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var signal in signals)
        {
            if (signal.ExpiresAt <= now)
                continue;
            var weight = WeightAt(signal, now);
            if (weight < 0.5)
                continue;
            trust *= 1 - weight / 100;
            names.Add(signal.Name);
        }

        var score = (int)Math.Round(100 * (1 - trust), MidpointRounding.AwayFromZero);
        return new RiskAssessment(score, LevelOf(score), [.. names]);
    }

    public static string LevelOf(int score) => score < Medium ? "low" : score < High ? "medium" : score < Critical ? "high" : "critical";

    private static double WeightAt(RiskSignal signal, DateTimeOffset now)
    {
        if (signal.HalfLife is not { } halfLife || now <= signal.RaisedAt)
            return signal.Weight;
        return signal.Weight * Math.Pow(0.5, (now - signal.RaisedAt) / halfLife);
    }
}
