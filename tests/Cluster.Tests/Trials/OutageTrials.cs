using System.Diagnostics;
using System.Globalization;
using Assay.Cluster.Tests.Running;

namespace Assay.Cluster.Tests.Trials;

/// <summary>The database goes away and comes back; everything goes away and comes back.</summary>
[Collection(TrialServer.Collection)]
public sealed class OutageTrials(TrialServer database, ITestOutputHelper log)
{
    [Fact]
    public async Task While_the_database_is_away_there_are_only_503s_and_afterwards_tokens_again()
    {
        var cluster = await database.StandingCluster();
        await using var load = TokenLoad.Start(cluster, cluster.Identities, TestCluster.Read, workers: 9);
        await load.More(100);

        await database.Server.Stop();
        var stopped = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(LongTests.Size(small: 5, full: 30)), TestContext.Current.CancellationToken);
        var started = Stopwatch.GetTimestamp();
        await database.Server.Start();
        var back = Stopwatch.GetTimestamp();
        await Task.WhenAll(cluster.Silos.SelectMany(silo => cluster.Identities.Select(identity => cluster.UntilServed(silo, identity))));
        var served = Stopwatch.GetElapsedTime(back);
        await load.More(100);

        var answers = await load.Stop();
        answers.AssertStatuses(200, 503);
        Assert.All(answers.Where(answer => answer.Status == 503), answer => Assert.True(answer.SaysWhenToRetry, answer.ToString()));
        Assert.DoesNotContain(answers, answer => answer.Status == 200 && answer.Started > stopped && answer.Ended < started);
        Assert.All(cluster.Silos, silo => Assert.True(silo.IsRunning, silo.Output));
        await EvidenceAudit.Check(cluster, answers);
        log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"all identities on all silos served {served.TotalSeconds:0.0} s after the database was back"));
    }

    [Fact]
    public async Task Connections_that_are_cut_a_few_at_a_time_cost_no_record()
    {
        var cluster = await database.StandingCluster();
        await using var load = TokenLoad.Start(cluster, cluster.Identities, TestCluster.Read, workers: 9);

        for (var round = 0; round < LongTests.Size(small: 10, full: 200); round++)
        {
            await load.More(20);
            await database.Server.KillConnections(cluster.Database, string.Create(CultureInfo.InvariantCulture, $"pid % 7 = {round % 7}"));
        }

        await load.More(100);
        var answers = await load.Stop();
        answers.AssertStatuses(200, 503);
        Assert.All(cluster.Silos, silo => Assert.True(silo.IsRunning, silo.Output));
        await EvidenceAudit.Check(cluster, answers);
    }

    [Fact]
    public async Task All_silos_killed_at_once_serve_again_without_waiting_for_their_old_selves()
    {
        await using var borrowed = await database.MortalCluster();
        var cluster = borrowed.Cluster;
        await using var load = TokenLoad.Start(cluster, cluster.Identities, TestCluster.Read, workers: 6);
        var waits = new List<double>();

        for (var round = 0; round < LongTests.Size(small: 1, full: 5); round++)
        {
            await load.More(50);
            await Task.WhenAll(cluster.Silos.Select(silo => silo.Kill()));
            var started = Stopwatch.GetTimestamp();
            await Task.WhenAll(cluster.Silos.Select(cluster.BringBack));
            await Task.WhenAll(cluster.Identities.Select(identity => cluster.UntilServed(cluster.Silos[0], identity)));
            waits.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        await EvidenceAudit.Check(cluster, await load.Stop());
        log.WriteLine("served again after " + string.Join(", ", waits.Select(wait => wait.ToString("0.0", CultureInfo.InvariantCulture))) + " s");
    }

    [Fact]
    public async Task Three_silos_on_an_empty_database_at_the_same_instant_make_one_schema_one_key_ring_and_one_policy()
    {
        for (var round = 0; round < LongTests.Size(small: 1, full: 10); round++)
        {
            await using var cluster = await database.Cluster();

            foreach (var silo in cluster.Silos)
            {
                var rings = (await cluster.Admin(silo, "GET", "keys")).GetProperty("keys").EnumerateArray()
                    .GroupBy(key => key.GetProperty("purpose").GetString(), key => key.GetProperty("state").GetString()).ToList();
                Assert.Equal(["access-token", "checkpoint", "introspection", "set", "status-list"], rings.Select(ring => ring.Key).Order());
                Assert.All(rings, ring => Assert.Equal(["active", "announced", "announced"], ring.Order()));
                var domains = (await cluster.Admin(silo, "GET", "policies")).GetProperty("domains").EnumerateArray().ToList();
                Assert.All(domains, domain => Assert.Equal(1, domain.GetProperty("versions").GetArrayLength()));
            }

            // Nobody trips over what another has written (SQLSTATE 23), made (42) or holds (40). Timeouts of a machine that is too busy are none of it.
            Assert.All(cluster.Silos, silo => Assert.DoesNotMatch(@"PostgresException \(0x[0-9A-F]+\): (23|40|42)", silo.Output));
            var sets = await Task.WhenAll(cluster.Silos.Select(silo => cluster.Http.GetStringAsync(silo.Url + "/oauth/jwks")));
            Assert.Single(sets.Distinct());
        }
    }
}
