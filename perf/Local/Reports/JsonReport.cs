using System.Text.Json;
using System.Text.Json.Serialization;

namespace Assay.Local.Reports;

/// <summary>For programs, and for whoever compares runs.</summary>
internal static class JsonReport
{
    private static readonly double[] Percentiles = [50, 75, 90, 95, 99, 99.9, 99.99, 100];

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <param name="settings">As they were given.</param>
    public static void Write(string file, Machine machine, DateTimeOffset at, IReadOnlyDictionary<string, string> settings, IReadOnlyList<TrialResult> results) =>
        File.WriteAllText(file, JsonSerializer.Serialize(new { At = at, Machine = machine, Settings = settings, Workloads = results.Select(Shape) }, Options));

    private static object Shape(TrialResult result)
    {
        var seen = result.Recording;
        return new
        {
            result.Workload.Name,
            result.Workload.Summary,
            result.Callers,
            Rate = result.Callers is null ? result.Workload.Load.Rate : (double?)null,
            Seconds = seen.During.TotalSeconds,
            WarmUpSeconds = result.Workload.Load.WarmUp.TotalSeconds,
            seen.Due,
            seen.Answered,
            seen.Timely,
            seen.Faulty,
            seen.Tokens,
            seen.Bytes,
            LatencyMs = Percentiles.ToDictionary(percentile => percentile == 100 ? "max" : FormattableString.Invariant($"p{percentile}"), seen.Milliseconds),
            PartSeconds = seen.PartLength.TotalSeconds,
            Parts = seen.Parts.Select(part => new { part.Answered, part.Faulty, P50 = part.Milliseconds(50), P99 = part.Milliseconds(99), Max = part.Milliseconds(100) }),
            Disturbances = result.Disturbances.Select(one => new { one.Name, AtSeconds = one.At.TotalSeconds, one.Fault }),
            result.Figures,
            Faults = seen.Faults.Take(20).Select(fault => new { fault.Fault, fault.Count }),
            result.Broken,
        };
    }
}
