using Assay.Local;
using Assay.Local.Reports;
using Assay.Silo.Tests.Running;
using Assay.Workloads;

namespace Assay.Silo.Tests.Load;

/// <summary>The workloads of perf/ and their runner, for a few seconds against a real silo: that they ask what they say, not how fast it is.</summary>
public sealed class WorkloadsTests(SiloFixture fixture) : IClassFixture<SiloFixture>, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("assay-load-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Every_workload_for_one_silo_gets_the_answers_that_are_due()
    {
        Uri[] silos = [new(fixture.Silo.Url + "/")];
        var prepared = await Preparation.Run(
            silos, fixture.Silo.Url, "assay-bootstrap", Path.Combine(fixture.Silo.Data, "bootstrap.jwk"), identities: 100, secrets: 3, static (_, _, _) => { }, TestContext.Current.CancellationToken);
        var file = Path.Combine(folder, "population.json");
        prepared.Write(file);
        var population = Population.Read(file);

        var results = new List<TrialResult>();
        foreach (var name in new[] { "cheap-auth", "private-key-jwt", "hot-identity", "partial-grants", "denials", "batch", "introspection", "rotation", "mixed-day" })
            results.Add(await Run(Catalogue.Find(name), silos, population));
        JsonReport.Write(Path.Combine(folder, "load.json"), Machine.Here(), DateTimeOffset.UnixEpoch, new Dictionary<string, string>(), results);
        HtmlReport.Write(Path.Combine(folder, "load.html"), Machine.Here(), DateTimeOffset.UnixEpoch, results);

        Assert.True(results.TrueForAll(result => result.Broken.Count == 0), string.Join("\n", results.SelectMany(result => result.Broken.Select(limit => $"{result.Workload.Name}: {limit}"))));
        Assert.Equal(["rotate", "rotate again"], results.Single(result => result.Workload.Name == "rotation").Disturbances.Select(one => one.Name));
        Assert.Equal(0, results.Single(result => result.Workload.Name == "denials").Recording.Tokens);
        Assert.Contains("\"faulty\": 0", await File.ReadAllTextAsync(Path.Combine(folder, "load.json"), TestContext.Current.CancellationToken));
        Assert.Contains("<polyline", await File.ReadAllTextAsync(Path.Combine(folder, "load.html"), TestContext.Current.CancellationToken));
    }

    // Whoever asked may have been kept from the processor; what was answered has to be right.
    private static async Task<TrialResult> Run(Workload workload, Uri[] silos, Population population)
    {
        using var session = new Session(silos, population) { BatchSize = 3 };
        var brief = workload with
        {
            Load = workload.Load with { Rate = 60, During = TimeSpan.FromSeconds(0.5), WarmUp = TimeSpan.Zero }, Limits = workload.Limits with { CompletedShare = 0 },
        };
        return await Trial.Run(brief, session, null, 256, new ProgressBar(TextWriter.Null, isTerminal: true), TestContext.Current.CancellationToken);
    }
}
