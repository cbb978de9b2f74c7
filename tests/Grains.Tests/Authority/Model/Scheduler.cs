namespace Assay.Grains.Tests.Authority.Model;

/// <summary>
/// Runs several simulated processes on one thread in simulated time. Whatever happens next is drawn from the seed, so a run can be repeated
/// exactly.
/// </summary>
internal sealed class Scheduler(int seed)
{
    private readonly PriorityQueue<Action, (long Due, long Order)> later = new();
    private readonly List<(Process Process, Action Action)> ready = [];
    private readonly int thread = Environment.CurrentManagedThreadId;
    private long order;

    public Random Random { get; } = new(seed);

    /// <summary>Ticks of real time; a process's own clock may run a little faster or slower.</summary>
    public long Now { get; private set; }

    /// <summary>Called after each step a process made.</summary>
    public Action<Process>? Stepped { get; set; }

    public void After(TimeSpan delay, Action action) => later.Enqueue(action, (Now + Math.Max(0, delay.Ticks), order++));

    public TimeSpan Between(int leastMilliseconds, int mostMilliseconds) =>
        TimeSpan.FromTicks(Random.NextInt64(leastMilliseconds * TimeSpan.TicksPerMillisecond, (mostMilliseconds * TimeSpan.TicksPerMillisecond) + 1));

    public bool Chance(double probability) => Random.NextDouble() < probability;

    /// <summary>Runs until simulated time reaches <paramref name="until"/>, or until <paramref name="done"/>.</summary>
    public void Run(TimeSpan until, Func<bool>? done = null)
    {
        while (done?.Invoke() != true)
        {
            var runnable = Runnable();
            if (runnable >= 0)
            {
                var (process, action) = ready[runnable];
                ready.RemoveAt(runnable);
                process.Run(action);
                Stepped?.Invoke(process);
            }
            else if (later.TryPeek(out _, out var next) && next.Due <= until.Ticks)
            {
                Now = Math.Max(Now, next.Due);
                later.Dequeue()();
            }
            else
            {
                Now = Math.Max(Now, until.Ticks);
                return;
            }
        }
    }

    internal void Enqueue(Process process, Action action)
    {
        if (Environment.CurrentManagedThreadId != thread)
            throw new InvalidOperationException("the protocol left the simulated processes' thread: the run cannot be repeated");
        ready.Add((process, action));
    }

    /// <summary>Any step of a process that is running: a thread pool promises no order either.</summary>
    private int Runnable()
    {
        ready.RemoveAll(static one => one.Process.IsDead);
        var count = ready.Count(static one => !one.Process.IsPaused);
        if (count == 0)
            return -1;
        var chosen = Random.Next(count);
        for (var i = 0; ; i++)
        {
            if (!ready[i].Process.IsPaused && chosen-- == 0)
                return i;
        }
    }
}

/// <summary>One simulated operating system process: everything it awaits continues here, unless it is paused or dead.</summary>
internal sealed class Process(Scheduler scheduler, double clockRate, Action<string> violated) : SynchronizationContext
{
    public bool IsPaused { get; set; }

    public bool IsDead { get; private set; }

    public void Kill() => IsDead = true;

    public TimeProvider CreateClock() => new ProcessClock(scheduler, this, clockRate);

    public override void Post(SendOrPostCallback callback, object? state) => scheduler.Enqueue(this, () => callback(state));

    public override void Send(SendOrPostCallback callback, object? state) => throw new NotSupportedException();

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Starts asynchronous work in this process.</summary>
    public void Start(Func<Task> work) => scheduler.Enqueue(this, () => _ = Guard(work));

    public void Run(Action action)
    {
        var outer = Current;
        SetSynchronizationContext(this);
        try
        {
            action();
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }

    /// <summary>A while in which anything else may happen.</summary>
    public Task Pass(TimeSpan time)
    {
        var passed = new TaskCompletionSource();
        scheduler.After(time, () => passed.TrySetResult());
        return passed.Task;
    }

    private async Task Guard(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            // a lost message: the work is given up, as a request would be
        }
        catch (Exception fault)
        {
            violated($"the protocol threw {fault}");
        }
    }
}

/// <summary>A process's own clock. It goes on while the process is paused.</summary>
internal sealed class ProcessClock(Scheduler scheduler, Process process, double rate) : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => (long)(scheduler.Now * rate);

    public override DateTimeOffset GetUtcNow() => Start.AddTicks(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(scheduler, process, () => callback(state), rate);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(Scheduler scheduler, Process process, Action callback, double rate) : ITimer
    {
        private int version;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var current = ++version;
            if (dueTime != Timeout.InfiniteTimeSpan)
                Arm(dueTime, period, current);
            return true;
        }

        public void Dispose() => version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Arm(TimeSpan due, TimeSpan period, int current) => scheduler.After(due / rate, () =>
        {
            if (current != version || process.IsDead)
                return;
            scheduler.Enqueue(process, () =>
            {
                if (current == version)
                    callback();
            });
            if (period > TimeSpan.Zero)
                Arm(period, period, current);
        });
    }
}
