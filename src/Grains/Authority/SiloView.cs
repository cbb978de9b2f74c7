using System.Collections.Immutable;

namespace Assay.Grains.Authority;

/// <summary>What this silo decides with. Reading it costs a clock read; it is null whenever the lease has lapsed.</summary>
public sealed class SiloView(SiloLease lease)
{
    private readonly Lock guard = new();
    private readonly Dictionary<ObjectKey, IdentityFreshness> tracked = [];
    private readonly List<Waiter> waiters = [];
    private ImmutableArray<Action<ImmutableArray<FeedEntry>>> listeners = [];
    private SiloSnapshot? snapshot;

    /// <summary>The newest snapshot, or null when the silo may not decide: refuse, never guess.</summary>
    public SiloSnapshot? Current => lease.IsCurrent ? Volatile.Read(ref snapshot) : null;

    /// <summary>The newest snapshot whether or not the lease is current: for reports, never for decisions.</summary>
    public SiloSnapshot? Newest => Volatile.Read(ref snapshot);

    /// <summary>
    /// From now on learns of changes to an identity. Begin before reading its state from the store: a change is then either in what was read
    /// or raises <see cref="IdentityFreshness.RequiredNumber"/>. Not before the silo has joined.
    /// </summary>
    public IdentityFreshness Track(string realm, string identityId)
    {
        var freshness = new IdentityFreshness(this, new ObjectKey(realm, ObjectKinds.Identity, identityId));
        lock (guard)
        {
            if (snapshot is null)
                throw new InvalidOperationException("the silo has not joined: it cannot tell yet what it has missed");
            freshness.Next = tracked.GetValueOrDefault(freshness.Key);
            tracked[freshness.Key] = freshness;
        }

        return freshness;
    }

    /// <summary>Completes when this silo has applied the feed up to <paramref name="number"/>, so that a caller sees its own change here.</summary>
    public async Task WaitFor(long number, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (guard)
        {
            if (snapshot?.Number >= number)
                return;
            waiters.Add(waiter = new Waiter(number));
        }

        try
        {
            await using var cancelled = cancellationToken.UnsafeRegister(
                static (state, token) => ((Waiter)state!).TrySetCanceled(token), waiter);
            await waiter.Task;
        }
        finally
        {
            lock (guard)
                waiters.Remove(waiter);
        }
    }

    /// <summary>Calls for all changes that this silo learns of from now on, before it has applied them. What is called neither waits nor throws.</summary>
    public void Listen(Action<ImmutableArray<FeedEntry>> hear)
    {
        lock (guard)
            listeners = listeners.Add(hear);
    }

    /// <summary>The identities these entries name have to be at least as new. Before <see cref="Swap"/>.</summary>
    internal void Raise(ImmutableArray<FeedEntry> entries)
    {
        foreach (var hear in listeners)
            hear(entries);
        lock (guard)
        {
            foreach (var entry in entries)
            {
                foreach (var key in entry.Keys)
                {
                    tracked.TryGetValue(key, out var one);
                    for (; one is not null; one = one.Next)
                        one.Raise(entry.Number);
                }
            }
        }
    }

    internal void Swap(SiloSnapshot next)
    {
        lock (guard)
        {
            Volatile.Write(ref snapshot, next);
            foreach (var waiter in waiters)
            {
                if (waiter.Number <= next.Number)
                    waiter.TrySetResult();
            }
        }
    }

    internal void Forget(IdentityFreshness freshness)
    {
        lock (guard)
        {
            var first = tracked[freshness.Key];
            if (ReferenceEquals(first, freshness))
            {
                if (freshness.Next is { } rest)
                    tracked[freshness.Key] = rest;
                else
                    tracked.Remove(freshness.Key);
                return;
            }

            var before = first;
            while (!ReferenceEquals(before.Next, freshness))
                before = before.Next!;
            before.Next = freshness.Next;
        }
    }

    private sealed class Waiter(long number) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Number { get; } = number;
    }
}
