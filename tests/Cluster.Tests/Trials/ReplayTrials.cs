using System.Diagnostics;
using Assay.Cluster.Tests.Running;

namespace Assay.Cluster.Tests.Trials;

/// <summary>One assertion buys one token, whichever silos it is shown to and whatever happens to them.</summary>
[Collection(TrialServer.Collection)]
public sealed class ReplayTrials(TrialServer database)
{
    [Fact]
    public async Task The_same_assertion_at_two_silos_at_the_same_instant_buys_exactly_one_token()
    {
        var cluster = await database.StandingCluster();

        for (int trial = 0, shown = 0; shown < 1_000; trial++)
        {
            Assert.InRange(trial, 0, 10_000);
            var identity = cluster.Identities[trial % cluster.Identities.Count];
            var assertion = identity.Assertion();
            var answers = await Task.WhenAll(
                Enumerable.Range(trial, 2).Select(turn => cluster.Http.Ask(cluster.Silos[turn % cluster.Silos.Count], identity, TestCluster.Read, assertion)));

            if (answers.Any(answer => answer.Status == 503)) // too busy to know: then it shows less
            {
                Assert.InRange(answers.Count(answer => answer.Status == 200), 0, 1);
                continue;
            }

            Assert.Equal([200, 401], answers.Select(answer => answer.Status).Order());
            shown++;
        }
    }

    [Fact]
    public async Task An_assertion_that_was_spent_before_a_silo_died_buys_nothing_afterwards()
    {
        await using var borrowed = await database.MortalCluster();
        var cluster = borrowed.Cluster;

        for (var round = 0; round < LongTests.Size(small: 1, full: 20); round++)
        {
            var victim = cluster.Silos[round % cluster.Silos.Count];
            var left = cluster.Silos.Where(silo => silo != victim).ToList();

            // Shown to all silos for as long as the victim dies: some are in the middle of it.
            var shown = new List<(ClusterIdentity Identity, string Assertion, List<Task<TokenAnswer>> Answers)>();
            for (var i = 0; i < 50; i++)
            {
                var identity = cluster.Identities[i % cluster.Identities.Count];
                var assertion = identity.Assertion();
                shown.Add((identity, assertion, [.. cluster.Silos.Select(silo => cluster.Http.Ask(silo, identity, TestCluster.Read, assertion))]));
                if (i == 25)
                    await victim.Kill();
            }

            foreach (var (identity, assertion, answers) in shown)
            {
                var first = await Task.WhenAll(answers);
                await cluster.UntilServed(left[0], identity);
                var again = await Task.WhenAll(left.Select(silo => cluster.Http.Ask(silo, identity, TestCluster.Read, assertion)));

                Assert.InRange(first.Concat(again).Count(answer => answer.Status == 200), 0, 1);
            }

            await cluster.BringBack(victim);
        }
    }
}
