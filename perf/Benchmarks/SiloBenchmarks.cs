using System.Text.Json;
using Assay.Core.Evidence;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Storage.Sqlite;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Benchmarks;

/// <summary>Records until they are durable: 64 callers at once, SQLite with full synchronization in the temporary folder. The disk under it counts.</summary>
[MemoryDiagnoser, MedianColumn]
public class EvidenceBenchmarks
{
    private const int Callers = 64;
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private readonly string path = Directory.CreateTempSubdirectory("assay-benchmark-").FullName;
    private readonly EvidenceSlot[] slots = new EvidenceSlot[Callers];
    private readonly byte[] record = new byte[1100];
    private DataFolder folder = null!;
    private SqliteStorage storage = null!;
    private EvidenceAppender appender = null!;
    private Task running = Task.CompletedTask;

    [GlobalSetup]
    public async Task Start()
    {
        folder = DataFolder.Open(path);
        storage = new SqliteStorage(folder, TimeProvider.System);
        var lease = new SiloLease(Life, TimeSpan.Zero, TimeProvider.System);
        var asked = lease.Ask();
        lease.Begin((await storage.Authority.Join(new SiloPlace("benchmark", "benchmark"), Life, CancellationToken.None)).Epoch, asked);
        appender = new EvidenceAppender(
            storage.Log, lease, static (_, _) => throw new InvalidOperationException("every slot is filled"), new EvidenceOptions(), TimeProvider.System, NullLogger.Instance);
        running = appender.Run(CancellationToken.None);
    }

    [GlobalCleanup]
    public async Task End()
    {
        appender.Close();
        await running;
        storage.Dispose();
        folder.Dispose();
        Directory.Delete(path, recursive: true);
    }

    [Benchmark(OperationsPerInvoke = Callers)]
    public async Task Append()
    {
        for (var i = 0; i < Callers; i++)
        {
            slots[i] = appender.Reserve() ?? throw new InvalidOperationException("no place in the log");
            slots[i].Fill(record, new EvidenceEntry("default", "ledger-client", "a-thumbprint"));
        }

        foreach (var slot in slots)
        {
            if (!await slot.Committed)
                throw new InvalidOperationException("the record is not durable");
        }
    }
}

/// <summary>One decision through the identity's grain, in a whole silo: the call, the stage, policy. The same call without counting or spending (<c>Explain</c>), so that no limit is met.</summary>
[MemoryDiagnoser, MedianColumn]
public class GrainBenchmarks
{
    private const string Identity = "payments-exporter";
    private const int InARow = 256;

    private readonly string path = Directory.CreateTempSubdirectory("assay-benchmark-").FullName;
    private DecisionRequest request = null!;
    private IIdentityGrain grain = null!;

    [GlobalSetup]
    public async Task Start()
    {
        var services = await InProcessSilo.Start(path, "--bundle", Quickstart());
        grain = services.GetRequiredService<IGrainFactory>().GetGrain<IIdentityGrain>(GrainKey.For(GrainKey.DefaultRealm, Identity));
        using var identity = JsonDocument.Parse((await grain.Read())!.Json);
        request = new DecisionRequest
        {
            RequestId = Guid.NewGuid(), GrantType = "client_credentials", AuthenticationMethod = "private_key_jwt", Resource = "https://payments.example", Scopes = ["payments:read"],
            CredentialHandle = identity.RootElement.GetProperty("credentials")[0].GetProperty("handle").GetString()!,
        };
        if (await grain.Explain(request) is not Decision.Decided { Verdict.GrantsAny: true })
            throw new InvalidOperationException("the decision that is measured grants nothing");
    }

    /// <summary>Many in a row, so that the thread that measures is not woken for each.</summary>
    [Benchmark(OperationsPerInvoke = InARow)]
    public async Task Call()
    {
        for (var i = 0; i < InARow; i++)
            await grain.Explain(request);
    }

    private static string Quickstart()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "Cluster.sln")))
            at = at.Parent ?? throw new InvalidOperationException("the benchmarks do not run from a checkout");
        return Path.Combine(at.FullName, "samples", "quickstart");
    }
}
