namespace Assay.Silo.SharedSignals;

/// <summary>Wakes all who wait for the next beat. Take <see cref="Next"/> before looking: a beat in between is not missed.</summary>
internal sealed class Pulse
{
    private TaskCompletionSource next = New();

    public Task Next => Volatile.Read(ref next).Task;

    public void Beat() => Interlocked.Exchange(ref next, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>What those who deliver events on this silo wait for. They make it fast; who looks again anyway is never wrong.</summary>
internal sealed class Pulses
{
    /// <summary>There may be events.</summary>
    public Pulse News { get; } = new();

    /// <summary>A stream of this silo came, went or was changed; every such beat is one of <see cref="News"/> too.</summary>
    public Pulse Streams { get; } = new();

    /// <summary>Polls look again: news, and every two seconds for those of streams that live elsewhere.</summary>
    public Pulse Polls { get; } = new();

    public void StreamsChanged()
    {
        Streams.Beat();
        Happened();
    }

    public void Happened()
    {
        News.Beat();
        Polls.Beat();
    }
}
