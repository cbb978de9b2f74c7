using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Assay.Grains.Tests.Authority;

/// <summary>A meter factory of the test's own, and what its instruments say.</summary>
internal sealed class Metered : IDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<string, double> values = new();

    public Metered()
    {
        Factory = services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, Factory))
                listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Keep(instrument, value));
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => Keep(instrument, value));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Keep(instrument, value));
        listener.Start();
    }

    public IMeterFactory Factory { get; }

    /// <summary>Counters summed up, everything else as last measured; null when nothing was measured.</summary>
    public double? this[string instrument]
    {
        get
        {
            values.TryRemove("observed " + instrument, out _);
            listener.RecordObservableInstruments();
            return values.TryGetValue("observed " + instrument, out var observed) ? observed
                : values.TryGetValue(instrument, out var counted) ? counted
                : null;
        }
    }

    public void Dispose()
    {
        listener.Dispose();
        services.Dispose();
    }

    private void Keep(Instrument instrument, double value)
    {
        if (instrument.IsObservable)
            values["observed " + instrument.Name] = value;
        else
            values.AddOrUpdate(instrument.Name, value, (_, before) => before + value);
    }
}
