using System.Globalization;
using Assay.Workloads;

namespace Assay.Bombing;

/// <summary>What is run, where, and what differs from what the workloads say themselves.</summary>
internal sealed record Options(
    IReadOnlyList<Workload> Workloads, Population Population, Uri[] Silos, double? Rate, TimeSpan? During, TimeSpan? WarmUp, int? Callers, int Connections, bool Http2, int BatchSize, int? Victim, string[] Start, string Reports)
{
    public const string Usage = """
        usage: dotnet run -c Release --project perf/NBomber -- <workload,…> --population population.json --silos <url,…>
                 [--rate 500] [--seconds 30] [--warmup 10] [--callers 64] [--connections 256] [--http2 true] [--batch 64] [--victim <pid>] [--start '<command>'] [--reports <folder>]
                 [-- <arguments of NBomber>]
          --callers: so many that ask again when they are answered, instead of a rate. Exit code 0 when all limits hold, 1 when not, 2 when it could not be run
        """;

    public static Options Read(ReadOnlySpan<string> arguments)
    {
        if (arguments.IsEmpty)
            throw new ArgumentException("which workload?", nameof(arguments));
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 1; i < arguments.Length; i += 2)
        {
            if (arguments[i] is not ("--population" or "--silos" or "--rate" or "--seconds" or "--warmup" or "--callers" or "--connections" or "--http2" or "--batch" or "--victim" or "--start" or "--reports"))
                throw new ArgumentException($"'{arguments[i]}' is not an option", nameof(arguments));
            given[arguments[i]] = i + 1 < arguments.Length ? arguments[i + 1] : throw new ArgumentException($"{arguments[i]} needs a value", nameof(arguments));
        }

        return new Options(
            [.. arguments[0].Split(',').Select(Catalogue.Find)],
            Assay.Workloads.Population.Read(Needed("--population")),
            [.. Needed("--silos").Split(',').Select(url => new Uri(url.TrimEnd('/') + "/"))],
            Number("--rate"),
            Number("--seconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Number("--warmup") is { } warmUp ? TimeSpan.FromSeconds(warmUp) : null,
            (int?)Number("--callers"),
            (int?)Number("--connections") ?? 256,
            given.GetValueOrDefault("--http2") == "true",
            (int?)Number("--batch") ?? 64,
            (int?)Number("--victim"),
            given.GetValueOrDefault("--start", "").Split(' ', StringSplitOptions.RemoveEmptyEntries),
            given.GetValueOrDefault("--reports", "artifacts/nbomber"));

        string Needed(string name) => given.GetValueOrDefault(name) ?? throw new ArgumentException($"{name} is missing", nameof(arguments));
        double? Number(string name) =>
            !given.TryGetValue(name, out var text) ? null
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= 0 ? number
            : throw new ArgumentException($"{name}: '{text}' is no number", nameof(arguments));
    }

    /// <summary>A workload as it is to be run here.</summary>
    public Workload Adjusted(Workload workload) => workload with
    {
        Load = workload.Load with { Rate = Rate ?? workload.Load.Rate, During = During ?? workload.Load.During, WarmUp = WarmUp ?? workload.Load.WarmUp },
    };

    public Session NewSession() => new(Silos, Population, Connections, Http2) { BatchSize = BatchSize, Victim = Victim, StartCommand = Start };
}
