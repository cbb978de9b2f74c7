using Assay.Local;
using Assay.Local.Reports;
using Assay.Workloads;

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    interrupted.Cancel();
};

try
{
    switch (args)
    {
        case ["list"]:
            foreach (var workload in Catalogue.All)
                Console.WriteLine($"{workload.Name,-24} {workload.Summary}");
            return 0;
        case ["prepare", .. var options]:
            return await Prepare(new Settings(options, "silos", "issuer", "admin", "admin-key", "identities", "secrets", "out"));
        case ["run", var names, .. var options]:
            return await Run(names, new Settings(
                options, "population", "silos", "rate", "seconds", "warmup", "callers", "connections", "in-flight", "http2", "batch", "victim", "start", "p99", "out"));
        case ["bodies", var kind, .. var options]:
            return Bodies.Run(kind, new Settings(options, "population", "count", "identities", "life", "scope", "batch", "out", "key", "kid", "audience", "prefix"));
        default:
            Console.Error.WriteLine(Settings.Usage);
            return 2;
    }
}
catch (Exception fault) when (fault is UsageException or InvalidOperationException or ArgumentException or IOException or HttpRequestException or UnauthorizedAccessException)
{
    Console.Error.WriteLine("load: " + fault.Message);
    return 2;
}
catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
{
    Console.Error.WriteLine("load: interrupted");
    return 2;
}

async Task<int> Prepare(Settings settings)
{
    var identities = settings.Whole("identities", 10_000, 1, 1_000_000);
    var bar = new ProgressBar(Console.Error, !Console.IsErrorRedirected);
    var population = await Preparation.Run(
        settings.Silos(),
        settings.Text("issuer", settings.Text("silos").Split(',')[0].TrimEnd('/')),
        settings.Text("admin", "assay-bootstrap"),
        settings.Text("admin-key"),
        identities,
        settings.Whole("secrets", Math.Min(100, identities), 0, identities),
        (what, done, all) => bar.Show(what, (double)done / all),
        interrupted.Token);
    bar.Done("prepared");
    population.Write(settings.Text("out"));
    return 0;
}

async Task<int> Run(string names, Settings settings)
{
    var population = Population.Read(settings.Text("population"));
    var chosen = names == "all"
        ? [.. Catalogue.All.Where(workload => workload.Identities <= population.Count && workload.Name is not ("silo-loss" or "cold-start"))]
        : names.Split(',').Select(Catalogue.Find).ToArray();
    var machine = Machine.Here();
    var at = TimeProvider.System.GetUtcNow();
    var bar = new ProgressBar(Console.Error, !Console.IsErrorRedirected);
    var results = new List<TrialResult>();
    foreach (var workload in chosen)
    {
        using var session = new Session(settings.Silos(), population, settings.Whole("connections", 256, 1, 65_536), settings.Text("http2", "false") == "true")
        {
            BatchSize = settings.Whole("batch", 64, 1, 256),
            Victim = settings.Has("victim") ? settings.Whole("victim", 0, 2, int.MaxValue) : null,
            StartCommand = settings.Has("start") ? settings.Text("start").Split(' ', StringSplitOptions.RemoveEmptyEntries) : [],
        };
        var load = workload.Load;
        var adjusted = workload with
        {
            Load = load with
            {
                Rate = settings.Number("rate") ?? load.Rate,
                During = TimeSpan.FromSeconds(settings.Whole("seconds", (int)load.During.TotalSeconds, 1, 86_400)),
                WarmUp = TimeSpan.FromSeconds(settings.Whole("warmup", (int)load.WarmUp.TotalSeconds, 0, 3600)),
            },
            Limits = workload.Limits with { P99 = settings.Number("p99") ?? workload.Limits.P99 },
        };
        results.Add(await Trial.Run(
            adjusted, session, settings.Has("callers") ? settings.Whole("callers", 64, 1, 65_536) : null, settings.Whole("in-flight", 4096, 1, 1_000_000), bar, interrupted.Token));
    }

    TextReport.Write(Console.Out, machine, results);
    if (settings.Has("out"))
    {
        var folder = settings.Text("out");
        Directory.CreateDirectory(folder);
        JsonReport.Write(Path.Combine(folder, "load.json"), machine, at, settings.Given, results);
        HtmlReport.Write(Path.Combine(folder, "load.html"), machine, at, results);
        using var text = new StreamWriter(Path.Combine(folder, "load.txt"));
        TextReport.Write(text, machine, results);
        Console.WriteLine($"written: {folder}/load.html, load.json, load.txt");
    }

    return results.Exists(result => result.Broken.Count > 0) ? 1 : 0;
}
