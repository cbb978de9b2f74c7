using Assay.Cluster.Tests.Postgres;

namespace Assay.Cluster.Tests.Running;

/// <summary>PostgreSQL servers for the trials, which stop them and cut their connections. They run one after the other and beside nothing else.</summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class TrialServer : IAsyncLifetime, ICollectionFixture<TrialServer>
{
    public const string Collection = "trials";

    private TestCluster? standing;
    private TestCluster? mortal;

    /// <summary>Of all clusters but the mortal one, which must not lose its leases because another trial stops the database.</summary>
    internal PostgresServer Server { get; } = new();

    private PostgresServer MortalServer { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Server.InitializeAsync();
        await MortalServer.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in new[] { standing, mortal })
        {
            if (cluster is not null)
                await cluster.DisposeAsync();
        }

        await MortalServer.DisposeAsync();
        await Server.DisposeAsync();
    }

    /// <summary>
    /// One cluster for all trials that leave silos, identities and policies as they found them, since starting three silos takes longer than such a trial. In small size
    /// its leases are long, so that none ends because the machine stands still: most of these trials take nothing but the right answer. Not to be disposed of by a trial.
    /// </summary>
    internal async Task<TestCluster> StandingCluster() =>
        standing = await Again(standing, Server, LongTests.Wanted ? [] : [("Assay:Authority:LeaseLife", "00:00:30")]);

    /// <summary>
    /// As <see cref="StandingCluster"/>, for trials that end silos or withdraw keys and wait for leases: in small size those are a little shorter than usual. A new signing key
    /// may be used after a second and a lease's life. In full size a new one for each trial.
    /// </summary>
    /// <returns>To be disposed of by the trial.</returns>
    internal async Task<Borrowed> MortalCluster()
    {
        PostgresServer.SkipIfMissing();
        (string, string)[] settings = [("Assay:Keys:AnnounceTime", "00:00:01"), ("Assay:Keys:JwksMaxAge", "00:00:01"), ("Assay:StatusLists:PublishEvery", "00:00:00.5")];
        if (LongTests.Wanted)
            return new Borrowed(await TestCluster.Start(MortalServer, settings), isOwn: true);

        mortal = await Again(mortal, MortalServer, [.. settings, ("Assay:Authority:LeaseLife", "00:00:08"), ("Assay:Authority:RenewEvery", "00:00:01.5")]);
        return new Borrowed(mortal, isOwn: false);
    }

    /// <summary>Three silos over an empty database; skips the test where there is no PostgreSQL.</summary>
    internal Task<TestCluster> Cluster(params (string Name, string Value)[] settings)
    {
        PostgresServer.SkipIfMissing();
        return TestCluster.Start(Server, settings);
    }

    /// <summary>The same cluster, and all of it: a silo that ended since is started again.</summary>
    private static async Task<TestCluster> Again(TestCluster? cluster, PostgresServer server, params (string Name, string Value)[] settings)
    {
        PostgresServer.SkipIfMissing();
        if (cluster is null)
            return await TestCluster.Start(server, settings);
        await Task.WhenAll(cluster.Silos.Select(cluster.BringBack));
        return cluster;
    }
}

/// <summary>A cluster that a trial has for itself, or only for now.</summary>
internal sealed class Borrowed(TestCluster cluster, bool isOwn) : IAsyncDisposable
{
    public TestCluster Cluster => cluster;

    public ValueTask DisposeAsync() => isOwn ? cluster.DisposeAsync() : ValueTask.CompletedTask;
}
