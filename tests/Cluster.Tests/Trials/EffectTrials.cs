using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Assay.Cluster.Tests.Running;

namespace Assay.Cluster.Tests.Trials;

/// <summary>How a revocation reaches those who ask about tokens, by each way there is; also where there are very many tokens to end.</summary>
[Collection(TrialServer.Collection)]
public sealed class EffectTrials(TrialServer database, ITestOutputHelper log)
{
    private const int BatchSize = 250;

    [Fact]
    public async Task One_call_ends_all_tokens_of_an_identity_however_many_there_are()
    {
        // Not longer than tokens live: the full number has to be alive at once.
        await using var own = LongTests.Wanted ? await database.Cluster(("Assay:Decisions:TokenLifetime", "00:15:00")) : null;
        var cluster = own ?? await database.StandingCluster();
        var (identity, tokens) = (cluster.Identities[0], LongTests.Size(small: 2_000, full: 1_000_000));
        var stream = await ApiStream.Open(cluster, cluster.Silos[1], identity.Id);
        var oneGrainWrite = await Took(() => cluster.RemoveMember(cluster.Silos[0], identity.Id));
        await cluster.AddMember(cluster.Silos[0], identity.Id);

        var issuing = Stopwatch.GetTimestamp();
        var some = await Issue(cluster, identity, tokens);
        var issued = Stopwatch.GetElapsedTime(issuing);

        var began = Stopwatch.GetTimestamp();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var told = Task.Run(() => stream.UntilRevoked(patience.Token));
        await cluster.Admin(cluster.Silos[0], "POST", "revocations", $$"""{"kind":"identity","name":"{{identity.Id}}","reason":"trial"}""");
        var call = Stopwatch.GetElapsedTime(began);

        // At once: nothing is waited for here.
        foreach (var silo in cluster.Silos)
        {
            var answers = await Task.WhenAll(some.Select(token => cluster.Http.AboutUntilTold(silo, "introspect", cluster.ResourceServer, token)));
            Assert.All(answers, answer => Assert.Equal((200, """{"active":false}"""), answer));
        }

        Assert.Equal(identity.Id, (await told).About);
        var heard = Stopwatch.GetElapsedTime(began);
        foreach (var silo in cluster.Silos)
        {
            foreach (var token in some)
                await cluster.UntilListed(silo, token, patience.Token);
        }

        log.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{tokens} live tokens, issued in {issued.TotalSeconds:0} s: ended by one call of {call.TotalMilliseconds:0} ms (taking a membership away: {oneGrainWrite.TotalMilliseconds:0} ms); {some.Count} of them inactive on every silo when it returned, told within {heard.TotalMilliseconds:0} ms, in all lists after {Stopwatch.GetElapsedTime(began).TotalMilliseconds:0} ms"));
    }

    /// <summary>Each way counts from when the call was made to when whoever looks sees the token's end.</summary>
    [Fact]
    public async Task Every_way_of_hearing_of_a_revocation_hears_of_it()
    {
        var cluster = await database.StandingCluster();
        var identity = cluster.Identities[1];
        var stream = await ApiStream.Open(cluster, cluster.Silos[2], identity.Id);
        var took = new ConcurrentDictionary<string, ConcurrentBag<TimeSpan>>();

        for (var round = 0; round < LongTests.Size(small: 3, full: 200); round++)
        {
            var silo = cluster.Silos[round % cluster.Silos.Count];
            var token = (await cluster.Http.AskUntilTold(silo, identity, TestCluster.Read)).Token!;
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var began = Stopwatch.GetTimestamp();
            async Task Watch(string channel, Task seen)
            {
                await seen;
                took.GetOrAdd(channel, _ => []).Add(Stopwatch.GetElapsedTime(began));
            }

            await Task.WhenAll(
            [
                Watch("the call itself", cluster.Admin(silo, "POST", "revocations", $$"""{"kind":"identity","name":"{{identity.Id}}","reason":"trial"}""")),
                Watch("event, polled", stream.UntilRevoked(patience.Token)),
                Watch("status list", cluster.UntilListed(silo, token, patience.Token)),
                .. cluster.Silos.Select(one => Watch(one == silo ? "introspection, same silo" : "introspection, other silo", cluster.UntilInactive(one, token, patience.Token))),
            ]);
        }

        foreach (var (channel, times) in took.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var sorted = times.Order().ToList();
            string At(double part) => sorted[(int)(part * (sorted.Count - 1))].TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture);
            log.WriteLine($"{channel}: {sorted.Count} times, p50 {At(0.5)} ms, p99 {At(0.99)} ms, longest {At(1)} ms");
        }
    }

    /// <summary>By all silos at once.</summary>
    /// <returns>Some of them, spread over the time and the silos.</returns>
    private static async Task<IReadOnlyList<string>> Issue(TestCluster cluster, ClusterIdentity identity, int count)
    {
        const int workers = 6;
        var kept = new ConcurrentBag<string>();
        var left = count / BatchSize;
        await Task.WhenAll(Enumerable.Range(0, workers).Select(async worker =>
        {
            for (var batch = 0; Interlocked.Decrement(ref left) >= 0; batch++)
            {
                IReadOnlyList<TokenAnswer> tokens;
                do
                    tokens = await cluster.Http.AskForMany(cluster.Silos[(worker + batch) % cluster.Silos.Count], identity, TestCluster.Read, BatchSize);
                while (tokens.Any(answer => answer.Status == 503));
                tokens.AssertStatuses(200);
                Assert.Equal(BatchSize, tokens.Count);
                if (batch % 16 == 0)
                    kept.Add(tokens[batch / 16 % BatchSize].Token!);
            }
        }));
        return [.. kept];
    }

    private static async Task<TimeSpan> Took(Func<Task> call)
    {
        var began = Stopwatch.GetTimestamp();
        await call();
        return Stopwatch.GetElapsedTime(began);
    }
}
