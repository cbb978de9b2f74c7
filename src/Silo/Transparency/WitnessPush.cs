using System.Collections.Immutable;
using Assay.Core.Transparency;
using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Transparency;

/// <summary>
/// Shows the checkpoint of every shard that has grown to each witness, and keeps what it cosigns. Each silo does, for all shards: a witness cosigns the same again. One that fails is asked less often,
/// and holds nobody up.
/// </summary>
internal sealed class WitnessPush(
    LogWatch watch, Cosignatures kept, TreeTiles tiles, SiloLease lease, SiloView silo, CheckpointSigner signer, IOptions<LogOptions> options, TimeProvider clock, ILogger<WitnessPush> log) : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(5);

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) }) { Timeout = Patience };

    public override void Dispose()
    {
        http.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(options.Value.Witnesses.Select(one => Follow(new Witness(new Uri(one.Url), WitnessKey.Parse(one.Key), http), stoppingToken)));

    private async Task Follow(Witness witness, CancellationToken cancellationToken)
    {
        var every = options.Value.WitnessEvery;
        var delay = every;
        var complaint = "";
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var refusal = lease.IsCurrent ? await ShowAll(witness, cancellationToken) : null;
                if (refusal is null)
                    delay = every;
                else
                    throw new HttpRequestException(refusal);
                complaint = "";
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
            {
                if (complaint != fault.Message)
                    Log.NotWitnessed(log, witness.Url, fault.Message);
                complaint = fault.Message;
                delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
            }

            try
            {
                await Task.Delay(delay, clock, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>All that it has not cosigned; answers the first refusal, after everything was tried.</summary>
    private async Task<string?> ShowAll(Witness witness, CancellationToken cancellationToken)
    {
        string? refusal = null;
        var first = silo.Newest?.Timelines.Newest?.FirstShard ?? 0; // of the shards before it a witness may have seen more than there is
        foreach (var head in watch.Heads.Values)
        {
            if (head.Shard < first || head.Root is not { } root || kept.Newest(witness.Name, head.Shard)?.Size == head.Size)
                continue;
            var answer = await Show(witness, head, root, cancellationToken);
            refusal ??= answer;
        }

        return refusal;
    }

    private async Task<string?> Show(Witness witness, StoredHead head, TreeHash root, CancellationToken cancellationToken)
    {
        var origin = LogOrigin.OfShard(signer.Log, head.Shard);
        var signature = head.Signature.Length > 4 ? head.Signature : signer.Sign(new ShardHead(head.Shard, head.Size, root));
        if (signature.IsEmpty)
            return null; // there is no key at the moment; the next time
        var checkpoint = LogEndpoints.Note(origin, head.Size, root, signature.Span);

        var old = kept.Newest(witness.Name, head.Shard)?.Size ?? 0;
        for (var tries = 0; tries < 3; tries++)
        {
            var proof = old == 0 ? [] : await tiles.Hashes(head.Shard, TreeProof.Consistency(old, head.Size), cancellationToken);
            switch (await witness.Show(checkpoint, old, proof, cancellationToken))
            {
                case WitnessAnswer.Cosigned cosigned:
                    kept.Add(new CosignedHead(head.Shard, head.Size, root, cosigned.Signature));
                    return null;
                case WitnessAnswer.Elsewhere { Size: var seen } when seen > head.Size:
                    // Another silo has shown it more than this one has seen yet, unless the log went back: the next look tells.
                    return watch.Heads.TryGetValue(head.Shard, out var now) && now.Size >= seen ? null : $"it has seen {seen} records of shard {head.Shard}, and there are {head.Size}";
                case WitnessAnswer.Elsewhere { Size: var seen }:
                    old = seen;
                    break;
                case WitnessAnswer.Unknown:
                    return $"it does not know {origin}: it has to accept every origin below {signer.Log}/";
                case WitnessAnswer.Refused { Why: var why }:
                    return $"{origin}: {why}";
            }
        }

        return $"{origin}: it keeps naming another size";
    }
}
