namespace Assay.Grains.Authority;

/// <summary>The tickets between two acknowledgements, counted: low half all of them and one more while open, high half those leaving.</summary>
internal sealed class GatePhase
{
    private const long One = 1;
    private const long Leaving = 1L << 32;

    private long tickets = One;
    private bool discarded;
    private Waiter? waiter;

    public bool IsDiscarded => Volatile.Read(ref discarded);

    public void Enter() => Interlocked.Add(ref tickets, One);

    public void Exit(bool leaving) => Subtract(leaving ? One + Leaving : One);

    public void BeginLeaving() => Interlocked.Add(ref tickets, Leaving);

    public void EndLeaving() => Subtract(Leaving);

    public void Close() => Subtract(One);

    public void Discard()
    {
        Volatile.Write(ref discarded, true);
        Interlocked.MemoryBarrier(); // seen by every MayLeave that is not seen by the look that follows
    }

    /// <summary>True when no ticket is left; false when <paramref name="patience"/> ran out first.</summary>
    public Task<bool> Empty(TimeSpan patience, TimeProvider clock, CancellationToken cancellationToken) =>
        Wait(~0L, patience > TimeSpan.Zero ? patience : TimeSpan.Zero, clock, cancellationToken);

    public Task NothingLeaving(TimeProvider clock, CancellationToken cancellationToken) =>
        Wait(~(Leaving - 1), Timeout.InfiniteTimeSpan, clock, cancellationToken);

    private async Task<bool> Wait(long mask, TimeSpan patience, TimeProvider clock, CancellationToken cancellationToken)
    {
        var waiting = new Waiter(mask);
        Interlocked.Exchange(ref waiter, waiting); // published before the look below
        if ((Interlocked.Read(ref tickets) & mask) == 0)
            return true;
        if (patience == TimeSpan.Zero)
            return false;

        await using var timer = clock.CreateTimer(static state => ((Waiter)state!).TrySetResult(false), waiting, patience, Timeout.InfiniteTimeSpan);
        await using var cancelled = cancellationToken.UnsafeRegister(
            static (state, token) => ((Waiter)state!).TrySetCanceled(token), waiting);
        return await waiting.Task;
    }

    private void Subtract(long amount)
    {
        var left = Interlocked.Add(ref tickets, -amount);
        if (Volatile.Read(ref waiter) is { } waiting && (left & waiting.Mask) == 0)
            waiting.TrySetResult(true);
    }

    private sealed class Waiter(long mask) : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Mask { get; } = mask;
    }
}
