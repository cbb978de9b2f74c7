using System.Collections.Concurrent;

namespace Assay.Cluster.Tests.Running;

/// <summary>Clients that ask for tokens without pause, each of its own silo, so that one that hangs holds up nobody else. Every answer is kept.</summary>
internal sealed class TokenLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource over = new();
    private readonly List<Task> workers = [];

    private TokenLoad()
    {
    }

    public ConcurrentQueue<TokenAnswer> Answers { get; } = [];

    public IEnumerable<TokenAnswer> Issued => Answers.Where(answer => answer.Status == 200);

    /// <param name="workers">Requests under way at once, spread over the silos.</param>
    /// <param name="silos">Those that are asked; all of the cluster when null.</param>
    public static TokenLoad Start(
        TestCluster cluster, IReadOnlyList<ClusterIdentity> identities, string scope, int workers, IReadOnlyList<SiloProcess>? silos = null)
    {
        var load = new TokenLoad();
        silos ??= cluster.Silos;
        for (var worker = 0; worker < workers; worker++)
        {
            var first = worker;
            load.workers.Add(Task.Run(() => load.Run(cluster.Http, silos[first % silos.Count], identities, scope, first)));
        }

        return load;
    }

    /// <summary>Waits for so many more tokens.</summary>
    public async Task More(int tokens)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        var goal = Issued.Count() + tokens;
        while (Issued.Count() < goal)
            await Task.Delay(20, patience.Token);
    }

    public async Task<IReadOnlyList<TokenAnswer>> Stop()
    {
        await over.CancelAsync();
        await Task.WhenAll(workers);
        return [.. Answers];
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        over.Dispose();
    }

    private async Task Run(HttpClient http, SiloProcess silo, IReadOnlyList<ClusterIdentity> identities, string scope, int turn)
    {
        for (; !over.IsCancellationRequested; turn++)
        {
            var answer = await http.Ask(silo, identities[turn % identities.Count], scope);
            Answers.Enqueue(answer);
            if (answer.Status != 200)
                await Task.Delay(20, CancellationToken.None); // nobody listens there at the moment, or it asked for a pause
        }
    }
}
