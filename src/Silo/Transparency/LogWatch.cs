using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Core.Registry;
using Assay.Core.Transparency;
using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Transparency;

/// <summary>
/// Knows how far every shard has come, and writes it into this silo's own: whoever changes one shard behind the silos' backs would have to change the others
/// too. What a dead silo has left is written down as its last word. Nothing is written while nothing happens.
/// </summary>
internal sealed class LogWatch(
    ILogStore store, EvidenceAppender evidence, SiloLease lease, CheckpointSigner signer, Cosignatures cosignatures, SiloIdentity self, IOptions<LogOptions> options, TimeProvider clock, ILogger<LogWatch> log)
    : BackgroundService
{
    /// <summary>So many records of another shard are looked at, to see whether they only say how far others have come.</summary>
    private const long FewRecords = 8;

    /// <summary>How long a note over shards that stand still says when they stood so.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(10);

    private readonly Dictionary<long, ShardHead> written = [];
    private readonly Lock noting = new();
    private readonly HashSet<long> wentBack = [];
    private ImmutableSortedDictionary<long, StoredHead> heads = ImmutableSortedDictionary<long, StoredHead>.Empty;
    private Noted? noted;

    /// <summary>As of the last look, <see cref="LogOptions.CheckpointEvery"/> ago as a rule. A shard that went back stays where it was.</summary>
    public ImmutableSortedDictionary<long, StoredHead> Heads => Volatile.Read(ref heads);

    /// <summary>Looks now. For one caller at a time; the loop is the other.</summary>
    public async Task<ImmutableSortedDictionary<long, StoredHead>> Look(CancellationToken cancellationToken)
    {
        var known = Heads;
        ImmutableArray<long>? open = known.IsEmpty ? null : [.. known.Values.Where(head => !head.IsSealed).Select(head => head.Shard)];
        var next = known.ToBuilder();
        foreach (var head in await store.Heads(open, cancellationToken))
        {
            if (known.TryGetValue(head.Shard, out var before) && (head.Size < before.Size || (head.Size == before.Size && head.Root != before.Root)))
            {
                lock (wentBack)
                {
                    if (wentBack.Add(head.Shard))
                        Log.WentBack(log, head.Shard, before.Size, head.Size);
                }

                continue;
            }

            if (before is null || (before.Size, before.Root, before.IsSealed) != (head.Size, head.Root, head.IsSealed))
                next[head.Shard] = head;
        }

        var result = next.ToImmutable(); // the same one when nothing is new
        Volatile.Write(ref heads, result);
        return result;
    }

    /// <summary>
    /// A note over all shards as of the last look; null when there is no key. Signed once for each look that found something new, and again after <see cref="KeptFor"/>, whoever
    /// asks how often: anybody may.
    /// </summary>
    public SignedNote? Note(SiloSnapshot view)
    {
        var now = Heads;
        lock (noting)
        {
            if (noted is { } last && ReferenceEquals(last.Of, now) && last.Keys == view.Keys && last.Cosigned == cosignatures.All && clock.GetElapsedTime(last.At) < KeptFor)
                return last.Note;
            var cosigned = cosignatures.All;
            if (Note(view, now.Values) is not { } note)
                return null;
            noted = new Noted(now, view.Keys, cosigned, clock.GetTimestamp(), note);
            return note;
        }
    }

    /// <summary>A note over all shards, signed now; null when there is no key.</summary>
    public SignedNote? Note(SiloSnapshot view, IEnumerable<StoredHead> of)
    {
        ImmutableArray<ShardHead> now = [.. of.Where(head => head.Root is not null).Select(Head)];
        return signer.Sign(new ClusterCheckpoint(signer.Log, clock.GetUtcNow(), LogKeys.Of(view, signer.Log), now) { Cosigned = Cosigned(view, now) }.Text);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.CheckpointEvery, clock);
        try
        {
            do
            {
                try
                {
                    if (!lease.IsCurrent)
                        continue;
                    var now = await Look(stoppingToken);
                    if (signer.CanSign && await IsNews(now, stoppingToken))
                        await Write(now);
                }
                catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
                {
                    Log.NotWatched(log, fault.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>Whether anything happened but that silos wrote down how far they had come: else two of them would answer each other for ever.</summary>
    private async Task<bool> IsNews(ImmutableSortedDictionary<long, StoredHead> now, CancellationToken cancellationToken)
    {
        foreach (var head in now.Values)
        {
            if (head.Root is null)
                continue;
            if (!written.TryGetValue(head.Shard, out var before) || (head.IsSealed && !before.IsSealed))
                return true;
            if (head.Size - before.Size > FewRecords)
                return true;
            if (head.Size > before.Size && !await OnlyCheckpoints(head.Shard, before.Size, cancellationToken))
                return true;
        }

        return false;
    }

    private async Task<bool> OnlyCheckpoints(long shard, long from, CancellationToken cancellationToken)
    {
        foreach (var stored in await store.Batches(shard, from, int.MaxValue, cancellationToken))
        {
            if (stored.Payload.IsEmpty)
                return false;
            var batch = EvidenceBatch.Read(stored.Shard, stored.FirstPosition, stored.Count, stored.CommittedAt, stored.Payload, stored.Checksum);
            for (var i = 0; i < batch.Records.Length; i++)
            {
                if (batch.FirstPosition + i >= from && EvidenceRecord.Decode(batch.Records[i].Span).Kind != EvidenceKind.Checkpoint)
                    return false;
            }
        }

        return true;
    }

    private async Task Write(ImmutableSortedDictionary<long, StoredHead> now)
    {
        var news = ImmutableArray.CreateBuilder<ShardHead>();
        foreach (var stored in now.Values)
        {
            if (stored.Root is not null && Head(stored) is var head && (!written.TryGetValue(head.Shard, out var before) || before != head))
                news.Add(head);
        }

        using var slot = evidence.Reserve();
        if (slot is null)
            return;
        slot.Fill(
            new EvidenceRecord
            {
                Kind = EvidenceKind.Checkpoint,
                Shard = slot.Shard,
                Position = slot.Position,
                Node = self.Node,
                Time = clock.GetUtcNow(),
                RequestId = Guid.NewGuid(),
                Heads = new LogHeads(news.ToImmutable()),
            }.Encode(),
            default);
        if (!await slot.Committed)
            return;
        foreach (var head in news)
            written[head.Shard] = head;
    }

    /// <summary>All but what a recorded recovery has given up: whoever holds the log to that keeps a checkpoint of that time.</summary>
    private ImmutableArray<CosignedHead> Cosigned(SiloSnapshot view, ImmutableArray<ShardHead> now)
    {
        var all = cosignatures.All;
        if (view.Timelines.Newest is not { } timeline)
            return all;
        var sizes = now.ToDictionary(head => head.Shard, head => head.Size);
        return [.. all.Where(seen => seen.Shard >= timeline.FirstShard || seen.Size <= sizes.GetValueOrDefault(seen.Shard))];
    }

    /// <param name="Of">The heads that it is over.</param>
    private sealed record Noted(ImmutableSortedDictionary<long, StoredHead> Of, ImmutableArray<SigningKey> Keys, ImmutableArray<CosignedHead> Cosigned, long At, SignedNote Note);

    private static ShardHead Head(StoredHead stored) => new(stored.Shard, stored.Size, stored.Root!.Value, stored.IsSealed);
}
