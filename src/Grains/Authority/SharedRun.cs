namespace Assay.Grains.Authority;

/// <summary>
/// One operation for many callers: each gets the outcome of a run that began after the call, at most one runs at a time, and whoever calls while one
/// runs shares the next.
/// </summary>
internal sealed class SharedRun<T>(Func<Task<T>> operation)
{
    private readonly Lock guard = new();
    private Task<T>? running;
    private Task<T>? following;

    public Task<T> Next()
    {
        lock (guard)
        {
            if (following is not null)
                return following; // it has not begun
            if (running is null or { IsCompleted: true })
                return running = Begin();
            return following = Follow(running);
        }
    }

    private async Task<T> Follow(Task<T> earlier)
    {
        await ((Task)earlier).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        Task<T> run;
        lock (guard)
        {
            following = null;
            run = running = Begin();
        }

        return await run;
    }

    /// <summary>On no caller's scheduler and in no caller's context: the run belongs to all of them.</summary>
    private Task<T> Begin()
    {
        using (ExecutionContext.SuppressFlow())
            return Task.Run(operation);
    }
}
