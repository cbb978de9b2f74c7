using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Grains.Tests.Authority.Model;

/// <summary>The simulated database: every operation happens at one moment, in an order that is the order of feed numbers.</summary>
internal sealed class Database(Scheduler scheduler, Flaw flaw, Action<string> violated)
{
    private readonly List<FeedEntry> feed = [];
    private readonly Dictionary<ObjectKey, List<StoredObject>> objects = [];
    private readonly SortedDictionary<long, Lease> leases = [];
    private readonly HashSet<string> condemned = [];
    private readonly Dictionary<long, Shard> shards = [];
    private readonly List<(Process Process, Action<AuthorityNews> News)> listeners = [];

    public long Head => feed.Count;

    public StoredObject? Read(ObjectKey key, long number = long.MaxValue) =>
        objects.GetValueOrDefault(key)?.LastOrDefault(version => version.Number <= number);

    public long Write(ObjectKey key, byte[] body)
    {
        var number = Enter(key);
        if (!objects.TryGetValue(key, out var versions))
            objects.Add(key, versions = []);
        versions.Add(new StoredObject(key, number, body, false));
        return number;
    }

    public LeaseGrant Join(SiloPlace place, TimeSpan life)
    {
        if (condemned.Contains(place.Address))
            throw new InvalidOperationException("condemned");
        foreach (var (older, lease) in leases)
        {
            if (lease.Place.Slot == place.Slot && lease.SealedAs is null)
                Seal(older, lease);
        }

        var epoch = leases.Count + 1;
        leases.Add(epoch, new Lease(place) { Deadline = scheduler.Now + life.Ticks, Acknowledged = Head });
        return new LeaseGrant(epoch, Head);
    }

    public LeaseRenewal Renew(long epoch, long applied, TimeSpan life)
    {
        var lease = leases[epoch];
        if (lease.SealedAs is not null)
            return new LeaseRenewal.Sealed();
        if (condemned.Contains(lease.Place.Address))
            return new LeaseRenewal.Condemned();
        lease.Deadline = scheduler.Now + life.Ticks;
        return new LeaseRenewal.Renewed(Head, [.. feed.Skip((int)applied)]);
    }

    public void Acknowledge(long epoch, long number)
    {
        leases[epoch].Acknowledged = Math.Max(leases[epoch].Acknowledged, number);
        Announce(AuthorityNews.Leases);
    }

    public ImmutableArray<LeaseRow> Leases() =>
    [
        .. leases
            .Where(one => one.Value.SealedAs is null
                || (flaw != Flaw.ForgetsSealedLeases && !one.Value.HasLeft && one.Value.Deadline > scheduler.Now))
            .Select(one => new LeaseRow(one.Key, one.Value.Place.Slot, one.Value.Acknowledged, one.Value.SealedAs is not null)),
    ];

    public long? SealIfLapsed(long epoch)
    {
        var lease = leases[epoch];
        if (lease.Deadline > scheduler.Now && !lease.HasLeft && flaw != Flaw.SealsBeforeLapse)
            return null;
        if (lease.SealedAs is null)
            Seal(epoch, lease);
        if (flaw == Flaw.SealsBeforeLapse)
            lease.HasLeft = true;
        return lease.SealedAs;
    }

    public long? Condemn(string address)
    {
        condemned.Add(address);
        Announce(AuthorityNews.Feed);
        return leases.Where(one => one.Value.Place.Address == address).Select(one => (long?)one.Key).LastOrDefault();
    }

    public long Mark() => Enter(new ObjectKey("*", ObjectKinds.Marker, ""));

    public void Leave(long epoch)
    {
        var lease = leases[epoch];
        if (lease.SealedAs is null)
            Seal(epoch, lease);
        lease.HasLeft = true;
        Announce(AuthorityNews.Leases);
    }

    public BatchResult Append(EvidenceBatch batch)
    {
        if (leases[batch.Shard].SealedAs is not null)
        {
            if (flaw != Flaw.FenceIgnoresSeal)
                return BatchResult.Sealed;
            violated("P4: a sealed shard has grown");
        }

        if (!shards.TryGetValue(batch.Shard, out var shard))
            shards.Add(batch.Shard, shard = new Shard());
        if (shard.Batches.TryGetValue(batch.FirstPosition, out var there))
        {
            if (there.Checksum != batch.Checksum)
                violated("P4: a position was used twice");
            return BatchResult.Committed;
        }

        if (batch.FirstPosition != shard.Next)
            violated("P4: a position was skipped or used twice");
        shard.Batches.Add(batch.FirstPosition, batch.Copy());
        shard.Next = batch.FirstPosition + batch.Records.Length;
        return BatchResult.Committed;
    }

    public ReadOnlyMemory<byte>? Record(long epoch, long position) =>
        shards.GetValueOrDefault(epoch)?.Batches.Values
            .Where(batch => batch.FirstPosition <= position && position < batch.FirstPosition + batch.Records.Length)
            .Select(batch => (ReadOnlyMemory<byte>?)batch.Records[(int)(position - batch.FirstPosition)])
            .FirstOrDefault();

    public ImmutableArray<SpentAssertion> Spent(string realm, string subject) =>
    [
        .. shards.Values
            .SelectMany(shard => shard.Batches.Values)
            .SelectMany(batch => batch.Index)
            .Where(row => row.Realm == realm && row.Subject == subject)
            .SelectMany(row => row.Spent),
    ];

    public IDisposable Listen(Process process, Action<AuthorityNews> news)
    {
        var listener = (process, news);
        listeners.Add(listener);
        return new Listening(() => listeners.Remove(listener));
    }

    private void Seal(long epoch, Lease lease)
    {
        lease.SealedAs = Enter(new ObjectKey("*", ObjectKinds.Lease, epoch.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Announce(AuthorityNews.Leases);
    }

    private long Enter(ObjectKey key)
    {
        feed.Add(new FeedEntry(feed.Count + 1, [key]));
        Announce(AuthorityNews.Feed);
        return feed.Count;
    }

    /// <summary>News is quick as a rule, late sometimes, and lost now and then.</summary>
    private void Announce(AuthorityNews news)
    {
        foreach (var (process, callback) in listeners)
        {
            if (scheduler.Chance(0.2))
                continue;
            scheduler.After(scheduler.Between(0, 20), () =>
            {
                if (!process.IsDead)
                    scheduler.Enqueue(process, () => callback(news));
            });
        }
    }

    private sealed class Lease(SiloPlace place)
    {
        public SiloPlace Place { get; } = place;

        public long Deadline { get; set; }

        public long Acknowledged { get; set; }

        public long? SealedAs { get; set; }

        public bool HasLeft { get; set; }
    }

    private sealed class Shard
    {
        public SortedDictionary<long, EvidenceBatch> Batches { get; } = [];

        public long Next { get; set; }
    }

    private sealed class Listening(Action stop) : IDisposable
    {
        public void Dispose() => stop();
    }
}
