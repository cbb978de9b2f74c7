using Assay.Cluster.Tests.Running;
using Assay.Silo.Tests.Interconnect;

namespace Assay.Cluster.Tests.Trials;

/// <summary>Who has no certificate of the cluster's authority is no silo, whatever else it knows.</summary>
[Collection(TrialServer.Collection)]
public sealed class StrangerTrials(TrialServer database)
{
    /// <summary>
    /// It has the program, the database and the key-encryption key; only its certificate is another authority's. One that brings its own authority too is refused by the
    /// others (ComposedClusterTests).
    /// </summary>
    [Fact]
    public async Task A_process_without_the_clusters_certificate_does_not_join()
    {
        var cluster = await database.StandingCluster();
        using var other = new TestAuthority("Somebody else's authority");
        await using var stranger = cluster.Place("stranger", cluster.Certificates("stranger", other));

        stranger.Launch();
        await stranger.UntilEnded();

        Assert.NotEqual(0, stranger.ExitCode);
        Assert.Contains("would be refused by every other silo", stranger.Output, StringComparison.Ordinal);
        await AssertServed(cluster);
    }

    [Fact]
    public async Task A_silo_that_others_could_reach_without_certificates_does_not_start_and_says_why()
    {
        var cluster = await database.StandingCluster();
        await using var open = cluster.Place("open", [("Assay:Cluster:Address", "0.0.0.0")]);

        open.Launch();
        await open.UntilEnded();

        Assert.NotEqual(0, open.ExitCode);
        Assert.Contains("mutual TLS", open.Output, StringComparison.Ordinal);
        await AssertServed(cluster);
    }

    private static async Task AssertServed(TestCluster cluster)
    {
        var answers = await Task.WhenAll(
            cluster.Silos.SelectMany(silo => cluster.Identities.Select(identity => cluster.Http.AskUntilTold(silo, identity, TestCluster.Read))));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
    }
}
