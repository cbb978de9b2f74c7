using System.Diagnostics.Metrics;
using Assay.Grains.SharedSignals;

namespace Assay.Silo.SharedSignals;

/// <summary>What is counted of event streams.</summary>
internal sealed class EventMetrics
{
    public const string Name = "Assay.Events";

    private readonly Counter<long> delivered;
    private readonly Counter<long> refused;
    private readonly Counter<long> failures;

    public EventMetrics(IMeterFactory meters, LocalStreams residents, TimeProvider clock)
    {
        var meter = meters.Create(Name);
        delivered = meter.CreateCounter<long>("assay.events.delivered", "{event}", "Security events that receivers have, by method: push or poll.");
        refused = meter.CreateCounter<long>("assay.events.refused", "{event}", "Security events that receivers refused for good.");
        failures = meter.CreateCounter<long>("assay.events.push.failures", "{request}", "Pushes that failed and are tried again.");
        meter.CreateObservableGauge(
            "assay.events.lag", () => residents.OldestWaiting is { } oldest ? Math.Max(0, (clock.GetUtcNow() - oldest).TotalSeconds) : 0, "s",
            "Age of the oldest event that a stream on this silo has not delivered.");
        meter.CreateObservableGauge("assay.events.streams", () => residents.Ids.Count(), "{stream}", "Event streams that live on this silo.");
    }

    public void Delivered(string method, int count)
    {
        if (count > 0)
            delivered.Add(count, new KeyValuePair<string, object?>("method", method));
    }

    public void Refused(int count)
    {
        if (count > 0)
            refused.Add(count);
    }

    public void PushFailed() => failures.Add(1);
}
