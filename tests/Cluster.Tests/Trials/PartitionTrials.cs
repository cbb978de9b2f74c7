using Assay.Cluster.Tests.Postgres;
using Assay.Cluster.Tests.Running;

namespace Assay.Cluster.Tests.Trials;

/// <summary>One silo is cut off: from the others, from the database, from both (P3, P4). Real packets that do not arrive.</summary>
[Collection(TrialServer.Collection)]
public sealed class PartitionTrials(ITestOutputHelper log)
{
    public static TheoryData<string, bool, bool> Cuts => new()
    {
        { "from the other silos", true, false },
        { "from the database", false, true },
        { "from both", true, true },
    };

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_silo_that_is_cut_off_lets_nothing_of_the_old_state_out(string what, bool fromSilos, bool fromDatabase)
    {
        Assert.SkipWhen(SiloNetwork.Missing is not null, SiloNetwork.Missing ?? "");
        PostgresServer.SkipIfMissing();
        await using var network = await SiloNetwork.Create();
        await network.Add("db");
        await using var postgres = new PostgresServer { Address = network.AddressOf("db"), RunBy = network.RunOn("db") };
        await postgres.InitializeAsync();
        await using var cluster = await TestCluster.StartOn(network, postgres);
        await using var load = TokenLoad.Start(cluster, cluster.Identities, TestCluster.Read + " " + TestCluster.Export, workers: 12);
        var served = new List<string>();

        for (var round = 0; round < LongTests.Size(small: 1, full: 20); round++)
        {
            await load.More(100);
            var victim = cluster.Silos[round % cluster.Silos.Count];
            var others = cluster.Silos.Where(silo => silo != victim).ToList();
            var identity = cluster.Identities[round % cluster.Identities.Count];
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
}
