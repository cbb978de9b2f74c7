using System.Globalization;
using System.Text.Json;

namespace Assay.Benchmarks;

/// <summary>Results of BenchmarkDotNet beside those that are checked in. Times are compared as multiples of one signature in the same run, since machines differ; bytes as they are.</summary>
internal static class Comparison
{
    private const string Yardstick = "PathBenchmarks.Signature";
    private const double SlowerBy = 1.3;
    private const long BytesMore = 32;

    /// <summary>Prints the table; 1 when a benchmark became slower or allocates more.</summary>
    public static int Compare(string results, string baseline)
    {
        var (now, before) = (Read(results), Load(baseline));
        var worse = 0;
        Console.WriteLine("benchmark                                   ns      signatures (before)      bytes (before)");
        foreach (var (name, measured) in now)
        {
            var had = before.GetValueOrDefault(name);
            var ratio = measured.Nanoseconds / now[Yardstick].Nanoseconds;
            var ratioBefore = had is null ? double.NaN : had.Nanoseconds / before[Yardstick].Nanoseconds;
            var isWorse = had is not null && (ratio > ratioBefore * SlowerBy || measured.Bytes > had.Bytes + BytesMore);
            worse += isWorse ? 1 : 0;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{name,-36} {measured.Nanoseconds,10:N1} {ratio,10:F3} {$"({ratioBefore:F3})",10} {measured.Bytes,12:N0} {$"({had?.Bytes:N0})",10}{(isWorse ? "  WORSE" : had is null ? "  new" : "")}"));
        }

        foreach (var name in before.Keys.Except(now.Keys))
            Console.WriteLine($"{name,-36} was not measured");
        return worse > 0 ? 1 : 0;
    }

    /// <summary>Makes the results the ones that are checked in.</summary>
    public static int Accept(string results, string baseline)
    {
        File.WriteAllText(baseline, JsonSerializer.Serialize(Read(results), new JsonSerializerOptions { WriteIndented = true }) + "\n");
        return 0;
    }

    private static SortedDictionary<string, Measured> Load(string file) =>
        JsonSerializer.Deserialize<SortedDictionary<string, Measured>>(File.ReadAllBytes(file)) ?? throw new InvalidDataException($"{file} is no baseline");

    private static SortedDictionary<string, Measured> Read(string folder)
    {
        var measured = new SortedDictionary<string, Measured>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder, "*-report-full-compressed.json"))
        {
            using var report = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (var benchmark in report.RootElement.GetProperty("Benchmarks").EnumerateArray())
            {
                if (benchmark.GetProperty("Statistics") is not { ValueKind: JsonValueKind.Object } statistics)
                    throw new InvalidDataException($"{benchmark.GetProperty("FullName")} failed");
                measured[$"{benchmark.GetProperty("Type")}.{benchmark.GetProperty("Method")}"] = new(
                    Math.Round(statistics.GetProperty("Median").GetDouble(), 1), benchmark.GetProperty("Memory").GetProperty("BytesAllocatedPerOperation").GetInt64());
            }
        }

        return measured.ContainsKey(Yardstick) ? measured : throw new InvalidDataException($"{folder} has no result of {Yardstick}, which the others are measured by");
    }

    private sealed record Measured(double Nanoseconds, long Bytes);
}
