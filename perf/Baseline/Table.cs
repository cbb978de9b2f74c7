using System.Globalization;

namespace Assay.Baseline;

/// <summary>The medians over all rounds, for people.</summary>
internal static class Table
{
    public static void Write(TextWriter to, IReadOnlyCollection<Result> results)
    {
        to.WriteLine();
        to.WriteLine("target                         c   tokens/s  (min - max)         p50 ms   p99 ms   CPU us/token   database   B/token   of limit   driver   errors");
        foreach (var group in results.GroupBy(result => (result.Connections, result.Target)))
        {
            var phases = group.Select(result => result.Phase).ToArray();
            var limits = results.Where(result => result.Connections == group.Key.Connections && result.Target == group.First().Limit).Select(result => result.Phase.Rate);
            var rate = Median(phases.Select(phase => phase.Rate));
            to.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{group.Key.Target,-28} {group.Key.Connections,3} {rate,10:N0}  {$"({phases.Min(phase => phase.Rate):N0} - {phases.Max(phase => phase.Rate):N0})",-18} {Median(phases.Select(phase => phase.P50)),7:F2} {Median(phases.Select(phase => phase.P99)),8:F2} {Median(phases.Select(phase => phase.Cpu)),14:F1} {Median(phases.Select(phase => phase.Database)),10:F1} {(phases.All(phase => phase.Allocated is not null) ? Median(phases.Select(phase => (double)phase.Allocated!)).ToString("N0", CultureInfo.InvariantCulture) : "-"),9} {(limits.Any() ? (rate / Median(limits)).ToString("P0", CultureInfo.InvariantCulture) : "-"),10} {Median(phases.Select(phase => phase.Driver)),8:P0} {phases.Sum(phase => phase.Errors),8}"));
        }

        foreach (var error in results.Select(result => (result.Target, result.Phase.FirstError)).Where(pair => pair.FirstError is not null).DistinctBy(pair => pair.Target))
            to.WriteLine($"first error of {error.Target}: {error.FirstError}");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
