using Assay.Core.Evidence;
using Assay.Core.Revocation;
using Assay.Core.StatusLists;
using Assay.Grains.Authority;
using Assay.Silo.Evidence;

namespace Assay.Silo.StatusLists;

/// <summary>
/// Makes the lists of a shard again from its evidence, once its silo is sealed: from then on every token that may have left is there. What has no record is
/// shown as invalid, and so is what cannot be read.
/// </summary>
internal sealed class StatusListRestoration(
    IAuthorityStore authority, ILogStore store, StatusListNames names, TokenHandles handles, SiloIdentity self, TimeProvider clock, ILogger<StatusListRestoration> log)
{
    private const int PageBytes = 4 * 1024 * 1024;

    /// <summary>Longer than any token lives, and room for a writer's clock that was set back.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromMinutes(20);

    /// <param name="lists">Empty; what is revoked from now on is added to it by others.</param>
    /// <param name="revoked">Takes what was revoked before.</param>
    public async Task<RestorationState> Restore(StatusShard lists, Action<StatusShard, RevocationId, long> revoked)
    {
        try
        {
            if (await authority.SealIfLapsed(lists.Shard, CancellationToken.None) is null)
                return RestorationState.Elsewhere;

            var started = clock.GetTimestamp();
            var tokens = await Tokens(lists);
            foreach (var (id, number, _) in await Revocations.Recent(authority, self.Realm, long.MaxValue - 1, clock.GetUtcNow() - RevocationSet.Retention, CancellationToken.None))
                revoked(lists, id, number);
            var ended = lists.Sweep(long.MaxValue);
            Log.Restored(log, lists.Shard, tokens, ended, clock.GetElapsedTime(started).TotalSeconds);
            return RestorationState.Ready;
        }
        catch (ArgumentOutOfRangeException)
        {
            return RestorationState.Never;
        }
        catch (Exception fault)
        {
            Log.NotRestored(log, fault, lists.Shard);
            return RestorationState.Failed;
        }
    }

    private async Task<int> Tokens(StatusShard lists)
    {
        var now = clock.GetUtcNow();
        var tokens = 0;
        for (var next = await Start(lists.Shard, now - LookBack); ;)
        {
            var page = await store.Batches(lists.Shard, next, PageBytes, CancellationToken.None);
            if (page.IsEmpty)
                return tokens;
            foreach (var batch in page)
                tokens += Tokens(lists, batch, now);
            next = page[^1].FirstPosition + page[^1].Count;
        }
    }

    private int Tokens(StatusShard lists, StoredBatch stored, DateTimeOffset now)
    {
        var tokens = 0;
        try
        {
            var batch = EvidenceBatch.Read(stored.Shard, stored.FirstPosition, stored.Count, stored.CommittedAt, stored.Payload, stored.Checksum);
            for (var i = 0; i < batch.Records.Length; i++)
            {
                if (RecordedStatus.Read(batch.Records[i].Span) is { } status
                    && names.TryRead(status.List, out var name) && name.Shard == lists.Shard && !StatusShard.IsRetired(name, now))
                {
                    lists.Restore(name, status.Index, Entry(status, batch.FirstPosition + i));
                    tokens++;
                }
            }
        }
        catch (Exception fault) when (fault is InvalidDataException or FormatException)
        {
            Log.NotReadable(log, stored.Shard, stored.FirstPosition, fault.Message);
        }

        return tokens;
    }

    private StatusEntry Entry(RecordedStatus status, long position) => new(
        position, status.Number, status.IssuedAt, status.ExpiresAt,
        handles.Of(RevocationKind.Identity, status.ClientId), handles.Of(RevocationKind.Credential, status.Credential),
        handles.Of(RevocationKind.PolicyVersion, status.PolicyVersion), handles.Of(RevocationKind.Key, status.KeyId));

    /// <summary>A position before which nothing was committed after that moment: halves the shard until it is found.</summary>
    private async Task<long> Start(long shard, DateTimeOffset since)
    {
        var (low, high) = (0L, (await store.Heads([shard], CancellationToken.None)).FirstOrDefault(head => head.Shard == shard)?.Size ?? 0);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            var batch = (await store.Batches(shard, middle, maxBytes: 1, CancellationToken.None))[0]; // as it lies: one that is damaged has its time too
            if (batch.CommittedAt >= since)
                high = Math.Min(middle, batch.FirstPosition);
            else
                low = Math.Max(middle + 1, batch.FirstPosition + batch.Count);
        }

        return low;
    }
}
