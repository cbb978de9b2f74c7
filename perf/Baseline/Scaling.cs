using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;

namespace Assay.Baseline;

/// <summary>
/// What the hop to another silo and the database cost: the same work for one silo with SQLite and for one, two and three over PostgreSQL, each
/// on all cores of the machine, which they share with the database and with whoever asks.
/// </summary>
internal static class Scaling
{
    private static readonly string[] Databases = ["one", "two", "three", "four", "five", "six", "seven", "eight"];

    public static async Task<int> Run(Settings settings)
    {
        settings.BeginAnew();
        var (bundle, kek) = (Path.Combine(settings.Work, "bundle"), Path.Combine(settings.Work, "kek"));
        Population.WriteBundle(settings.Bundle, bundle);
        await File.WriteAllTextAsync(kek, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));

        var results = new List<Result>();
        foreach (var silos in settings.Silos.Prepend(0))
        {
            await using var cluster = await Cluster.Start(settings, silos, bundle, kek);
            results.AddRange(await Measurement.Measure(settings, await cluster.Targets()));
        }

        Table.Write(Console.Out, results);
        return results.Exists(result => result.Phase.Errors > 0) ? 1 : 0;
    }

    /// <summary>Silos over one empty database; the one silo without, when <paramref name="folder"/>'s name says so.</summary>
    private sealed class Cluster(string name, string folder, Cpu cpu) : IAsyncDisposable
    {
        private readonly List<ServerProcess> silos = [];

        public static async Task<Cluster> Start(Settings settings, int count, string bundle, string kek)
        {
            var name = count == 0 ? "SQLite" : string.Create(CultureInfo.InvariantCulture, $"{count} over PostgreSQL");
            var cluster = new Cluster(name, Path.Combine(settings.Work, string.Create(CultureInfo.InvariantCulture, $"silos-{count}")), new Cpu(count == 0 ? null : settings.Postmaster));
            (string, string)[] environment =
            [
                ("ASSAY_KEK_FILE", kek), ("DOTNET_ENVIRONMENT", "Production"), ("Logging__LogLevel__Default", "Warning"),
                .. count == 0 ? [] : new[] { ("ASSAY_POSTGRES", $"{settings.Postgres};Database={Databases[count - 1]}") },
            ];
            for (var i = 0; i < Math.Max(1, count); i++)
                cluster.silos.Add(await ServerProcess.Start(Path.Combine(settings.Silo, "Assay.Silo"), url => cluster.Arguments(i, url, count > 0, bundle), null, environment));
            return cluster;
        }

        public async Task<Target[]> Targets()
        {
            var data = Path.Combine(folder, "0");
            var (keys, forms) = (Population.ReadKeys(data), await Population.MakeSecretForms(silos[0].Url, data, Measurement.Scope));
            var servers = silos.ToArray();
            return
            [
                new(name + ", secret", "SQLite, secret", servers, "/oauth/token", _ => forms, Once: false) { Database = cpu },
                new(name + ", assertion", "SQLite, assertion", servers, "/oauth/token", number => Measurement.Assertions(keys, silos[0].Url, number), Once: true) { Database = cpu },
            ];
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var silo in silos)
                await silo.DisposeAsync();
        }

        private string[] Arguments(int number, string url, bool isCluster, string bundle)
        {
            string[] alone = ["--data", Path.Combine(folder, number.ToString(CultureInfo.InvariantCulture)), "--url", url, "--bundle", bundle];
            return isCluster
                ? [.. alone, "--issuer", number == 0 ? url : silos[0].Url, $"--Assay:Authority:Slot=silo{number}", $"--Assay:Cluster:SiloPort={ServerProcess.FreePort()}"]
                : alone;
        }
    }
}

/// <summary>Processor time of the database: its first process, those it reaped, and those that live.</summary>
/// <param name="postmaster">The first process; null when there is no database process.</param>
internal sealed class Cpu(int? postmaster)
{
    public TimeSpan Used => postmaster is { } first ? ServerProcess.CpuOf(first, withReaped: true) + Children(first) : TimeSpan.Zero;

    private static TimeSpan Children(int first)
    {
        var total = TimeSpan.Zero;
        foreach (var child in File.ReadAllText($"/proc/{first}/task/{first}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                total += ServerProcess.CpuOf(int.Parse(child, CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // it ended meanwhile
            }
        }

        return total;
    }
}
