using Assay.Grains.Authority;

namespace Assay.Grains.Identities;

/// <summary>
/// Which assertions of one identity were spent, until they expire anyway. Exact: it is bounded by refusing, never by forgetting. Evidence is its
/// durable memory.
/// </summary>
internal sealed class ReplayCache
{
    public const int Capacity = 4_000_000;

    private readonly Dictionary<AssertionHash, Guid> spent = [];
    private readonly PriorityQueue<AssertionHash, long> expiry = new();

    public int Count => spent.Count;

    /// <summary>Spends an assertion. The same request may spend it again: it is then the same call, repeated.</summary>
    public Spending Spend(AssertionHash hash, DateTimeOffset until, Guid request, DateTimeOffset now)
    {
        Forget(now);
        if (spent.TryGetValue(hash, out var earlier))
            return earlier == request ? Spending.Spent : Spending.Replayed;
        if (spent.Count >= Capacity)
            return Spending.Full;

        spent.Add(hash, request);
        expiry.Enqueue(hash, until.UtcTicks);
        return Spending.Spent;
    }

    /// <summary>Remembers what was spent before this activation.</summary>
    public void Remember(SpentBy earlier)
    {
        if (spent.TryAdd(earlier.Hash, earlier.Request))
            expiry.Enqueue(earlier.Hash, earlier.Until.UtcTicks);
    }

    /// <summary>What is spent and not expired, in no order.</summary>
    public IReadOnlyCollection<SpentBy> Remaining(DateTimeOffset now)
    {
        Forget(now);
        var remaining = new List<SpentBy>(spent.Count);
        foreach (var (hash, until) in expiry.UnorderedItems)
            remaining.Add(new SpentBy(hash, new DateTimeOffset(until, TimeSpan.Zero), spent[hash]));
        return remaining;
    }

    private void Forget(DateTimeOffset now)
    {
        while (expiry.TryPeek(out var hash, out var until) && until < now.UtcTicks)
        {
            expiry.Dequeue();
            spent.Remove(hash);
        }
    }
}

internal enum Spending
{
    Spent,
    Replayed,
    Full,
}
