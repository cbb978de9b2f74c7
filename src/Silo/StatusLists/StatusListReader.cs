using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using Assay.Core.Jose;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.StatusLists;
using Assay.Silo.Evidence;
using Assay.Silo.Transparency;
using Microsoft.Extensions.Options;

namespace Assay.Silo.StatusLists;

/// <summary>A list as it goes over the wire.</summary>
/// <param name="Tag">Names these bytes, and no others.</param>
internal sealed record ServedList(StatusListOutcome Outcome, ReadOnlyMemory<byte> Token, ReadOnlyMemory<byte> Gzip, string Tag)
{
    public static ServedList Of(StatusListAnswer answer)
    {
        if (answer.Outcome != StatusListOutcome.Found)
            return new ServedList(answer.Outcome, default, default, "");

        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(answer.Token.Span);
        return new ServedList(
            StatusListOutcome.Found, answer.Token, compressed.GetBuffer().AsMemory(0, (int)compressed.Length),
            Base64UrlText.Encode(SHA256.HashData(answer.Token.Span).AsSpan(0, 16)));
    }
}

/// <summary>
/// Finds a list wherever it is held. What was found is kept for a moment, so that a list that many ask for costs the silo that holds it one call a moment from each other silo;
/// a name that is not ours, or of a list that has retired, costs nobody anything.
/// </summary>
internal sealed class StatusListReader(
    StatusListNames names, IStatusListShelf shelf, SiloLease lease, SiloView silo, LogWatch log, IGrainFactory grains, SiloIdentity self, IOptions<StatusListOptions> options, TimeProvider clock)
{
    private const int MostKept = 4096;

    /// <summary>Shards that are asked which lists they have.</summary>
    private const int MostShards = 64;

    private static readonly ServedList NotFound = ServedList.Of(StatusListAnswer.NotFound);
    private static readonly ServedList Unavailable = ServedList.Of(StatusListAnswer.Unavailable);

    /// <summary>Longer than a list lasts after the last record of its shard.</summary>
    private static readonly TimeSpan LongestLeft = TimeSpan.FromMinutes(25);

    private readonly ConcurrentDictionary<string, Kept<ServedList>> lists = new(StringComparer.Ordinal);
    private Kept<ImmutableArray<string>>? all;

    public Task<ServedList> Read(string id)
    {
        if (silo.Current is null)
            return Task.FromResult(Unavailable);
        if (!names.TryRead(id, out var name) || StatusShard.IsRetired(name, clock.GetUtcNow()))
            return Task.FromResult(NotFound);

        if (lists.TryGetValue(id, out var kept) && IsFresh(kept))
            return kept.Value;
        if (lists.Count >= MostKept)
            lists.Clear();
        return (lists[id] = new Kept<ServedList>(clock.GetTimestamp(), Ask(name.Shard, id))).Value;
    }

    /// <summary>The URLs of all lists that can be told of; those of a silo that is over and was not restored yet are missing. Null when this silo may not say.</summary>
    public async Task<ImmutableArray<string>?> All()
    {
        if (silo.Current is null)
            return null;
        if (Volatile.Read(ref all) is not { } kept || !IsFresh(kept))
            Volatile.Write(ref all, kept = new Kept<ImmutableArray<string>>(clock.GetTimestamp(), AskAll()));
        return await kept.Value;
    }

    private bool IsFresh<T>(Kept<T> kept) => !kept.Value.IsCompleted || clock.GetElapsedTime(kept.Begun) < options.Value.PublishEvery;

    private async Task<ServedList> Ask(long shard, string id)
    {
        await Task.Yield(); // whoever waits for it, nobody does the work on the way
        try
        {
            return ServedList.Of(shard == lease.Epoch ? shelf.Read(shard, id) : await GrainOf(shard).Read(id));
        }
        catch (Exception fault) when (fault is TimeoutException or OrleansException)
        {
            return Unavailable; // its silo is gone, or about to be: asked again, another one restores it
        }
    }

    private async Task<ImmutableArray<string>> AskAll()
    {
        var since = clock.GetUtcNow() - LongestLeft;
        var shards = log.Heads.Values.Where(head => head.Shard != lease.Epoch && head.At > since).OrderByDescending(static head => head.Shard).Take(MostShards).Select(static head => head.Shard);
        var found = await Task.WhenAll(shards.Select(AskFor).Prepend(Task.FromResult(shelf.List(lease.Epoch))));
        return [.. found.SelectMany(static ids => ids).Select(id => $"{names.Aggregation}/{id}")];
    }

    private async Task<ImmutableArray<string>> AskFor(long shard)
    {
        try
        {
            return await GrainOf(shard).List();
        }
        catch (Exception fault) when (fault is TimeoutException or OrleansException)
        {
            return [];
        }
    }

    private IStatusListGrain GrainOf(long shard) => grains.GetGrain<IStatusListGrain>(GrainKey.For(self.Realm, shard.ToString(CultureInfo.InvariantCulture)));

    /// <param name="Begun">A timestamp.</param>
    private sealed record Kept<T>(long Begun, Task<T> Value);
}
