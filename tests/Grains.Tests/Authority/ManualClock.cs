namespace Assay.Grains.Tests.Authority;

/// <summary>A clock that a test moves; timers fire on the thread that moves it.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock guard = new();
    private readonly List<Timer> timers = [];
    private long now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref now);

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero).AddTicks(GetTimestamp());

    /// <summary>How many timers are waiting: a test that waits for one can tell that it was set.</summary>
    public int Armed
    {
        get
        {
            lock (guard)
                return timers.Count(timer => timer.Due is not null);
        }
    }

    public void Advance(TimeSpan time)
    {
        Interlocked.Add(ref now, time.Ticks);
        while (true)
        {
            Timer? due;
            lock (guard)
            {
                due = timers.Find(timer => timer.Due <= now);
                if (due is null)
                    return;
                due.Due = due.Period > TimeSpan.Zero ? due.Due + due.Period.Ticks : null;
            }

            due.Fire();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        lock (guard)
            timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(ManualClock clock, TimerCallback callback, object? state) : ITimer
    {
        public long? Due { get; set; }

        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.guard)
            {
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : clock.GetTimestamp() + dueTime.Ticks;
                Period = period;
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock.guard)
                clock.timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
