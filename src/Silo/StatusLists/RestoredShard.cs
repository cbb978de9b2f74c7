using Assay.Core.Revocation;

namespace Assay.Silo.StatusLists;

internal enum RestorationState
{
    /// <summary>Under way: it is not known yet what is valid.</summary>
    Restoring,

    Ready,

    /// <summary>Its silo is not over: the lists are there.</summary>
    Elsewhere,

    /// <summary>There never was such a shard.</summary>
    Never,

    Failed,
}

/// <summary>The lists of a silo that is over, or may be. What is revoked meanwhile is added to them from the first moment on.</summary>
/// <param name="created">A timestamp.</param>
internal sealed class RestoredShard(StatusShard lists, long created)
{
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(1);

    private int begun;
    private int state;

    public StatusShard Lists { get; } = lists;

    public long Created { get; } = created;

    public RestorationState State => (RestorationState)Volatile.Read(ref state);

    public bool IsReady => State == RestorationState.Ready;

    /// <summary>Begins to restore it, in the background; once.</summary>
    public void Begin(StatusListRestoration restoration, Action<StatusShard, RevocationId, long> revoked)
    {
        if (Interlocked.Exchange(ref begun, 1) != 0)
            return;
        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(async () => Volatile.Write(ref state, (int)await restoration.Restore(Lists, revoked)));
    }

    public bool IsToBeTriedAgain(TimeProvider clock) =>
        State is RestorationState.Elsewhere or RestorationState.Failed && clock.GetElapsedTime(Created) > TryAgainAfter;
}
