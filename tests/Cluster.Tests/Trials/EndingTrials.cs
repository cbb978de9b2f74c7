using System.Diagnostics;
using System.Globalization;
using Assay.Cluster.Tests.Running;

namespace Assay.Cluster.Tests.Trials;

/// <summary>Silos end without notice, or stand still for longer than their lease and go on (P3, P4).</summary>
[Collection(TrialServer.Collection)]
public sealed class EndingTrials(TrialServer database, ITestOutputHelper log)
{
    private static int Kills => LongTests.Size(small: 3, full: 20);

    private const int Workers = 6;

    private static int Rounds => LongTests.Size(small: 2, full: 20);

    [Fact]
    public async Task A_killed_silo_takes_no_record_with_it_and_the_others_go_on()
    {
        await using var borrowed = await database.MortalCluster();
        var cluster = borrowed.Cluster;
        await using var load = TokenLoad.Start(cluster, cluster.Identities, TestCluster.Read, workers: 9);
        var pauses = new List<TimeSpan>();

        for (var round = 0; round < Kills; round++)
        {
            await load.More(100);
            var victim = cluster.Silos[round % cluster.Silos.Count];
            await victim.Kill();
            var killed = Stopwatch.GetTimestamp();

            // Every identity is served again, by those that are left.
            var left = cluster.Silos.Where(silo => silo != victim).ToList();
            await Task.WhenAll(cluster.Identities.Select(identity => cluster.UntilServed(left[0], identity)));
            pauses.Add(Stopwatch.GetElapsedTime(killed));

            await cluster.BringBack(victim);
        }

        await load.More(100);
        var answers = await load.Stop();
        await EvidenceAudit.Check(cluster, answers);
        answers.AssertStatuses(200, 503, 0);
        log.WriteLine($"issuance for identities of the dead silo paused {Text(pauses)} s");
        log.WriteLine(Summary(answers));
    }

    [Fact]
    public async Task A_silo_that_stood_still_for_longer_than_its_lease_lets_nothing_of_the_old_state_out()
    {
        await using var borrowed = await database.MortalCluster();
        var cluster = borrowed.Cluster;
        await using var load = TokenLoad.Start(cluster, cluster.Identities, TestCluster.Read + " " + TestCluster.Export, workers: 12);
        var calls = new List<TimeSpan>();

        for (var round = 0; round < Rounds; round++)
        {
            await load.More(100);
            var victim = cluster.Silos[round % cluster.Silos.Count];
            var other = cluster.Silos[(round + 1) % cluster.Silos.Count];
            var identity = cluster.Identities[round % cluster.Identities.Count];
            await cluster.Admin(other, "GET", "keys"); // so that the administrator has a token before anything stands still
            victim.Pause();
            var paused = Stopwatch.GetTimestamp();

            // It returns when the one that stands still is sealed, and not before.
            await cluster.Insist(() => cluster.RemoveMember(other, identity.Id));
            calls.Add(Stopwatch.GetElapsedTime(paused));
            var returned = Stopwatch.GetTimestamp();
            victim.Resume();
            await victim.UntilEnded(); // sealed: it ends by itself, and not with success
            Assert.NotEqual(0, victim.ExitCode);

            await load.More(50);
            Assert.DoesNotContain(load.Issued, answer => answer.Identity == identity.Id && answer.LeftAfter(returned) && answer.Has(TestCluster.Export));

            await cluster.BringBack(victim);
            await cluster.Insist(() => cluster.AddMember(other, identity.Id));
        }

        await load.More(100);
        var answers = await load.Stop();
        await EvidenceAudit.Check(cluster, answers);
        log.WriteLine($"a removal while a silo stood still took {Text(calls)} s");
        log.WriteLine(Summary(answers));
    }

    [Fact]
    public async Task A_silo_that_is_stopped_in_order_loses_no_request()
    {
        var cluster = await database.StandingCluster();
        for (var round = 0; round < Rounds; round++)
        {
            var victim = cluster.Silos[round % cluster.Silos.Count];
            var others = cluster.Silos.Where(silo => silo != victim).ToList();
            await using var load = TokenLoad.Start(cluster, cluster.Identities, TestCluster.Read, Workers, others);
            await load.More(50);

            var exit = await victim.Stop();
            await load.More(50);
            await cluster.BringBack(victim);
            await load.More(50);

            var answers = await load.Stop();
            Assert.Equal(0, exit);
            answers.AssertStatuses(200, 503);
            Assert.InRange(answers.Count(answer => answer.Status == 503), 0, Workers); // those under way may be told to come back on a machine that is too busy; whoever comes is served
            await EvidenceAudit.Check(cluster, answers);
        }
    }

    private static string Summary(IReadOnlyList<TokenAnswer> answers) => string.Join(
        ", ", answers.GroupBy(answer => answer.Status).OrderBy(group => group.Key).Select(group => $"{group.Key}: {group.Count()}"));

    private static string Text(List<TimeSpan> spans) => string.Create(
        CultureInfo.InvariantCulture, $"{spans.Min().TotalSeconds:0.0} to {spans.Max().TotalSeconds:0.0}, median {spans.Order().ElementAt(spans.Count / 2).TotalSeconds:0.0}");
}
