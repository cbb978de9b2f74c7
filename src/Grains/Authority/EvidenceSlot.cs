using System.Runtime.CompilerServices;
using Assay.Core.Evidence;
using Assay.Core.Transparency;

namespace Assay.Grains.Authority;

/// <summary>
/// A place in this silo's shard. Its position is known at once, because the token names it; the record follows. Dispose it when the answer is
/// done: a slot that was not filled by then becomes a void record.
/// </summary>
public sealed class EvidenceSlot : IDisposable, IThreadPoolWorkItem
{
    private readonly EvidenceAppender appender;
    private static readonly object Nobody = new();
    private static readonly Task<bool> Durable = Task.FromResult(true);
    private static readonly Task<bool> NotDurable = Task.FromResult(false);

    private RentedRecord record; // given back once
    private EvidenceEntry entry;
    private int state;
    private int outcome; // 0 until it is known, 1 when the record is durable, 2 when that is not waited for any more
    private object? waiting; // an Action, or a TaskCompletionSource for several; Nobody once the outcome is known
    private Action? next;

    internal EvidenceSlot(EvidenceAppender appender, long shard, long position)
    {
        this.appender = appender;
        Shard = shard;
        Position = position;
    }

    public long Shard { get; }

    public long Position { get; }

    /// <summary>
    /// True once the record is durable: the answer may leave. False when that is not known and no longer waited for, because the lease lapsed or
    /// the epoch is sealed: refuse with 503. The record may still become durable later; it says "may have left".
    /// </summary>
    public Task<bool> Committed
    {
        get
        {
            while (true)
            {
                var present = Volatile.Read(ref waiting);
                if (present is TaskCompletionSource<bool> shared)
                    return shared.Task;
                if (ReferenceEquals(present, Nobody))
                    return Volatile.Read(ref outcome) == 1 ? Durable : NotDurable;

                var made = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
                if (present is Action first)
                    made.Task.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(first);
                if (Interlocked.CompareExchange(ref waiting, made, present) == present)
                    return made.Task;
            }
        }
    }

    /// <summary>As <see cref="Committed"/>, for the one who waits for nothing else: without a task. Goes on on the pool.</summary>
    public Outcome Settled => new(this);

    /// <summary>Gives the record its content, once.</summary>
    public void Fill(ReadOnlyMemory<byte> encoded, EvidenceEntry about) => Fill(RentedRecord.Of(encoded.Span), about);

    /// <summary>The same with rented memory, which is the slot's from here on: it gives it back once the record is in a batch.</summary>
    public void Fill(RentedRecord encoded, EvidenceEntry about)
    {
        if (Interlocked.CompareExchange(ref state, 1, 0) != 0)
            throw new InvalidOperationException("an evidence slot is filled once");
        Take(encoded, about);
    }

    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref state, 1, 0) == 0)
            Take(RentedRecord.Of(appender.VoidRecord(Shard, Position).Span), default);
    }

    internal bool IsFilled => Volatile.Read(ref state) == 2;

    /// <summary>Until <see cref="Recycle"/>, as its salt.</summary>
    internal ReadOnlySpan<byte> Record => record.Record;

    internal ReadOnlySpan<byte> Salt => record.Salt;

    /// <summary>What the index says of it; nothing unless it names a realm.</summary>
    internal EvidenceEntry Entry => entry;

    /// <summary>What the shard's tree holds of the record.</summary>
    internal TreeHash Leaf { get; private set; }

    /// <summary>Its record is in a batch: the memory of its own is not needed any more.</summary>
    internal void Recycle()
    {
        record.GiveBack();
        record = default;
    }

    /// <summary>The first outcome counts.</summary>
    internal void Settle(bool durable)
    {
        if (Interlocked.CompareExchange(ref outcome, durable ? 1 : 2, 0) != 0)
            return;

        switch (Interlocked.Exchange(ref waiting, Nobody))
        {
            case TaskCompletionSource<bool> several:
                several.TrySetResult(durable);
                break;
            case Action one:
                next = one;
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
                break;
        }
    }

    void IThreadPoolWorkItem.Execute() => next!();

    private void Wait(Action continuation)
    {
        while (true)
        {
            switch (Volatile.Read(ref waiting))
            {
                case TaskCompletionSource<bool> several:
                    several.Task.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(continuation);
                    return;
                case Action:
                    throw new InvalidOperationException("one waits for the outcome of an evidence slot already");
                case null when Interlocked.CompareExchange(ref waiting, continuation, null) is null:
                    return;
                case { } when Volatile.Read(ref outcome) != 0:
                    ThreadPool.UnsafeQueueUserWorkItem(static go => go(), continuation, preferLocal: true);
                    return;
            }
        }
    }

    /// <summary>On the thread of whoever fills the slot, so that the writer of the shard only puts leaves together.</summary>
    private void Take(RentedRecord encoded, EvidenceEntry about)
    {
        RandomBytes.Fill(encoded.Salt);
        (record, entry, Leaf) = (encoded, about, encoded.Commit());
        Volatile.Write(ref state, 2);
        appender.Filled();
    }

    /// <summary>What <see cref="EvidenceSlot.Committed"/> says, to be awaited.</summary>
    public readonly struct Outcome(EvidenceSlot slot) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => Volatile.Read(ref slot.outcome) != 0;

        public Outcome GetAwaiter() => this;

        /// <summary>Never true before the record is durable.</summary>
        public bool GetResult() => Volatile.Read(ref slot.outcome) == 1;

        public void UnsafeOnCompleted(Action continuation) => slot.Wait(continuation);

        public void OnCompleted(Action continuation)
        {
            if (ExecutionContext.Capture() is { } context)
                slot.Wait(() => ExecutionContext.Run(context, static go => ((Action)go!)(), continuation));
            else
                slot.Wait(continuation);
        }
    }
}

/// <summary>What the index says of a record.</summary>
/// <param name="ClientId">Null when the record is about no identity.</param>
/// <param name="CredentialHandle">Null when it is about no credential.</param>
/// <param name="Spent">The assertion that this decision spent; only with a client id.</param>
public readonly record struct EvidenceEntry(string Realm, string? ClientId, string? CredentialHandle, SpentAssertion? Spent = null);
