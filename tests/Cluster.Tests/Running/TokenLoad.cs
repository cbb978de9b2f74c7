using System.Collections.Concurrent;

namespace Assay.Cluster.Tests.Running;

/// <summary>
/// Clients that ask for tokens all the time, each of its own silo, so that one that hangs holds up nobody else. Every answer is kept. They take a breath
/// between two requests: on few cores it would else be them whom silos wait for when they probe each other, and not what a trial does to a silo.
/// </summary>
internal sealed class TokenLoad : IAsyncDisposable
{
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource over = new();
    private readonly List<Task> workers = [];
    private long issued;

    private readonly bool keepTokens;

    private readonly int batch;

    private TokenLoad(bool keepTokens, int batch) => (this.keepTokens, this.batch) = (keepTokens, batch);

    public ConcurrentQueue<TokenAnswer> Answers { get; } = [];

    /// <summary>Of every token that was received when the tokens themselves are not kept; else empty.</summary>
    public ConcurrentQueue<TokenReceipt> Receipts { get; } = [];

    public IEnumerable<TokenAnswer> Issued => Answers.Where(answer => answer.Status == 200);

    /// <param name="workers">Requests under way at once, spread over the silos.</param>
    /// <param name="silos">Those that are asked; all of the cluster when null.</param>
    /// <param name="batch">Every second worker asks for so many tokens at once.</param>
    /// <param name="keepTokens">False to keep receipts of tokens, and answers only of other requests: for millions.</param>
    public static TokenLoad Start(
        TestCluster cluster, IReadOnlyList<ClusterIdentity> identities, string scope, int workers, IReadOnlyList<SiloProcess>? silos = null, bool keepTokens = true,
        int batch = 1)
    {
        var load = new TokenLoad(keepTokens, batch);
        silos ??= cluster.Silos;
        for (var worker = 0; worker < workers; worker++)
        {
            var first = worker;
            load.workers.Add(Task.Run(() => load.Run(cluster.Http, silos[first % silos.Count], identities, scope, first, first / silos.Count % 2 == 1 ? batch : 1)));
        }

        return load;
    }

    /// <summary>Waits for so many more tokens.</summary>
    public async Task More(int tokens)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120 + (tokens / 50)));
        var goal = Interlocked.Read(ref issued) + tokens;
        while (Interlocked.Read(ref issued) < goal)
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

    private async Task Run(HttpClient http, SiloProcess silo, IReadOnlyList<ClusterIdentity> identities, string scope, int turn, int atOnce)
    {
        for (; !over.IsCancellationRequested; turn++)
        {
            var identity = identities[turn % identities.Count];
            IReadOnlyList<TokenAnswer> answers = atOnce == 1 ? [await http.Ask(silo, identity, scope)] : await http.AskForMany(silo, identity, scope, atOnce);
            foreach (var answer in answers)
            {
                if (keepTokens || answer.Status != 200)
                    Answers.Enqueue(answer);
                else
                    Receipts.Enqueue(TokenReceipt.Of(answer));
                if (answer.Status == 200)
                    Interlocked.Increment(ref issued);
            }

            await Task.Delay(answers[0].Status == 200 ? Breath : 2 * Breath, CancellationToken.None); // longer where nobody listens at the moment
        }
    }
}
