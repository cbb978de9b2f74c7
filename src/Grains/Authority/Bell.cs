namespace Assay.Grains.Authority;

/// <summary>Wakes one loop. A ring while nobody waits is kept for the next wait; several count as one.</summary>
internal sealed class Bell(TimeProvider clock)
{
    private readonly Lock guard = new();
    private TaskCompletionSource? waiting;
    private bool rung;

    public void Ring()
    {
        TaskCompletionSource? woken;
        lock (guard)
        {
            woken = waiting;
            rung = woken is null;
            waiting = null;
        }

        woken?.TrySetResult();
    }

    /// <summary>Completes at a ring, or after <paramref name="atMost"/> (infinite allowed). One caller at a time.</summary>
    public async Task Wait(TimeSpan atMost, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource wait;
        lock (guard)
        {
            if (rung)
            {
                rung = false;
                return;
            }

            waiting = wait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        await using var timer = atMost == Timeout.InfiniteTimeSpan
            ? null
            : clock.CreateTimer(static state => ((Bell)state!).Ring(), this, atMost, Timeout.InfiniteTimeSpan);
        await using var cancelled = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), wait);
        await wait.Task;
    }
}
