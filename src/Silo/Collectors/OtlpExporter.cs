using System.Net;
using System.Net.Http.Headers;
using Assay.Core.Evidence;
using Assay.Core.Transparency;
using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Assay.Silo.Storage.Sqlite;

namespace Assay.Silo.Collectors;

/// <summary>
/// Sends what this silo records to a collector, read back from the log and beside everything else: each record once at least, in the order of its shard. The position is kept in the data folder, so a
/// silo that starts again goes on where it was, also with what earlier starts from that folder have left. While the collector is away nothing is lost and nothing waits but the sending.
/// </summary>
internal sealed class OtlpExporter(
    OtlpTarget target, ILogStore log, SiloLease lease, DataFolder folder, SiloIdentity self, TimeProvider clock, ILogger<OtlpExporter> logger) : BackgroundService
{
    public const int MostRecords = 512;
    private const int PageBytes = 1024 * 1024;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) }) { Timeout = Patience };

    public override void Dispose()
    {
        http.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var sent = new SentPositions(Path.Combine(folder.Folder, "otlp.json"));
        var delay = Every;
        var isFailing = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (lease.Epoch != 0 && !sent.Shards.Contains(lease.Epoch))
                    sent.Advance(lease.Epoch, 0);
                foreach (var shard in sent.Shards)
                    await Send(sent, shard, stoppingToken);
                if (isFailing)
                    Log.SendsAgain(logger, target.Endpoint);
                (delay, isFailing) = (Every, false);
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                if (!isFailing)
                    Log.CannotSend(logger, target.Endpoint, fault.Message);
                isFailing = true;
                delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
            }

            try
            {
                await Task.Delay(delay, clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>All that a shard has to be sent.</summary>
    private async Task Send(SentPositions sent, long shard, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = sent.Next(shard);
            var batches = await log.Batches(shard, next, PageBytes, cancellationToken);
            if (batches.IsEmpty)
            {
                // An epoch before this silo's own was sealed when it joined, and grows no more.
                if (shard < lease.Epoch)
                    sent.Done(shard);
                return;
            }

            foreach (var batch in batches)
                next = await Send(sent, batch, next, cancellationToken);
        }
    }

    private async Task<long> Send(SentPositions sent, StoredBatch batch, long next, CancellationToken cancellationToken)
    {
        var records = LoggedBatch.Split(batch.Payload) ?? []; // what was dropped or cannot be read is for whoever verifies the log
        while (next < batch.FirstPosition + batch.Count)
        {
            using var request = new OtlpRecords(self.Node);
            for (; next < batch.FirstPosition + batch.Count && request.Count < MostRecords; next++)
            {
                var at = (int)(next - batch.FirstPosition);
                if (at < records.Length && Read(records[at].Span) is { } record && OcsfEvent.IsOne(record))
                    request.Add(record, records[at].Span);
            }

            if (request.Count > 0)
                await Post(request.End(), cancellationToken);
            sent.Advance(batch.Shard, next);
        }

        return next;
    }

    private static EvidenceRecord? Read(ReadOnlySpan<byte> encoded)
    {
        try
        {
            return EvidenceRecord.Decode(encoded);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private async Task Post(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, target.Endpoint) { Content = new ReadOnlyMemoryContent(request) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in target.Headers)
            message.Headers.TryAddWithoutValidation(name, value);
        using var answer = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (answer.StatusCode is < HttpStatusCode.OK or >= HttpStatusCode.Ambiguous)
            throw new HttpRequestException($"it answered {(int)answer.StatusCode}");
    }
}

internal static class CollectorServices
{
    /// <summary>After <c>AddEvidence</c>. Nothing when it was not asked for.</summary>
    public static IServiceCollection AddOtlpEvidence(this IServiceCollection services, OtlpTarget? target)
    {
        if (target is null)
            return services;
        services.AddSingleton(target);
        services.AddHostedService<OtlpExporter>();
        return services;
    }
}
