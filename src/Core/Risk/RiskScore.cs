using System.Collections.Immutable;
using Assay.Core.Registry;

namespace Assay.Core.Risk;

/// <summary>
/// Signals and the clock make the score, nothing else: each signal's weight w fades by its half-life, and they combine as
/// 100 · (1 − Π(1 − w/100)), rounded half up. One signal gives its weight; several give more than the largest and never above 100.
/// The same signals and moment give the same score on every machine, in whatever order they come.
/// </summary>
public static class RiskScore
{
    public const int Medium = 25;
    public const int High = 50;
    public const int Critical = 80;

    /// <summary>A signal that has faded below this weighs nothing and is not named any more.</summary>
    private const double Faded = 0.5;

    private const int FractionBits = 24;

    // 2^(-1/2), 2^(-1/4), … by square roots, which IEEE 754 rounds the same way everywhere; Math.Pow is the platform's own.
    private static readonly double[] Roots = MakeRoots();

    /// <summary>
    /// The risk at a moment. A signal from the future counts in full, and so does one whose half-life is not positive: what cannot be right
    /// does not lower the risk. Weights outside 0 to 100 count as the nearest of them.
    /// </summary>
    public static RiskAssessment Assess(ImmutableArray<RiskSignal> signals, DateTimeOffset now)
    {
        if (signals.IsDefaultOrEmpty)
            return RiskAssessment.None;

        var weights = new List<double>(signals.Length);
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var signal in signals)
        {
            if (signal.ExpiresAt <= now || WeightAt(signal, now) is not (>= Faded and var weight))
                continue;

            weights.Add(weight);
            names.Add(signal.Name);
        }

        weights.Sort(); // a product of rounded numbers depends on their order
        var trust = 1.0;
        foreach (var weight in weights)
            trust *= 1 - (weight / 100);

        var score = (int)Math.Round(100 * (1 - trust), MidpointRounding.AwayFromZero);
        return new RiskAssessment(score, LevelOf(score), [.. names]);
    }

    /// <summary><c>low</c> below 25, <c>medium</c> below 50, <c>high</c> below 80, else <c>critical</c>.</summary>
    public static string LevelOf(int score) => score < Medium ? "low" : score < High ? "medium" : score < Critical ? "high" : "critical";

    private static double WeightAt(RiskSignal signal, DateTimeOffset now)
    {
        var weight = (double)Math.Clamp(signal.Weight, 0, 100);
        return signal.HalfLife is { } halfLife && halfLife > TimeSpan.Zero && now > signal.RaisedAt
            ? weight * Halved(now - signal.RaisedAt, halfLife)
            : weight;
    }

    /// <summary>2^(-age/halfLife): whole halvings exactly, the rest of one to 24 binary digits.</summary>
    private static double Halved(TimeSpan age, TimeSpan halfLife)
    {
        var halvings = age.Ticks / halfLife.Ticks;
        if (halvings > 7) // 100 has faded then
            return 0;

        var factor = 1.0 / (1 << (int)halvings);
        var rest = (Int128)(age.Ticks % halfLife.Ticks);
        for (var digit = 0; digit < FractionBits; digit++)
        {
            rest *= 2;
            if (rest < halfLife.Ticks)
                continue;

            rest -= halfLife.Ticks;
            factor *= Roots[digit];
        }

        return factor;
    }

    private static double[] MakeRoots()
    {
        var roots = new double[FractionBits];
        var root = 0.5;
        for (var digit = 0; digit < FractionBits; digit++)
            roots[digit] = root = Math.Sqrt(root);
        return roots;
    }
}
