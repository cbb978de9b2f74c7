using System.Buffers;
using System.Collections.Immutable;
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
    private ReadOnlyMemory<byte> record;
    private byte[]? rented;
    private EvidenceEntry? entry;
    private Guid salt; // 16 random bytes
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

    /// <summary>Gives the record its content, once; the memory must not change afterwards.</summary>
    public void Fill(ReadOnlyMemory<byte> encoded, EvidenceEntry about) => Fill(encoded, null, about);

    /// <summary>The same with the first bytes of an array of the shared pool, which the slot gives back.</summary>
    public void FillRented(byte[] encoded, int length, EvidenceEntry about) => Fill(encoded.AsMemory(0, length), encoded, about);

    private void Fill(ReadOnlyMemory<byte> encoded, byte[]? pooled, EvidenceEntry about)
    {
        if (Interlocked.CompareExchange(ref state, 1, 0) != 0)
            throw new InvalidOperationException("an evidence slot is filled once");
        record = encoded;
        rented = pooled;
        entry = about;
        Commit();
        Volatile.Write(ref state, 2);
        appender.Filled();
    }

    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref state, 1, 0) != 0)
            return;
        record = appender.VoidRecord(Shard, Position);
        Commit();
        Volatile.Write(ref state, 2);
        appender.Filled();
    }

    internal bool IsFilled => Volatile.Read(ref state) == 2;

    internal ReadOnlyMemory<byte> Record => record;

    internal EvidenceEntry? Entry => entry;

    /// <summary>What the shard's tree holds of the record.</summary>
    internal TreeHash Leaf { get; private set; }

    internal void CopySalt(Span<byte> destination) => salt.TryWriteBytes(destination);

    /// <summary>Its record is in a batch: the memory of its own is not needed any more.</summary>
    internal void Recycle()
    {
        record = default;
        if (Interlocked.Exchange(ref rented, null) is { } pooled)
            ArrayPool<byte>.Shared.Return(pooled);
    }

    internal void Settle(bool durable) => committed.TrySetResult(durable);

    /// <summary>On the thread of whoever fills the slot, so that the writer of the shard only puts leaves together.</summary>
    private void Commit()
    {
        Span<byte> random = stackalloc byte[EvidenceLeaf.SaltSize];
        RandomBytes.Fill(random);
        salt = new Guid(random);
        Leaf = EvidenceLeaf.Commit(random, record.Span);
    }
}

/// <summary>What the index says of a record.</summary>
/// <param name="ClientId">Null when the record is about no identity.</param>
/// <param name="CredentialHandle">Null when it is about no credential.</param>
/// <param name="Spent">The assertion that this decision spent; only with a client id.</param>
public readonly record struct EvidenceEntry(string Realm, string? ClientId, string? CredentialHandle, SpentAssertion? Spent = null);
