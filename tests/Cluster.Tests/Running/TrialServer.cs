using Assay.Cluster.Tests.Postgres;

namespace Assay.Cluster.Tests.Running;

/// <summary>A PostgreSQL server for the trials, which stop it and cut its connections. They run one after the other and beside nothing else.</summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class TrialServer : IAsyncLifetime, ICollectionFixture<TrialServer>
{
    public const string Collection = "trials";

    private Task<TestCluster>? standing;

    internal PostgresServer Server { get; } = new();

    public ValueTask InitializeAsync() => Server.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        if (standing is { IsCompletedSuccessfully: true })
            await standing.Result.DisposeAsync();
        await Server.DisposeAsync();
    }

    /// <summary>
    /// One cluster for all trials that leave silos, identities and policies as they found them, since starting three silos takes longer than such a trial.
    /// A new signing key may be used after a second. Not to be disposed of by a trial.
    /// </summary>
    internal Task<TestCluster> StandingCluster()
    {
        PostgresServer.SkipIfMissing();
        if (standing is null or { IsFaulted: true })
            standing = TestCluster.Start(Server, ("Assay:Keys:AnnounceTime", "00:00:01"), ("Assay:Keys:JwksMaxAge", "00:00:01"));
        return standing;
    }

    /// <summary>Three silos over an empty database; skips the test where there is no PostgreSQL.</summary>
    internal Task<TestCluster> Cluster(params (string Name, string Value)[] settings)
    {
        PostgresServer.SkipIfMissing();
        return TestCluster.Start(Server, settings);
    }

    /// <summary>As <see cref="Cluster"/>, with mutual TLS between the silos.</summary>
    internal Task<TestCluster> SecureCluster(params (string Name, string Value)[] settings)
    {
        PostgresServer.SkipIfMissing();
        return TestCluster.StartSecure(Server, settings);
    }
}
