namespace Assay.Silo.Tests.Storage;

/// <summary>A clock that a test moves: the monotonic one and the time of day, together or apart.</summary>
internal sealed class TestClock : TimeProvider
{
    private long now;
    private long set;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref now);

    public override DateTimeOffset GetUtcNow() =>
        new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero).AddTicks(Interlocked.Read(ref now) + Interlocked.Read(ref set));

    public void Advance(TimeSpan time) => Interlocked.Add(ref now, time.Ticks);

    /// <summary>Somebody sets the time of day.</summary>
    public void Set(TimeSpan forward) => Interlocked.Add(ref set, forward.Ticks);
}
