using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using EntityUid = Assay.Cedar.EntityUid;

namespace Assay.Benchmarks;

/// <summary>
/// How fast identities come to life from storage when many are asked for at once, what one that is asked for alone waits for, and what a live one holds. In a
/// whole silo in this process; who asks is in it too. <c>perf/activations.sh</c> gives the process one core.
/// </summary>
internal static class Activations
{
    private const int Callers = 512;
    private const int Alone = 1_000; // of those that are asked for one after the other
    private const int Bundle = 10_000;
    private const int Empties = 100_000;

    /// <summary>A data folder with that many identities, unless it is there already.</summary>
    public static async Task Fill(string folder, int identities)
    {
        var data = Path.Combine(folder, "data");
        if (Directory.Exists(data))
            return;

        var started = Stopwatch.StartNew();
        using (var held = DataFolder.Open(data))
        using (var storage = new SqliteStorage(held, TimeProvider.System))
        {
            for (var first = 0; first < identities; first += Bundle)
            {
                var writes = ImmutableArray.CreateBuilder<ObjectWrite>();
                for (var i = first; i < Math.Min(first + Bundle, identities); i++)
                {
                    var identity = Make(i);
                    writes.Add(new ObjectWrite(new ObjectKey(GrainKey.DefaultRealm, ObjectKinds.Identity, identity.Id), 0, RegistryJson.Write(identity), IdentityKeys.Unique(identity)));
                }

                await storage.Authority.Commit(new Change(writes.DrainToImmutable(), "benchmark", "filled"), CancellationToken.None);
            }
        }

        var (state, evidence) = (Path.Combine(data, "state.db"), Path.Combine(data, "evidence.db"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"filled in {started.Elapsed.TotalSeconds:F0} s: {(new FileInfo(state).Length + new FileInfo(evidence).Length) / 1e6:N0} MB, {RegistryJson.Write(Make(0)).Length} bytes of JSON an identity"));
    }

    public static async Task Run(string folder, int identities, ImmutableArray<string> settings)
    {
        var services = await InProcessSilo.Start(folder, ["--bundle", "none", .. settings]);
        var asking = new Asking(services.GetRequiredService<IGrainFactory>());
        await Parts(services, identities);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"processors: {Environment.ProcessorCount}, server GC: {System.Runtime.GCSettings.IsServerGC}, callers: {Callers}"));

        // Empty grains first and again in between: Orleans' own share, on the same machine in the same mood.
        var empties = Math.Min(identities, Empties);
        await Together("empty grains, warm-up", 0, empties / 10, asking.Empty);
        var before = Live();
        await Together("empty grains to life", empties / 10, empties / 2, asking.Empty);
        var emptyBytes = Live() - before;

        await Together("warm-up", 0, identities / 10, asking.One);
        before = Live();
        await Together("to life", identities / 10, identities - Alone, asking.One);
        var bytes = Live() - before;
        await Together("empty grains to life", empties / 2, empties, asking.Empty);
        await OneByOne("to life, one by one", identities - Alone, identities, asking.One);
        await Together("once more", identities / 10, identities - Alone, asking.One);
        await Together("empty grains once more", empties / 10, empties, asking.Empty);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"a live identity holds {(double)bytes / (identities - Alone - identities / 10):N0} bytes, an empty grain {(double)emptyBytes / (empties / 2 - empties / 10):N0}"));
    }

    /// <summary>Brings an identity to life.</summary>
    public static ValueTask Wake(IGrainFactory grains, string id) => new Asking(grains).One(id);

    /// <summary>What of it is a function of its own, one after the other on this thread.</summary>
    private static async Task Parts(IServiceProvider services, int identities)
    {
        const int query = 256;
        var (store, evidence) = (services.GetRequiredService<IAuthorityStore>(), services.GetRequiredService<IEvidenceStore>());
        var keys = Enumerable.Range(0, query).Select(number => new ObjectKey(GrainKey.DefaultRealm, ObjectKinds.Identity, Id(number * (identities / query)))).ToImmutableArray();
        var subjects = ImmutableArray.CreateRange(keys, static key => new SubjectKey(key.Realm, EvidenceSubject.Identity(key.Id)));
        var body = (await store.Read(keys[0], CancellationToken.None))!.Body;
        await Measure("read alone", 1, () => store.Read(keys[0], CancellationToken.None));
        await Measure("read with 255 others", query, () => store.ReadAll(keys, CancellationToken.None));
        await Measure("what it spent, with 255 others", query, () => evidence.Spent(subjects, DateTimeOffset.UnixEpoch, CancellationToken.None));
        await Measure("its JSON", 1, () =>
        {
            RegistryJson.ReadIdentityToDecide(body.Span, keys[0].Id);
            return Task.CompletedTask;
        });

        static async Task Measure(string what, int count, Func<Task> once)
        {
            for (var round = 0; round < 2; round++) // the second counts
            {
                var (cpu, allocated, done) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(), 0);
                for (; done < 20_000; done += count)
                    await once();
                if (round == 1)
                    Console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture, $"  {what}: {(Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / done:F1} us of processor, {(GC.GetTotalAllocatedBytes() - allocated) / done:N0} bytes"));
            }
        }
    }

    /// <summary>A workload with a key and two roles, as a bundle declares it. Nobody has the key.</summary>
    private static Identity Make(int number)
    {
        var id = Id(number);
        var (x, y) = (SHA256.HashData(Encoding.UTF8.GetBytes(id + "x")), SHA256.HashData(Encoding.UTF8.GetBytes(id + "y")));
        var handle = Text(SHA256.HashData(Encoding.UTF8.GetBytes(id)));
        return new Identity
        {
            Id = id,
            Name = "Worker " + number.ToString(CultureInfo.InvariantCulture),
            Owner = "team-" + (number % 100).ToString(CultureInfo.InvariantCulture),
            ManagedBy = "workers-" + (number % 10).ToString(CultureInfo.InvariantCulture),
            DefaultResource = "https://payments.example",
            Credentials =
            [
                new Credential
                {
                    Handle = handle, Kind = CredentialKind.PublicKey, CreatedAt = DateTimeOffset.UnixEpoch, ManagedBy = "workers-" + (number % 10).ToString(CultureInfo.InvariantCulture),
                    PublicJwk = $$"""{"kty":"EC","crv":"P-256","kid":"{{handle}}","x":"{{Text(x)}}","y":"{{Text(y)}}","alg":"ES256"}""",
                },
            ],
            Memberships =
            [
                new Membership { Group = new EntityUid("Assay::Role", "payments-reader"), ManagedBy = "workers" },
                new Membership { Group = new EntityUid("Assay::Role", "payments-exporter"), ManagedBy = "workers" },
            ],
        };

        static string Text(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
    }

    private static async Task Together(string what, int first, int end, Func<int, ValueTask> ask)
    {
        var next = first - 1;
        var (cpu, pause, allocated, collections, started) =
            (Environment.CpuUsage.TotalTime, GC.GetTotalPauseDuration(), GC.GetTotalAllocatedBytes(), GC.CollectionCount(0), Stopwatch.StartNew());
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(Ask)));

        var count = end - first;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {count:N0}, {count / started.Elapsed.TotalSeconds:N0}/s; {(Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / count:F1} us of processor, {(GC.GetTotalAllocatedBytes() - allocated) / count:N0} bytes allocated each; GC paused {(GC.GetTotalPauseDuration() - pause).TotalSeconds:F2} s of {started.Elapsed.TotalSeconds:F2} s in {GC.CollectionCount(0) - collections} collections"));

        async Task Ask()
        {
            for (int number; (number = Interlocked.Increment(ref next)) < end;)
                await ask(number);
        }
    }

    private static async Task OneByOne(string what, int first, int end, Func<int, ValueTask> ask)
    {
        var took = new double[end - first];
        for (var number = first; number < end; number++)
        {
            var started = Stopwatch.GetTimestamp();
            await ask(number);
            took[number - first] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }

        Array.Sort(took);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: median {took[took.Length / 2]:N0} us, p99 {took[took.Length * 99 / 100]:N0} us"));
    }

    private static string Id(int number) => "worker-" + number.ToString("D7", CultureInfo.InvariantCulture) + ".batch.example";

    private static long Live()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    /// <summary>Asks identities for a decision that ends at once, as the credential is not theirs: what costs is that they live.</summary>
    private sealed class Asking(IGrainFactory grains)
    {
        private static readonly GrainType Kind = GrainType.Create("identity");
        private static readonly GrainInterfaceType Interface = GrainInterfaceType.Create("identity");
        private static readonly GrainType EmptyKind = GrainType.Create("empty");
        private static readonly GrainInterfaceType EmptyInterface = GrainInterfaceType.Create("empty");

        private readonly DecisionRequest request = new()
        {
            RequestId = Guid.NewGuid(), GrantType = "client_credentials", AuthenticationMethod = "private_key_jwt", CredentialHandle = "nobody's",
        };

        public ValueTask One(int number) => One(Id(number));

        public async ValueTask One(string id)
        {
            var identity = (IIdentityGrain)grains.GetGrain(GrainId.Create(Kind, GrainKey.For(GrainKey.DefaultRealm, id)), Interface);
            if (await identity.Explain(request) is not Decision.Refused { Reason: RefusalReason.CredentialNotHeld })
                throw new InvalidOperationException($"identity {id} is not there");
        }

        public async ValueTask Empty(int number) =>
            await ((IEmptyGrain)grains.GetGrain(GrainId.Create(EmptyKind, GrainKey.For(GrainKey.DefaultRealm, Id(number))), EmptyInterface)).Ask(null);
    }
}
