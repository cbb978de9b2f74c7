using Assay.Cluster.Tests.Postgres;

namespace Assay.Cluster.Tests.Running;

/// <summary>A PostgreSQL server for the trials, which stop it and cut its connections. They run one after the other and beside nothing else.</summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class TrialServer : IAsyncLifetime, ICollectionFixture<TrialServer>
{
    public const string Collection = "trials";

    internal PostgresServer Server { get; } = new();

    public ValueTask InitializeAsync() => Server.InitializeAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

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
