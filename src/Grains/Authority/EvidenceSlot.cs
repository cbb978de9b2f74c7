using Assay.Core.Evidence;
using Assay.Core.Transparency;

namespace Assay.Grains.Authority;

/// <summary>
/// A place in this silo's shard. Its position is known at once, because the token names it; the record follows. Dispose it when the answer is
/// done: a slot that was not filled by then becomes a void record.
/// </summary>
public sealed class EvidenceSlot : IDisposable
{
    private readonly EvidenceAppender appender;
    private readonly TaskCompletionSource<bool> committed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RentedRecord record; // given back once
    private EvidenceEntry entry;
    private int state;

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
    public Task<bool> Committed => committed.Task;

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

    internal void Settle(bool durable) => committed.TrySetResult(durable);

    /// <summary>On the thread of whoever fills the slot, so that the writer of the shard only puts leaves together.</summary>
    private void Take(RentedRecord encoded, EvidenceEntry about)
    {
        RandomBytes.Fill(encoded.Salt);
        (record, entry, Leaf) = (encoded, about, encoded.Commit());
        Volatile.Write(ref state, 2);
        appender.Filled();
    }
}

/// <summary>What the index says of a record.</summary>
/// <param name="ClientId">Null when the record is about no identity.</param>
/// <param name="CredentialHandle">Null when it is about no credential.</param>
/// <param name="Spent">The assertion that this decision spent; only with a client id.</param>
public readonly record struct EvidenceEntry(string Realm, string? ClientId, string? CredentialHandle, SpentAssertion? Spent = null);
