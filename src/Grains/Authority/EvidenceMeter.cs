using System.Diagnostics.Metrics;

namespace Assay.Grains.Authority;

/// <summary>How the evidence writer is doing, on the meter <c>Assay</c>.</summary>
public sealed class EvidenceMeter : IDisposable
{
    public const string MeterName = "Assay";

    private readonly Meter meter;
    private readonly Histogram<int> records;
    private readonly Histogram<long> bytes;
    private readonly Histogram<double> seconds;
    private readonly Counter<long> failures;
    private readonly Counter<long> refusals;

    public EvidenceMeter(IMeterFactory meters)
    {
        meter = meters.Create(MeterName);
        records = meter.CreateHistogram<int>("assay.evidence.batch.records", "{record}", "Records that shared one commit.");
        bytes = meter.CreateHistogram<long>("assay.evidence.batch.size", "By", "Bytes of records in one commit.");
        seconds = meter.CreateHistogram<double>("assay.evidence.commit.duration", "s", "Time until a batch was durable.");
        failures = meter.CreateCounter<long>("assay.evidence.commit.failures", "{commit}", "Commits that failed or had an unknown outcome, each try counted.");
        refusals = meter.CreateCounter<long>("assay.evidence.refusals", "{request}", "Reservations refused: lease lapsed, or too much waiting.");
    }

    /// <param name="pending">Records reserved and not yet durable, now.</param>
    internal void Watch(Func<int> pending) =>
        meter.CreateObservableGauge("assay.evidence.pending", pending, "{record}", "Records reserved and not yet durable.");

    public void Dispose() => meter.Dispose();

    internal void Committed(int count, long size, TimeSpan took)
    {
        records.Record(count);
        bytes.Record(size);
        seconds.Record(took.TotalSeconds);
    }

    internal void Failed() => failures.Add(1);

    internal void Refused() => refusals.Add(1);
}
