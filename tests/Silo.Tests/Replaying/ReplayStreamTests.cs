using System.Collections.Immutable;
using System.Text.Json;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Explaining;
using Assay.Silo.Admin.Replaying;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Assay.Silo.Tests.Replaying;

/// <summary>How a replay's answer ends when it cannot end well.</summary>
public sealed class ReplayStreamTests : IDisposable
{
    private readonly Lifetime lifetime = new();
    private readonly JtiCodec names = new(new byte[32]);
    private readonly ServiceProvider services = new ServiceCollection().AddLogging().BuildServiceProvider();

    public void Dispose()
    {
        lifetime.Dispose();
        names.Dispose();
        services.Dispose();
    }

    [Fact]
    public async Task While_another_replay_runs_the_answer_is_to_come_back()
    {
        var replays = Replays(new Evidence(() => []));
        using var turn = replays.TryBegin();

        var context = await Answer(replays);

        Assert.Equal((429, "5"), (context.Response.StatusCode, context.Response.Headers.RetryAfter.ToString()));
        Assert.Contains("one at a time", Text(context));
    }

    [Fact]
    public async Task After_a_replay_the_next_one_may_begin()
    {
        var replays = Replays(new Evidence(() => []));

        await Answer(replays);
        var context = await Answer(replays);

        Assert.Equal(["progress", "report"], Lines(context));
    }

    [Fact]
    public async Task When_the_evidence_cannot_be_read_the_last_line_says_so()
    {
        var context = await Answer(Replays(new Evidence(() => throw new IOException("secret detail"))));

        Assert.Equal(["progress", "fault"], Lines(context));
        Assert.Contains("The evidence could not be read to the end.", Text(context));
        Assert.DoesNotContain("secret detail", Text(context));
    }

    [Fact]
    public async Task When_the_silo_stops_so_does_the_replay()
    {
        var context = await Answer(Replays(new Evidence(() =>
        {
            lifetime.StopApplication();
            return [EvidenceBatch.Create(1, 0, DateTimeOffset.UnixEpoch, [.. Enumerable.Repeat((ReadOnlyMemory<byte>)"{}"u8.ToArray(), 200)], [])];
        })));

        Assert.Equal(["progress", "fault"], Lines(context));
        Assert.Contains("The silo stops.", Text(context));
    }

    [Fact]
    public async Task When_the_caller_has_left_nothing_more_is_read()
    {
        using var leaving = new CancellationTokenSource();
        var pages = 0;
        var replays = Replays(new Evidence(() =>
        {
            leaving.Cancel();
            pages++;
            return [EvidenceBatch.Create(1, 0, DateTimeOffset.UnixEpoch, [.. Enumerable.Repeat((ReadOnlyMemory<byte>)"{}"u8.ToArray(), 200)], [])];
        }));

        var context = await Answer(replays, leaving.Token);

        Assert.Equal((1, "progress"), (pages, Assert.Single(Lines(context))));
        Assert.NotNull(replays.TryBegin());
    }

    private async Task<HttpContext> Answer(PolicyReplays replays, CancellationToken aborted = default)
    {
        var context = new DefaultHttpContext { RequestServices = services, RequestAborted = aborted };
        context.Response.Body = new MemoryStream();
        var candidate = LoadedPolicySet.LoadStored(new PolicyDocument([], null)).Set!;
        await new ReplayStream(replays, names, lifetime, new ReplayQuestion(candidate, "tokens", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1), 1000, false)).ExecuteAsync(context);
        return context;
    }

    private static PolicyReplays Replays(IEvidenceStore evidence)
    {
        var self = new SiloIdentity("http://127.0.0.1:1", "silo-1");
        return new PolicyReplays(evidence, null!, new History(null!, self), self, TimeProvider.System); // none of these records leads to a stored version
    }

    private static string Text(HttpContext context) => System.Text.Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray());

    private static IEnumerable<string> Lines(HttpContext context) =>
        Text(context).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.EnumerateObject().Single().Name);

    /// <summary>One page after the other, without an end.</summary>
    private sealed class Evidence(Func<ImmutableArray<EvidenceBatch>> page) : IEvidenceStore
    {
        public Task<EvidencePage> Before(EvidencePlace place, DateTimeOffset since, int maxBytes, CancellationToken cancellationToken)
        {
            var batches = page();
            return Task.FromResult(new EvidencePage(batches, batches.IsEmpty ? null : new EvidencePlace(DateTimeOffset.UnixEpoch, 1, 0), 0));
        }

        public Task<BatchResult> Append(EvidenceBatch batch, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<EvidenceBatch?> Find(long shard, long position, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<EvidenceIndexRow>> IndexBack(
            string realm, string subject, DateTimeOffset until, DateTimeOffset since, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<EvidenceIndexRow>> Index(string realm, string subject, DateTimeOffset since, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<ImmutableArray<SpentAssertion>>> Spent(ImmutableArray<SubjectKey> subjects, DateTimeOffset now, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<EvidenceBatch>> Newest(int batches, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => stopping.Cancel();

        public void Dispose() => stopping.Dispose();
    }
}
