using System.Diagnostics.Metrics;

namespace Assay.Grains.Authority;

/// <summary>How the evidence writer is doing, on the meter <c>Assay</c>.</summary>
public sealed class EvidenceMeter : IDisposable
{
    public const string MeterName = "Assay";

    /// <summary>Seconds, from a fast commit to as long as a lease lasts.</summary>
    internal static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly InstrumentAdvice<int> Counts = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] };
    private static readonly InstrumentAdvice<long> Sizes = new() { HistogramBucketBoundaries = [1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304] };

    private readonly Meter meter;
    private readonly Histogram<int> records;
    private readonly Histogram<long> bytes;
    private readonly Histogram<double> seconds;
    private readonly Counter<long> failures;
    private readonly Counter<long> refusals;
    private readonly RecentValues recentRecords = new();
    private readonly RecentValues recentSeconds = new();
    private Func<int>? pendingNow;

    public EvidenceMeter(IMeterFactory meters)
    {
        meter = meters.Create(MeterName);
        records = meter.CreateHistogram<int>("assay.evidence.batch.records", "{record}", "Records that shared one commit.", advice: Counts);
        bytes = meter.CreateHistogram<long>("assay.evidence.batch.size", "By", "Bytes of records in one commit.", advice: Sizes);
        seconds = meter.CreateHistogram<double>("assay.evidence.commit.duration", "s", "Time until a batch was durable.", advice: Durations);
        failures = meter.CreateCounter<long>("assay.evidence.commit.failures", "{commit}", "Commits that failed or had an unknown outcome, each try counted.");
        refusals = meter.CreateCounter<long>("assay.evidence.refusals", "{request}", "Reservations refused: lease lapsed, too much waiting, or a commit that takes too long.");
    }

    /// <summary>Records in each of the last commits; null when there was none.</summary>
    public Quantiles? RecentRecords => recentRecords.Read();

    /// <summary>Seconds that each of the last commits took; null when there was none.</summary>
    public Quantiles? RecentSeconds => recentSeconds.Read();

    /// <summary>Records reserved and not yet durable.</summary>
    public int Pending => Volatile.Read(ref pendingNow)?.Invoke() ?? 0;

    /// <param name="pending">Records reserved and not yet durable, now.</param>
    internal void Watch(Func<int> pending)
    {
        Volatile.Write(ref pendingNow, pending);
        meter.CreateObservableGauge("assay.evidence.pending", pending, "{record}", "Records reserved and not yet durable.");
    }

    public void Dispose() => meter.Dispose();

    internal void Committed(int count, long size, TimeSpan took)
    {
        records.Record(count);
        bytes.Record(size);
        seconds.Record(took.TotalSeconds);
        recentRecords.Add(count);
        recentSeconds.Add(took.TotalSeconds);
    }

    internal void Failed() => failures.Add(1);

    internal void Refused() => refusals.Add(1);
}
