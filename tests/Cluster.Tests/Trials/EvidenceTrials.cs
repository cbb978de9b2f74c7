using System.Diagnostics;
using System.Globalization;
using Assay.Cluster.Tests.Running;

namespace Assay.Cluster.Tests.Trials;

/// <summary>Whatever ends meanwhile: what clients hold is recorded, once and without a gap, and the log proves it (P4).</summary>
[Collection(TrialServer.Collection)]
public sealed class EvidenceTrials(TrialServer database, ITestOutputHelper log)
{
    [Fact]
    public async Task Tokens_issued_while_silos_and_the_database_end_are_all_in_a_log_that_verifies()
    {
        var (faults, between) = (LongTests.Size(small: 2, full: 40), LongTests.Size(small: 300, full: 25_000));
        await using var borrowed = await database.MortalCluster();
        var cluster = borrowed.Cluster;
        await using var load = TokenLoad.Start(cluster, cluster.Identities, TestCluster.Read, workers: 12, keepTokens: false, batch: LongTests.Size(small: 7, full: 150));
        var started = Stopwatch.GetTimestamp();

        for (var fault = 0; fault < faults; fault++)
        {
            await load.More(between);
            if (fault % 2 == 0)
            {
                var victim = cluster.Silos[fault / 2 % cluster.Silos.Count];
                await victim.Kill();
                await cluster.BringBack(victim);
            }
            else
            {
                await cluster.Postgres.Restart("immediate");
            }

            if (fault == 0)
                await Checkpoint(cluster);
        }

        await load.More(between);
        (await load.Stop()).AssertStatuses(503, 0);
        var issuing = Stopwatch.GetElapsedTime(started);
        var records = await EvidenceAudit.Check(cluster, load.Receipts);

        // Nothing that was there at the checkpoint may be missing, changed or out of place now.
        var verifying = Stopwatch.GetTimestamp();
        var verified = await cluster.Assay(cluster.Silos[0], "evidence", "verify", "--checkpoint", Saved(cluster));
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Errors);
        Assert.StartsWith("Intact: ", verified.Output);
        log.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{load.Receipts.Count} tokens in {issuing.TotalSeconds:0} s, {records} records, {faults} faults; verified over HTTP in {Stopwatch.GetElapsedTime(verifying).TotalSeconds:0.0} s: {verified.Output}"));
    }

    private static string Saved(TestCluster cluster) => Path.Combine(cluster.Silos[0].Folder, "saved.txt");

    private static async Task Checkpoint(TestCluster cluster)
    {
        var saved = await cluster.Assay(cluster.Silos[1], "evidence", "checkpoint", "--to", Saved(cluster));
        Assert.True(saved.ExitCode == 0, saved.Errors);
    }
}
