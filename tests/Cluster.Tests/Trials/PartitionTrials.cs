using Assay.Cluster.Tests.Postgres;
using Assay.Cluster.Tests.Running;

namespace Assay.Cluster.Tests.Trials;

/// <summary>One silo is cut off: from the others, from the database, from both (P3, P4). Real packets that do not arrive.</summary>
[Collection(TrialServer.Collection)]
public sealed class PartitionTrials(PartitionTrials.Divisible divisible, ITestOutputHelper log) : IClassFixture<PartitionTrials.Divisible>
{
    /// <summary>What it is cut off from, and whom it happens to first.</summary>
    public static TheoryData<string, bool, bool, int> Cuts => new()
    {
        { "from the other silos", true, false, 0 },
        { "from the database", false, true, 1 },
        { "from both", true, true, 2 },
    };

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_silo_that_is_cut_off_lets_nothing_of_the_old_state_out(string what, bool fromSilos, bool fromDatabase, int first)
    {
        var (network, cluster) = await divisible.Cluster();
        await using var load = TokenLoad.Start(cluster, cluster.Identities, TestCluster.Read + " " + TestCluster.Export, workers: 12);
        var served = new List<string>();

        for (var round = 0; round < LongTests.Size(small: 1, full: 20); round++)
        {
            await load.More(100);
            var victim = cluster.Silos[(first + round) % cluster.Silos.Count];
            var others = cluster.Silos.Where(silo => silo != victim).ToList();
            var identity = cluster.Identities[(first + round) % cluster.Identities.Count];
            await cluster.Insist(() => cluster.Admin(others[0], "GET", "keys")); // the administrator has a token before anything is cut
            List<string> lost = [.. fromSilos ? others.Select(silo => silo.Name) : [], .. fromDatabase ? ["db"] : Array.Empty<string>()];
            foreach (var machine in lost)
                await network.Cut(victim.Name, machine);
            var cut = System.Diagnostics.Stopwatch.GetTimestamp();

            await cluster.Insist(() => cluster.RemoveMember(others[0], identity.Id));
            var returned = System.Diagnostics.Stopwatch.GetTimestamp();
            await Task.WhenAll(cluster.Identities.SelectMany(one => others.Select(silo => cluster.UntilServed(silo, one))));
            served.Add(System.Diagnostics.Stopwatch.GetElapsedTime(cut).TotalSeconds.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture));

            foreach (var machine in lost)
                await network.Heal(victim.Name, machine);
            await cluster.BringBack(victim);
            await load.More(50);

            Assert.DoesNotContain(load.Issued, answer => answer.Identity == identity.Id && answer.LeftAfter(returned) && answer.Has(TestCluster.Export));
            await cluster.Insist(() => cluster.AddMember(others[0], identity.Id));
        }

        await load.More(100);
        var answers = await load.Stop();
        await EvidenceAudit.Check(cluster, answers);
        log.WriteLine($"cut off {what}: all identities served by the others again after {string.Join(", ", served)} s");
    }

    /// <summary>One cluster on a network of its own, which each trial leaves as it found it.</summary>
    public sealed class Divisible : IAsyncDisposable
    {
        private SiloNetwork? network;
        private PostgresServer? postgres;
        private TestCluster? cluster;

        internal async Task<(SiloNetwork Network, TestCluster Cluster)> Cluster()
        {
            Assert.SkipWhen(SiloNetwork.Missing is not null, SiloNetwork.Missing ?? "");
            PostgresServer.SkipIfMissing();
            if (cluster is not null)
            {
                await Task.WhenAll(cluster.Silos.Select(cluster.BringBack));
                return (network!, cluster);
            }

            network = await SiloNetwork.Create();
            await network.Add("db");
            postgres = new PostgresServer { Address = network.AddressOf("db"), RunBy = network.RunOn("db") };
            await postgres.InitializeAsync();
            cluster = await (LongTests.Wanted
                ? TestCluster.StartOn(network, postgres)
                : TestCluster.StartOn(network, postgres, ("Assay:Authority:LeaseLife", "00:00:08"), ("Assay:Authority:RenewEvery", "00:00:01.5")));
            return (network, cluster);
        }

        public async ValueTask DisposeAsync()
        {
            if (cluster is not null)
                await cluster.DisposeAsync();
            if (postgres is not null)
                await postgres.DisposeAsync();
            if (network is not null)
                await network.DisposeAsync();
        }
    }
}
