using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo;
using Assay.Silo.ClientAuthentication;
using Microsoft.Extensions.DependencyInjection;
using EntityUid = Assay.Cedar.EntityUid;

namespace Assay.Benchmarks;

/// <summary>
/// A silo in which very many identities live, and the requests to ask it with: <c>perf/live.sh</c> compares what a token costs when they all come in turn with what it costs when a
/// thousand of them do. All have the same secret, so that a million need not be made.
/// </summary>
internal static class LiveIdentities
{
    private const int Bundle = 10_000;
    private const int Few = 1_000;
    private const string Resource = "https://payments.example";

    /// <summary>Runs until the process is ended. Writes <c>bodies-few</c> and <c>bodies-all</c> into the folder, and a line that begins with <c>ready</c>.</summary>
    public static async Task Run(string folder, int identities, ImmutableArray<string> settings)
    {
        var services = await InProcessSilo.Start(folder, [.. settings]);
        var secret = await Fill(services, folder, identities);
        await ToLife(services, identities);

        await WriteBodies(Path.Combine(folder, "bodies-few"), Enumerable.Range(0, Few), secret);
        var all = Enumerable.Range(0, identities).ToArray();
        new Random(1).Shuffle(all);
        await WriteBodies(Path.Combine(folder, "bodies-all"), all, secret);

        Console.WriteLine($"ready {Environment.ProcessId} {services.GetRequiredService<SiloIdentity>().Issuer}");
        await Task.Delay(Timeout.Infinite);
    }

    /// <returns>The secret of all of them.</returns>
    private static async Task<string> Fill(IServiceProvider services, string folder, int identities)
    {
        var file = Path.Combine(folder, "secret");
        if (File.Exists(file))
            return await File.ReadAllTextAsync(file);

        var (store, started) = (services.GetRequiredService<IAuthorityStore>(), Stopwatch.StartNew());
        var (handle, secret, hash) = services.GetRequiredService<ISecretMaker>().Make();
        for (var first = 0; first < identities; first += Bundle)
        {
            var writes = ImmutableArray.CreateBuilder<ObjectWrite>();
            for (var i = first; i < Math.Min(first + Bundle, identities); i++)
            {
                var identity = Make(i, handle, hash);
                writes.Add(new ObjectWrite(new ObjectKey(GrainKey.DefaultRealm, ObjectKinds.Identity, identity.Id), 0, RegistryJson.Write(identity), []));
            }

            await store.Commit(new Change(writes.DrainToImmutable(), "benchmark", "filled"), CancellationToken.None);
        }

        await File.WriteAllTextAsync(file, secret);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"filled in {started.Elapsed.TotalSeconds:F0} s"));
        return secret;
    }

    /// <summary>Grains, and what the silo keeps of clients.</summary>
    private static async Task ToLife(IServiceProvider services, int identities)
    {
        var (grains, clients, started, next) = (services.GetRequiredService<IGrainFactory>(), services.GetRequiredService<ClientRegistry>(), Stopwatch.StartNew(), -1);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await Task.WhenAll(Enumerable.Range(0, 256).Select(_ => Task.Run(Ask)));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{identities:N0} came to life in {started.Elapsed.TotalSeconds:F0} s; grain and client hold {(GC.GetTotalMemory(forceFullCollection: true) - before) / identities:N0} bytes"));

        async Task Ask()
        {
            for (int number; (number = Interlocked.Increment(ref next)) < identities;)
            {
                await Activations.Wake(grains, Id(number));
                await clients.Find(GrainKey.DefaultRealm, Id(number), CancellationToken.None);
            }
        }
    }

    private static Identity Make(int number, string handle, string hash) => new()
    {
        Id = Id(number),
        Name = "Worker " + number.ToString(CultureInfo.InvariantCulture),
        Owner = "team-" + (number % 100).ToString(CultureInfo.InvariantCulture),
        ManagedBy = "workers-" + (number % 10).ToString(CultureInfo.InvariantCulture),
        DefaultResource = Resource,
        Credentials =
        [
            new Credential
            {
                Handle = handle + number.ToString(CultureInfo.InvariantCulture), Kind = CredentialKind.Secret, CreatedAt = DateTimeOffset.UnixEpoch, SecretHash = hash,
            },
        ],
        Memberships =
        [
            new Membership { Group = new EntityUid("Assay::Role", "payments-reader"), ManagedBy = "workers" },
            new Membership { Group = new EntityUid("Assay::Role", "payments-exporter"), ManagedBy = "workers" },
        ],
    };

    private static async Task WriteBodies(string file, IEnumerable<int> numbers, string secret)
    {
        await using var bodies = new StreamWriter(file, append: false, Encoding.ASCII);
        foreach (var number in numbers)
            await bodies.WriteAsync($"grant_type=client_credentials&client_id={Id(number)}&client_secret={secret}&scope=payments%3Aread\n");
    }

    private static string Id(int number) => "worker-" + number.ToString("D7", CultureInfo.InvariantCulture) + ".batch.example";
}
