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
    private readonly HashSet<string> condemned = new(StringComparer.Ordinal);

    /// <exception cref="InvalidOperationException">That address was condemned.</exception>
    public void Add(long epoch, SiloPlace place, TimeSpan life, long head)
    {
        lock (guard)
        {
            if (condemned.Contains(place.Address))
                throw new InvalidOperationException($"the silo at {place.Address} was declared dead by the others; start its process again");
            leases.Add(epoch, new Lease(place, clock.GetUtcNow(), life) { Deadline = In(life), Acknowledged = head });
        }
    }

    /// <summary>Undoes <see cref="Add"/> when the join was not committed.</summary>
    public void Remove(long epoch)
    {
        lock (guard)
            leases.Remove(epoch);
    }

    /// <summary>Null when it was renewed; else why it is over.</summary>
    public LeaseRenewal? Renew(long epoch, string? report, TimeSpan life)
    {
        lock (guard)
        {
            if (!leases.TryGetValue(epoch, out var lease) || lease.IsSealed)
                return new LeaseRenewal.Sealed();
            if (condemned.Contains(lease.Place.Address))
                return new LeaseRenewal.Condemned();
            lease.Deadline = In(life);
            lease.RenewedAt = clock.GetUtcNow();
            lease.Life = life;
            lease.Report = report ?? lease.Report;
            return null;
        }
    }

    /// <summary>The newest epoch of that address, which is renewed no more; null when there is none.</summary>
    public long? Condemn(string address)
    {
        lock (guard)
        {
            condemned.Add(address);
            return leases.Where(one => one.Value.Place.Address == address).Select(one => (long?)one.Key).Max();
        }
    }

    /// <summary>All that are not sealed, and those sealed within <paramref name="past"/>; without the numbers of their seals.</summary>
    public ImmutableArray<SiloRow> Silos(TimeSpan past)
    {
        var rows = ImmutableArray.CreateBuilder<SiloRow>();
        lock (guard)
        {
            foreach (var (epoch, lease) in leases)
            {
                if (lease.SealedAt is { } at && clock.GetElapsedTime(at) > past)
                    continue;
                rows.Add(new SiloRow(
                    epoch, lease.Place, lease.JoinedAt, lease.RenewedAt, lease.RenewedAt + lease.Life, lease.Acknowledged, null,
                    condemned.Contains(lease.Place.Address), lease.Report));
            }
        }

        return rows.DrainToImmutable();
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
                    rows.Add(new LeaseRow(epoch, lease.Place.Slot, lease.Acknowledged, lease.IsSealed));
            }
        }

        return rows.DrainToImmutable();
    }

    /// <summary>All unsealed epochs.</summary>
    public ImmutableArray<long> Open()
    {
        lock (guard)
            return [.. leases.Where(one => !one.Value.IsSealed).Select(one => one.Key)];
    }

    /// <summary>Unsealed epochs of a slot.</summary>
    public ImmutableArray<long> Of(string slot)
    {
        lock (guard)
            return [.. leases.Where(one => one.Value.Place.Slot == slot && !one.Value.IsSealed).Select(one => one.Key)];
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
                MarkSealed(lease); // under the same lock as a renewal, which finds one or the other
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
            MarkSealed(lease);
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

    private void MarkSealed(Lease lease)
    {
        lease.SealedAt ??= clock.GetTimestamp();
        lease.IsSealed = true;
    }

    private bool IsOver(Lease lease) => lease.HasLeft || clock.GetTimestamp() >= lease.Deadline;

    private long In(TimeSpan life) => clock.GetTimestamp() + (long)(life.TotalSeconds * clock.TimestampFrequency);

    private sealed class Lease(SiloPlace place, DateTimeOffset joinedAt, TimeSpan life)
    {
        private bool isSealed;

        public Lock Fence { get; } = new();

        public SiloPlace Place { get; } = place;

        public DateTimeOffset JoinedAt { get; } = joinedAt;

        public DateTimeOffset RenewedAt { get; set; } = joinedAt;

        public TimeSpan Life { get; set; } = life;

        public long? SealedAt { get; set; }

        public string? Report { get; set; }

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
