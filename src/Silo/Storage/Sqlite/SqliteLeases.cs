using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>
/// The leases of this process. On SQLite they live in memory: the lock on the data folder makes this process the only one, and a lease of an
/// earlier process ended with it. Counted by the monotonic clock, so that setting the time of day neither ends nor prolongs one.
/// </summary>
internal sealed class SqliteLeases(TimeProvider clock)
{
    private readonly Lock guard = new();
    private readonly SortedDictionary<long, Lease> leases = [];

    public void Add(long epoch, string slot, TimeSpan life, long head)
    {
        lock (guard)
            leases.Add(epoch, new Lease(slot) { Deadline = In(life), Acknowledged = head });
    }

    /// <summary>Undoes <see cref="Add"/> when the join was not committed.</summary>
    public void Remove(long epoch)
    {
        lock (guard)
            leases.Remove(epoch);
    }

    /// <summary>False when it is sealed.</summary>
    public bool Renew(long epoch, TimeSpan life)
    {
        lock (guard)
        {
            if (!leases.TryGetValue(epoch, out var lease) || lease.IsSealed)
                return false;
            lease.Deadline = In(life);
            return true;
        }
    }

    public void Acknowledge(long epoch, long number)
    {
        lock (guard)
        {
            if (leases.TryGetValue(epoch, out var lease) && lease.Acknowledged < number)
                lease.Acknowledged = number;
        }
    }

    /// <summary>Those whose silos may still let something out.</summary>
    public ImmutableArray<LeaseRow> Rows()
    {
        var rows = ImmutableArray.CreateBuilder<LeaseRow>();
        lock (guard)
        {
            foreach (var (epoch, lease) in leases)
            {
                if (!lease.IsSealed || !IsOver(lease))
                    rows.Add(new LeaseRow(epoch, lease.Slot, lease.Acknowledged, lease.IsSealed));
            }
        }

        return rows.DrainToImmutable();
    }

    /// <summary>Unsealed epochs of a slot.</summary>
    public ImmutableArray<long> Of(string slot)
    {
        lock (guard)
            return [.. leases.Where(one => one.Value.Slot == slot && !one.Value.IsSealed).Select(one => one.Key)];
    }

    /// <summary>Whether its time has passed, or it was given back, or it is of an earlier process.</summary>
    public bool IsOver(long epoch)
    {
        lock (guard)
            return !leases.TryGetValue(epoch, out var lease) || IsOver(lease);
    }

    /// <summary>It was given back: nothing of it is on its way out.</summary>
    public void Leave(long epoch)
    {
        lock (guard)
        {
            if (leases.TryGetValue(epoch, out var lease))
                lease.HasLeft = true;
        }
    }

    /// <summary>Closes the fence: an append that has begun is waited for, and none begins any more.</summary>
    public void Seal(long epoch)
    {
        if (Find(epoch) is { } lease)
            Close(lease);
    }

    /// <summary>As <see cref="Seal"/>, unless the lease was renewed meanwhile; false then.</summary>
    public bool SealIfOver(long epoch)
    {
        Lease? lease;
        lock (guard)
        {
            if (leases.TryGetValue(epoch, out lease))
            {
                if (!IsOver(lease))
                    return false;
                lease.IsSealed = true; // under the same lock as a renewal, which finds one or the other
            }
        }

        if (lease is not null)
            Close(lease);
        return true;
    }

    /// <summary>Runs an append while its epoch cannot be sealed.</summary>
    public BatchResult Fenced(long epoch, Func<BatchResult> append)
    {
        if (Find(epoch) is not { } lease)
            return BatchResult.Sealed; // of an earlier process
        lock (lease.Fence)
            return lease.IsSealed ? BatchResult.Sealed : append();
    }

    private void Close(Lease lease)
    {
        lock (guard)
            lease.IsSealed = true;
        lock (lease.Fence)
        {
            // Whoever appends holds this; whoever comes after finds it sealed.
        }
    }

    private Lease? Find(long epoch)
    {
        lock (guard)
            return leases.GetValueOrDefault(epoch);
    }

    private bool IsOver(Lease lease) => lease.HasLeft || clock.GetTimestamp() >= lease.Deadline;

    private long In(TimeSpan life) => clock.GetTimestamp() + (long)(life.TotalSeconds * clock.TimestampFrequency);

    private sealed class Lease(string slot)
    {
        private bool isSealed;

        public Lock Fence { get; } = new();

        public string Slot { get; } = slot;

        public long Deadline { get; set; }

        public long Acknowledged { get; set; }

        public bool HasLeft { get; set; }

        public bool IsSealed
        {
            get => Volatile.Read(ref isSealed);
            set => Volatile.Write(ref isSealed, value);
        }
    }
}
