using System.Collections.Immutable;
using System.Data.Common;

namespace Assay.Grains.Authority;

/// <summary>
/// Reads of one thing each, made together: who asks while others are being read for shares the next read with all who wait by then. A read begins after
/// each of its callers has asked, so it sees whatever had happened by then. Nobody waits for company: while fewer than <paramref name="atOnce"/> reads are
/// under way, the next begins at once.
/// </summary>
/// <param name="read">Answers each key at its place. Called on <paramref name="scheduler"/>, in no caller's context: it belongs to all of them.</param>
/// <param name="most">Keys in one read.</param>
/// <param name="first">What has to be done before every read, by then; when it fails, so do all who wait for it.</param>
internal sealed class SharedReads<TKey, TValue>(
    Func<ImmutableArray<TKey>, CancellationToken, Task<ImmutableArray<TValue>>> read, int atOnce, int most, TaskScheduler scheduler, Func<CancellationToken, Task>? first = null) : IDisposable
{
    /// <summary>Keys that may be unreadable in one read, before it is taken for the store that cannot be read.</summary>
    private const int MaxFaults = 8;

    private readonly Lock guard = new();
    private readonly Queue<Waiter> waiting = [];
    private readonly CancellationTokenSource over = new();
    private int underWay;

    /// <summary>
    /// Throws what the read throws. When keys were read together and the fault may be that of one of them, each is read again alone, so that only the callers
    /// hear of it who asked for it; a store that is away is not asked once more for each. Who cancels leaves, and the read goes on for the others.
    /// </summary>
    public Task<TValue> Read(TKey key, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(key);
        waiter.Follow(cancellationToken);
        if (Join(waiter))
        {
            // Fairly: whoever is about to ask comes first, and is read for too.
            using (ExecutionContext.SuppressFlow())
                _ = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.DenyChildAttach | TaskCreationOptions.PreferFairness, scheduler);
        }

        return waiter.Task;
    }

    public void Dispose()
    {
        over.Cancel();
        over.Dispose();
    }

    /// <summary>True: the caller has to start a run.</summary>
    private bool Join(Waiter waiter)
    {
        lock (guard)
        {
            waiting.Enqueue(waiter);
            if (underWay == atOnce)
                return false;
            underWay++;
            return true;
        }
    }

    private async Task Run()
    {
        while (Take() is { IsEmpty: false } waiters)
        {
            try
            {
                if (first is not null)
                    await first(over.Token);
            }
            catch (Exception fault)
            {
                Fail(waiters, fault);
                continue;
            }

            await Answer(waiters);
        }
    }

    /// <summary>Those who wait now; none ends the run.</summary>
    private ImmutableArray<Waiter> Take()
    {
        var taken = ImmutableArray.CreateBuilder<Waiter>();
        lock (guard)
        {
            while (taken.Count < most && waiting.TryDequeue(out var waiter))
            {
                if (!waiter.Task.IsCompleted) // else it was cancelled
                    taken.Add(waiter);
            }

            if (taken.Count == 0)
                underWay--;
        }

        return taken.DrainToImmutable();
    }

    private async Task Answer(ImmutableArray<Waiter> waiters)
    {
        if (await TryAnswer(waiters) is not { } fault)
            return;
        if (waiters.Length == 1 || IsAway(fault))
        {
            Fail(waiters, fault);
            return;
        }

        var faults = 0;
        foreach (var waiter in waiters)
        {
            if (faults < MaxFaults)
            {
                if (await TryAnswer([waiter]) is not { } itsOwn)
                    continue;
                fault = itsOwn;
                faults++;
            }

            Fail([waiter], fault);
        }
    }

    private async Task<Exception?> TryAnswer(ImmutableArray<Waiter> waiters)
    {
        try
        {
            var values = await read(ImmutableArray.CreateRange(waiters, static waiter => waiter.Key), over.Token);
            for (var i = 0; i < waiters.Length; i++)
                waiters[i].Answer(values[i]);
            return null;
        }
        catch (Exception fault)
        {
            return fault;
        }
    }

    private static void Fail(ImmutableArray<Waiter> waiters, Exception fault)
    {
        foreach (var waiter in waiters)
            waiter.Fail(fault);
    }

    private static bool IsAway(Exception fault) => fault is TimeoutException or IOException or OperationCanceledException or DbException { IsTransient: true };

    private sealed class Waiter(TKey key) : TaskCompletionSource<TValue>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private CancellationTokenRegistration cancelled;

        public TKey Key { get; } = key;

        /// <summary>Before anybody answers.</summary>
        public void Follow(CancellationToken cancellationToken) =>
            cancelled = cancellationToken.UnsafeRegister(static (state, token) => ((Waiter)state!).TrySetCanceled(token), this);

        public void Answer(TValue value)
        {
            cancelled.Unregister();
            TrySetResult(value);
        }

        public void Fail(Exception fault)
        {
            cancelled.Unregister();
            TrySetException(fault);
        }
    }
}
