using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Assay.Cluster.Tests.Running;

namespace Assay.Cluster.Tests.Trials;

/// <summary>When a narrowing call has returned, no silo issues on the old state (P3).</summary>
[Collection(TrialServer.Collection)]
public sealed class RevocationTrials(TrialServer database, ITestOutputHelper log)
{
    /// <summary>
    /// Each identity has its entitlement removed and given back over and over, by changing silos, while clients ask every silo for it without
    /// pause. A request that began after the removal had returned and before the return of the entitlement was asked for never has it.
    /// </summary>
    [Fact]
    public async Task Once_a_membership_is_removed_no_silo_grants_what_it_gave()
    {
        var cluster = await database.StandingCluster();
        var trials = LongTests.Size(small: 1_000, full: 10_000);
        var removals = new ConcurrentBag<TimeSpan>();
        var violations = new ConcurrentBag<string>();
        var others = new ConcurrentBag<TokenAnswer>();

        async Task Try(ClusterIdentity identity, int count, int turn)
        {
            var removed = new Window();
            using var over = new CancellationTokenSource();
            var clients = cluster.Silos.Select(silo => Task.Run(async () =>
            {
                while (!over.IsCancellationRequested)
                {
                    var before = removed.Now;
                    var answer = await cluster.Http.Ask(silo, identity, TestCluster.Read + " " + TestCluster.Export);
                    if (answer.Status != 200)
                        others.Add(answer);
                    else if (before is { } window && removed.Now == window && answer.Has(TestCluster.Export))
                        violations.Add($"{identity.Id} on {silo.Name}: {answer.JwtId} was asked for after removal {window} and has the scope");
                    await Task.Delay(LongTests.Size(small: 50, full: 25), CancellationToken.None); // else it is the asking that takes the processor's time
                }
            })).ToList();

            for (var trial = 0; trial < count; trial++)
            {
                var silo = cluster.Silos[(trial + turn) % cluster.Silos.Count];
                var started = Stopwatch.GetTimestamp();
                await cluster.Insist(() => cluster.RemoveMember(silo, identity.Id));
                removals.Add(Stopwatch.GetElapsedTime(started));
                removed.Open(trial);
                var after = await Task.WhenAll(cluster.Silos.Select(one => cluster.Http.AskUntilTold(one, identity, TestCluster.Read + " " + TestCluster.Export)));
                removed.Close();
                foreach (var answer in after.Where(answer => answer.Has(TestCluster.Export)))
                    violations.Add($"{identity.Id} on {answer.Silo}: {answer.JwtId}, right after removal {trial}");
                Assert.All(after, answer => Assert.Equal((200, TestCluster.Read), (answer.Status, answer.Scope)));
                await cluster.Insist(() => cluster.AddMember(silo, identity.Id)); // widens: it may be asked for again
            }

            await over.CancelAsync();
            await Task.WhenAll(clients);
        }

        const int side = 4;
        await Task.WhenAll(Enumerable.Range(0, side).Select(turn => Try(cluster.Identities[turn], trials / side, turn)));

        Assert.Empty(violations);
        others.AssertStatuses(503); // one that is too busy to know says so
        log.WriteLine($"{removals.Count} removals: p50 {At(removals, 0.5)} ms, p99 {At(removals, 0.99)} ms");
    }

    [Fact]
    public async Task Once_an_identity_is_disabled_no_silo_issues_to_it()
    {
        var cluster = await database.StandingCluster();
        var identity = cluster.Identities[0];

        for (var trial = 0; trial < LongTests.Size(small: 50, full: 500); trial++)
        {
            var silo = cluster.Silos[trial % cluster.Silos.Count];
            var under = cluster.Silos.Select(one => cluster.Http.Ask(one, identity, TestCluster.Read)).ToList();
            await cluster.Insist(() => cluster.Admin(silo, "POST", $"identities/{identity.Id}/disable", """{"reason":"trial"}"""));
            var after = await Task.WhenAll(cluster.Silos.Select(one => cluster.Http.AskUntilTold(one, identity, TestCluster.Read)));
            await Task.WhenAll(under);

            Assert.All(after, answer => Assert.Equal((400, "unauthorized_client"), (answer.Status, answer.Error)));
            await cluster.Insist(() => cluster.Admin(silo, "POST", $"identities/{identity.Id}/enable"));
        }
    }

    /// <summary>By its client on one silo, and by what it hangs on: no silo takes it for live when the call has returned.</summary>
    [Fact]
    public async Task Once_a_token_is_ended_every_silo_says_that_it_is_inactive()
    {
        var cluster = await database.StandingCluster();
        var identity = cluster.Identities[0];
        async Task<(int, string)[]> Everywhere(string token) =>
            await Task.WhenAll(cluster.Silos.Select(silo => cluster.Http.AboutUntilTold(silo, "introspect", cluster.ResourceServer, token)));

        for (var trial = 0; trial < LongTests.Size(small: 12, full: 500); trial++)
        {
            var (issuing, ending) = (cluster.Silos[trial % cluster.Silos.Count], cluster.Silos[(trial + 1) % cluster.Silos.Count]);
            var token = (await cluster.Http.AskUntilTold(issuing, identity, TestCluster.Read)).Token!;
            Assert.All(await Everywhere(token), answer => Assert.StartsWith("{\"active\":true", answer.Item2));

            if (trial % 3 == 0)
                await cluster.Insist(() => cluster.Admin(ending, "POST", "revocations", $$"""{"kind":"identity","name":"{{identity.Id}}","reason":"trial"}"""));
            else if (trial % 3 == 1)
                await cluster.Insist(() => cluster.Admin(ending, "POST", $"identities/{identity.Id}/disable", """{"reason":"trial"}"""));
            else
                Assert.Equal((200, ""), await cluster.Http.AboutUntilTold(ending, "revoke", identity, token));

            Assert.All(await Everywhere(token), answer => Assert.Equal((200, """{"active":false}"""), answer));
            if (trial % 3 == 1)
                await cluster.Insist(() => cluster.Admin(ending, "POST", $"identities/{identity.Id}/enable"));
        }
    }

    [Fact]
    public async Task Once_a_key_is_withdrawn_no_silo_signs_with_it()
    {
        await using var borrowed = await database.MortalCluster();
        var cluster = borrowed.Cluster;
        await using var load = TokenLoad.Start(cluster, cluster.Identities, TestCluster.Read, workers: 6);

        for (var trial = 0; trial < LongTests.Size(small: 3, full: 20); trial++)
        {
            await load.More(30);
            var silo = cluster.Silos[trial % cluster.Silos.Count];
            var keys = (await cluster.Admin(silo, "GET", "keys")).GetProperty("keys").EnumerateArray();
            var active = keys.Single(key => (key.GetProperty("purpose").GetString(), key.GetProperty("state").GetString()) == ("access-token", "active"))
                .GetProperty("kid").GetString();

            await cluster.Insist(() => cluster.Admin(silo, "POST", $"keys/{active}/withdraw"));
            var returned = Stopwatch.GetTimestamp();
            cluster.ForgetAdministrator(); // its token was signed with that key
            await load.More(30);

            Assert.DoesNotContain(load.Issued, answer => answer.Started > returned && answer.KeyId == active);
        }
    }

    /// <summary>
    /// Sets take turns in force, through changing silos, while clients ask every silo without pause. What the evidence of each silo grew by between the
    /// return of one activation and the call of the next was decided by the set that was activated: every record of it, not only those of tokens somebody received.
    /// </summary>
    [Fact]
    public async Task Once_a_policy_is_activated_no_silo_decides_or_records_by_the_old_one()
    {
        var cluster = await database.StandingCluster();
        await using var load = TokenLoad.Start(cluster, cluster.Identities, TestCluster.Read + " " + TestCluster.Export, workers: 6);
        var domains = (await cluster.Admin(cluster.Silos[0], "GET", "policies")).GetProperty("domains").EnumerateArray();
        var wide = domains.Single(domain => domain.GetProperty("domain").GetString() == "tokens").GetProperty("active").GetString()!;
        var narrow = (await cluster.Admin(cluster.Silos[0], "POST", "policies", OnlyReading)).GetProperty("version").GetString()!;
        var activations = new List<TimeSpan>();
        var periods = new List<EvidencePeriod>();

        for (var trial = 0; trial < LongTests.Size(small: 10, full: 1_000); trial++)
        {
            var silo = cluster.Silos[trial % cluster.Silos.Count];
            var (version, scope) = trial % 2 == 0 ? (narrow, TestCluster.Read) : (wide, TestCluster.Read + " " + TestCluster.Export);
            var started = Stopwatch.GetTimestamp();
            await cluster.Insist(() => cluster.Admin(silo, "POST", $"policies/{version}/activate", TokensDomain));
            activations.Add(Stopwatch.GetElapsedTime(started));
            var from = await EvidenceAudit.Ends(cluster);

            var after = await Task.WhenAll(cluster.Silos.Select(one => cluster.Http.AskUntilTold(one, cluster.Identities[0], TestCluster.Read + " " + TestCluster.Export)));
            Assert.All(after, answer => Assert.Equal((200, scope), (answer.Status, answer.Scope)));
            periods.Add(new EvidencePeriod(version, from, await EvidenceAudit.Ends(cluster)));
        }

        (await load.Stop()).AssertStatuses(200, 503);
        var checkedRecords = await EvidenceAudit.Check(cluster, periods, cluster.Silos.Count);
        log.WriteLine($"{activations.Count} activations: p50 {At(activations, 0.5)} ms, p99 {At(activations, 0.99)} ms; {checkedRecords} records made between them");
    }

    private const string TokensDomain = """{"domain":"tokens"}""";

    private static string OnlyReading => System.Text.Json.JsonSerializer.Serialize(new
    {
        domain = "tokens",
        files = new[]
        {
            new
            {
                path = "policies/narrow.cedar",
                text = """@id("read") permit (principal in Assay::Role::"payments-reader", action == Action::"payments:read", resource);""",
            },
        },
    });

    private static string At(IEnumerable<TimeSpan> spans, double share)
    {
        var ordered = spans.Order().ToList();
        return ordered[(int)(share * (ordered.Count - 1))].TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture);
    }

    /// <summary>The time in which an entitlement is known to be gone.</summary>
    private sealed class Window
    {
        private long number = -1;

        public long? Now => Interlocked.Read(ref number) is var now && now >= 0 ? now : null;

        public void Open(int trial) => Interlocked.Exchange(ref number, trial);

        public void Close() => Interlocked.Exchange(ref number, -1);
    }
}
