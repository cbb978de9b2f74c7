using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace Assay.Grains.Authority;

/// <summary>How this silo keeps up with the feed and its lease, and what narrowing calls cost, on the meter <c>Assay</c>.</summary>
public sealed class AuthorityMeter : IDisposable
{
    private readonly Meter meter;
    private readonly Counter<long> sealsSeen;
    private readonly Histogram<double> narrowing;
    private readonly RecentValues recentNarrowing = new();
    private long head;
    private long applied;
    private long acknowledged;
    private long seals;
    private int condemned;

    public AuthorityMeter(IMeterFactory meters, SiloLease lease)
    {
        meter = meters.Create(EvidenceMeter.MeterName);
        meter.CreateObservableGauge("assay.feed.head", () => Head, "{change}", "Head of the feed at the last renewal.");
        meter.CreateObservableGauge("assay.feed.applied", () => Applied, "{change}", "Feed number this silo decides at.");
        meter.CreateObservableGauge("assay.feed.acknowledged", () => Acknowledged, "{change}", "Nothing decided before this feed number leaves this silo.");
        meter.CreateObservableGauge("assay.feed.lag", () => Math.Max(0, Head - Acknowledged), "{change}", "Changes this silo knows of and has not acknowledged.");
        meter.CreateObservableGauge("assay.lease.age", () => Measured(lease.Age), "s", "Time since the query that last renewed the lease.");
        meter.CreateObservableGauge("assay.lease.left", () => Measured(lease.Age is null ? null : lease.Left), "s", "Time until this silo may decide no more; 0 when its lease has lapsed.");
        meter.CreateObservableGauge("assay.lease.over", () => lease.IsOver ? 1 : 0, "{lease}", "1 when the lease is over for good.");
        meter.CreateObservableGauge("assay.lease.condemned", () => Volatile.Read(ref condemned), "{lease}", "1 when the other silos have declared this one dead.");
        sealsSeen = meter.CreateCounter<long>("assay.seals.seen", "{seal}", "Seals of silos' epochs that went by in the feed.");
        narrowing = meter.CreateHistogram<double>(
            "assay.narrowing.duration", "s", "Time until a change held on every silo, by outcome.", advice: EvidenceMeter.Durations);
    }

    public long Head => Volatile.Read(ref head);

    public long Applied => Volatile.Read(ref applied);

    public long Acknowledged => Volatile.Read(ref acknowledged);

    /// <summary>Seals that went by since this silo joined.</summary>
    public long SealsSeen => Volatile.Read(ref seals);

    /// <summary>Seconds that the last narrowing calls waited; null when there was none.</summary>
    public Quantiles? RecentNarrowing => recentNarrowing.Read();

    public void Dispose() => meter.Dispose();

    internal void Heard(long newHead, ImmutableArray<FeedEntry> entries)
    {
        Volatile.Write(ref head, newHead);
        foreach (var entry in entries)
        {
            foreach (var key in entry.Keys)
            {
                if (key.Kind != ObjectKinds.Lease)
                    continue;
                sealsSeen.Add(1);
                Interlocked.Increment(ref seals);
            }
        }
    }

    internal void HasApplied(long number) => Volatile.Write(ref applied, number);

    internal void HasAcknowledged(long number) => Volatile.Write(ref acknowledged, number);

    internal void WasCondemned() => Volatile.Write(ref condemned, 1);

    internal void Narrowed(TimeSpan took, bool everywhere)
    {
        narrowing.Record(took.TotalSeconds, new KeyValuePair<string, object?>("outcome", everywhere ? "everywhere" : "unknown"));
        recentNarrowing.Add(took.TotalSeconds);
    }

    private static IEnumerable<Measurement<double>> Measured(TimeSpan? span) => span is { } known ? [new Measurement<double>(known.TotalSeconds)] : [];
}
