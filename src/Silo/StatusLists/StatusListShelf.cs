using System.Collections.Concurrent;
using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Core.Revocation;
using Assay.Core.StatusLists;
using Assay.Grains.Authority;
using Assay.Grains.StatusLists;

namespace Assay.Silo.StatusLists;

/// <summary>
/// The status lists that this silo holds: its own, into which it puts every token it signs, and those of silos that are over, which it restored because somebody
/// asked. All in memory: a list is made again from the evidence.
/// </summary>
internal sealed class StatusListShelf(
    SiloLease lease,
    SiloView silo,
    DecisionGate gate,
    TokenHandles handles,
    JtiCodec jtis,
    StatusListNames names,
    StatusListPublisher publisher,
    StatusListRestoration restoration,
    SiloIdentity self,
    AssayMetrics metrics,
    TimeProvider clock) : IStatusListShelf, ISnapshotListener
{
    /// <summary>Longer than any list lasts from the moment on at which its shard is over.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(25);

    private readonly ConcurrentDictionary<long, RestoredShard> restored = new();
    private readonly SemaphoreSlim bell = new(0, 1);
    private StatusShard? own;

    /// <summary>Tokens that have a place in a list here.</summary>
    public long Held => (Volatile.Read(ref own)?.Held ?? 0) + restored.Values.Sum(static shard => shard.IsReady ? shard.Lists.Held : 0);

    /// <summary>Whether something was revoked that is still to be looked for.</summary>
    public bool HasPending => (Volatile.Read(ref own)?.HasPending ?? false) || restored.Values.Any(static shard => shard.IsReady && shard.Lists.HasPending);

    /// <summary>Gives a token that is about to be signed its place. Null when there is none: refuse it.</summary>
    public StatusReference? Take(in StatusEntry token) => Own().Take(token);

    /// <summary>What was revoked is looked for in every list. It has to be known before the change is acknowledged, not found by then.</summary>
    public ValueTask Changed(SiloSnapshot snapshot, ImmutableArray<FeedEntry> entries, CancellationToken cancellationToken)
    {
        Own(); // also before the first token: one that was decided before this change may still be on its way
        var rung = false;
        foreach (var entry in entries)
        {
            foreach (var revoked in entry.Keys)
            {
                if (revoked.Kind != ObjectKinds.Revocation || revoked.Realm != self.Realm)
                    continue;
                var id = Revocations.IdOf(revoked);
                Add(Own(), id, entry.Number);
                foreach (var (_, other) in restored)
                    Add(other.Lists, id, entry.Number);
                rung = true;
            }
        }

        if (rung)
            Ring();
        return ValueTask.CompletedTask;
    }

    public bool MayHold(long shard) => shard == lease.Epoch || (restored.TryGetValue(shard, out var other) && other.State != RestorationState.Elsewhere);

    public StatusListAnswer Read(long shard, string list)
    {
        if (silo.Current is null) // our lease lapsed: what was revoked since is not known here
            return StatusListAnswer.Unavailable;
        if (!names.TryRead(list, out var name) || name.Shard != shard)
            return StatusListAnswer.NotFound;

        return HeldOf(shard, out var never) is { } held
            ? held.Find(name) is { } found ? publisher.Publish(found) : StatusListAnswer.NotFound
            : never ? StatusListAnswer.NotFound : StatusListAnswer.Unavailable;
    }

    public ImmutableArray<string> List(long shard)
    {
        var now = clock.GetUtcNow();
        return silo.Current is not null && HeldOf(shard, out _) is { } held
            ? [.. held.Lists.Where(list => !StatusShard.IsRetired(list.Name, now)).OrderBy(static list => list.Name.Ordinal).Select(static list => list.Address.Id)]
            : [];
    }

    /// <summary>Looks for what was revoked, in every list.</summary>
    public void Sweep()
    {
        var drained = gate.Drained; // first: what had left by then has its place by now
        var started = clock.GetTimestamp();
        var ended = Volatile.Read(ref own)?.Sweep(drained) ?? 0;
        foreach (var (_, other) in restored)
        {
            if (other.IsReady)
                ended += other.Lists.Sweep(long.MaxValue); // nothing is added to it any more
        }

        metrics.StatusSwept(ended, clock.GetElapsedTime(started));
    }

    /// <summary>Drops lists whose tokens have all expired.</summary>
    public void Retire()
    {
        var now = clock.GetUtcNow();
        Volatile.Read(ref own)?.Retire(now);
        foreach (var (shard, other) in restored)
        {
            if (other.IsReady)
                other.Lists.Retire(now);
            if (clock.GetElapsedTime(other.Created) > KeptFor)
                restored.TryRemove(KeyValuePair.Create(shard, other));
        }
    }

    /// <summary>Completes when something was revoked, and after a while.</summary>
    public Task Wait(TimeSpan atMost, CancellationToken cancellationToken) => bell.WaitAsync(atMost, cancellationToken);

    private StatusShard Own()
    {
        if (Volatile.Read(ref own) is { } present)
            return present;
        if (lease.Epoch == 0)
            throw new InvalidOperationException("the silo has not joined: it has no shard yet");
        var made = new StatusShard(lease.Epoch, names);
        return Interlocked.CompareExchange(ref own, made, null) ?? made;
    }

    /// <summary>The lists of a shard; null while they cannot be told.</summary>
    private StatusShard? HeldOf(long shard, out bool never)
    {
        never = false;
        if (shard == lease.Epoch)
            return Own();

        var other = restored.GetOrAdd(shard, static (one, state) => new RestoredShard(new StatusShard(one, state.names, isRestored: true), state.clock.GetTimestamp()), (names, clock));
        other.Begin(restoration, Add);
        if (other.IsToBeTriedAgain(clock))
            restored.TryRemove(KeyValuePair.Create(shard, other));
        never = other.State == RestorationState.Never;
        return other.IsReady ? other.Lists : null;
    }

    private void Add(StatusShard lists, RevocationId id, long number)
    {
        if (PendingOf(lists.Shard, id, number) is { } end)
            lists.Add([end]);
    }

    /// <summary>Null when it is of a token that is in none of these lists.</summary>
    private PendingEnd? PendingOf(long shard, RevocationId id, long number)
    {
        var entry = new RevocationEntry(handles.Of(id.Kind, id.Name), number, id.Window, clock.GetUtcNow());
        if (id.Kind != RevocationKind.Jti)
            return new PendingEnd(entry, null);
        return jtis.TryDecode(id.Name, out var place) && place.Shard == shard ? new PendingEnd(entry, place.Position) : null;
    }

    private void Ring()
    {
        try
        {
            bell.Release();
        }
        catch (SemaphoreFullException)
        {
            // it has been rung, and nobody came yet
        }
    }
}
