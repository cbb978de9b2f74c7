using System.Globalization;

namespace Assay.Local.Reports;

/// <summary>For whoever sits in front of it.</summary>
internal static class TextReport
{
    public static void Write(TextWriter to, Machine machine, IReadOnlyList<TrialResult> results)
    {
        to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{machine.Processor}, {machine.Cores} cores, {machine.MemoryMiB:N0} MiB, {machine.Runtime}, commit {machine.Commit ?? "unknown"}, load before {machine.Load ?? "unknown"}"));
        to.WriteLine();
        to.WriteLine("workload                   asked/s   answered/s   tokens/s    p50 ms    p95 ms    p99 ms  p99.9 ms    max ms   faults");
        foreach (var result in results)
        {
            var (seen, seconds) = (result.Recording, result.Recording.During.TotalSeconds);
            to.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{result.Workload.Name,-24} {(result.Callers is { } callers ? $"c={callers}" : $"{seen.Due / seconds:N0}"),9} {seen.Timely / seconds,12:N0} {seen.Tokens / seconds,10:N0} {seen.Milliseconds(50),9:F2} {seen.Milliseconds(95),9:F2} {seen.Milliseconds(99),9:F2} {seen.Milliseconds(99.9),9:F2} {seen.Milliseconds(100),9:F2} {seen.Faulty,8}"));
        }

        foreach (var result in results)
        {
            foreach (var happened in result.Disturbances)
                to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Workload.Name}: {happened.Name} at {happened.At.TotalSeconds:F1} s"));
            foreach (var figure in result.Figures)
                to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Workload.Name}: {figure.Name} {figure.Value:F2} {figure.Unit}"));
            foreach (var (fault, count) in result.Recording.Faults.Take(5))
                to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Workload.Name}: {count} times: {fault}"));
            foreach (var broken in result.Broken)
                to.WriteLine($"LIMIT {result.Workload.Name}: {broken}");
        }
    }
}
