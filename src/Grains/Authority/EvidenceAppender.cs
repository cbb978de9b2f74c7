using System.Collections.Immutable;
using Assay.Core.Transparency;
using Microsoft.Extensions.Logging;

namespace Assay.Grains.Authority;

/// <summary>
/// Writes this silo's shard: positions in the order they are asked for, one commit at a time, and every record that arrives meanwhile shares the
/// next. A commit whose outcome is unknown is tried again unchanged until it is known, so that no position is skipped or used twice.
/// </summary>
/// <param name="voidRecord">The encoded record (shard, position) of a slot that was not used.</param>
/// <param name="sign">Signs the checkpoint after a batch: key id and signature, empty when there is no key. Must not throw.</param>
public sealed class EvidenceAppender(
    IEvidenceStore store,
    SiloLease lease,
    Func<long, long, ReadOnlyMemory<byte>> voidRecord,
    EvidenceOptions options,
    TimeProvider clock,
    ILogger log,
    EvidenceMeter? meter = null,
    Func<ShardHead, ReadOnlyMemory<byte>>? sign = null)
{
    /// <summary>Records beyond which one more in a commit saves next to nothing.</summary>
    private const int Company = 64;

    private const int MostRounds = 8;
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(10);

    private readonly Lock guard = new();
    private readonly Queue<EvidenceSlot> waiting = [];
    private readonly Bell bell = new(clock);
    private readonly EvidenceIndexing indexing = new(new EvidenceTree(sign));
    private readonly BatchMemory memory = new();
    private EvidenceSlot[] committing = [];
    private long committingSince;
    private bool stuck;
    private long next;
    private bool closed;

    /// <summary>Records reserved and not yet durable.</summary>
    public int Pending
    {
        get
        {
            lock (guard)
                return waiting.Count + committing.Length;
        }
    }

    /// <summary>The next position; null when this silo may not write now, or has too much waiting: refuse with 503.</summary>
    public EvidenceSlot? Reserve()
    {
        if (lease.IsCurrent)
        {
            lock (guard)
            {
                if (!closed && !stuck && waiting.Count + committing.Length < options.MaxPending)
                {
                    var slot = new EvidenceSlot(this, lease.Epoch, next++);
                    waiting.Enqueue(slot);
                    return slot;
                }
            }
        }

        meter?.Refused();
        return null;
    }

    /// <summary>
    /// Writes until the epoch is sealed, or until <see cref="Close"/> was called and all that was reserved is durable. When cancelled, what is not
    /// durable by then is given up.
    /// </summary>
    public async Task Run(CancellationToken cancellationToken)
    {
        meter?.Watch(() => Pending);
        await using var lapses = clock.CreateTimer(
            static state => ((EvidenceAppender)state!).RefuseIfHopeless(), this, options.LapseCheckEvery, options.LapseCheckEvery);
        try
        {
            while (true)
            {
                if (IsReady)
                {
                    await Gather();
                    if (Take() is { } slots && !await Commit(slots, cancellationToken))
                        return;
                }
                else if (IsDone)
                {
                    return;
                }
                else
                {
                    await bell.Wait(Timeout.InfiniteTimeSpan, cancellationToken);
                }
            }
        }
        finally
        {
            GiveUp();
        }
    }

    /// <summary>Takes no more reservations. <see cref="Run"/> ends when the last one is durable.</summary>
    public void Close()
    {
        lock (guard)
            closed = true;
        bell.Ring();
    }

    internal void Filled() => bell.Ring();

    internal ReadOnlyMemory<byte> VoidRecord(long shard, long position) => voidRecord(shard, position);

    private bool IsDone
    {
        get
        {
            lock (guard)
                return closed && waiting.Count == 0;
        }
    }

    private bool IsReady
    {
        get
        {
            lock (guard)
                return waiting.TryPeek(out var first) && first.IsFilled;
        }
    }

    /// <summary>
    /// Lets those go first who are at work, as long as records come of it: a record more costs a commit next to nothing, and a commit of its own would cost all of
    /// them the processor. Nobody waits for somebody who is not there.
    /// </summary>
    private async ValueTask Gather()
    {
        for (int round = 0, before = 0; round < MostRounds; round++)
        {
            int now;
            lock (guard)
                now = waiting.Count;
            if (now == before || now >= Company)
                return;
            before = now;
            await Task.Yield();
        }
    }

    /// <summary>The slots for the next commit: as many filled ones as there are in a row from the first position on.</summary>
    private EvidenceSlot[]? Take()
    {
        lock (guard)
        {
            var bytes = 0;
            var count = 0;
            foreach (var slot in waiting)
            {
                if (!slot.IsFilled || count == options.MaxBatchRecords || (count > 0 && bytes + slot.Record.Length > options.MaxBatchBytes))
                    break;
                bytes += slot.Record.Length;
                count++;
            }

            if (count == 0)
                return null;
            committing = new EvidenceSlot[count];
            for (var i = 0; i < count; i++)
                committing[i] = waiting.Dequeue();
            committingSince = clock.GetTimestamp();
            return committing;
        }
    }

    /// <summary>True when the slots are durable; false when the epoch is sealed.</summary>
    private async Task<bool> Commit(EvidenceSlot[] slots, CancellationToken cancellationToken)
    {
        var batch = indexing.Batch(slots, clock.GetUtcNow(), memory);
        var isFirstTry = true;
        var delay = FirstRetryDelay;
        while (true)
        {
            try
            {
                var started = clock.GetTimestamp();
                var result = await store.Append(batch, cancellationToken);
                if (result == BatchResult.Sealed)
                {
                    Log.EvidenceSealed(log, batch.Shard, batch.FirstPosition);
                    return false;
                }

                meter?.Committed(slots.Length, batch.Payload.Length, clock.GetElapsedTime(started));
                if (isFirstTry) // else another try may still be at it
                    memory.TakeBack();
                break;
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                isFirstTry = false;
                meter?.Failed();
                Log.EvidenceNotWritten(log, fault, batch.Shard, batch.FirstPosition, slots.Length);
            }

            await Task.Delay(delay, clock, cancellationToken);
            delay = delay * 2 < options.MaxRetryDelay ? delay * 2 : options.MaxRetryDelay;
        }

        lock (guard)
        {
            committing = [];
            stuck = false;
        }

        foreach (var slot in slots)
            slot.Settle(true);
        return true;
    }

    /// <summary>
    /// Nobody waits longer than the lease lasts, or for a store that does not answer. The records stay in line: once it answers again they are
    /// written unchanged, because the first of them may be there already.
    /// </summary>
    private void RefuseIfHopeless()
    {
        lock (guard)
            stuck = committing.Length > 0 && clock.GetElapsedTime(committingSince) >= options.CommitPatience;
        if (stuck || !lease.IsCurrent)
            SettleAll();
    }

    private void GiveUp()
    {
        lock (guard)
            closed = true;
        SettleAll();
    }

    private void SettleAll()
    {
        lock (guard)
        {
            foreach (var slot in committing)
                slot.Settle(false);
            foreach (var slot in waiting)
                slot.Settle(false);
        }
    }
}
