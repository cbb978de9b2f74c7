using System.Buffers;
using System.Numerics;
using Assay.Core.Evidence;
using Assay.Core.Transparency;

namespace Assay.Grains.Authority;

/// <summary>
/// Memory for one batch after the other: it is lent to a batch and taken back when the store has answered, and until then nobody else has it. Of a batch that was tried more
/// than once it is never taken back, because a try that was given up may still be reading. For one thread.
/// </summary>
internal sealed class BatchMemory
{
    /// <summary>What a batch of unusual size needed is not kept for the others.</summary>
    private const int MostKept = 1024 * 1024;

    private byte[] kept = [];
    private LentBytes? lent;

    /// <summary>Room for a batch. What was lent before and not taken back stays with whoever has it.</summary>
    /// <param name="payloadBytes">More than none.</param>
    public BatchRoom Lend(int payloadBytes, int records)
    {
        var (salts, leaves) = (records * EvidenceLeaf.SaltSize, records * TreeHash.Size);
        var size = checked(payloadBytes + salts + leaves);
        var array = kept.Length >= size ? kept : new byte[RoundedUp(size)];
        kept = [];
        lent = new LentBytes(array);
        var memory = lent.Memory;
        return new BatchRoom(memory[..payloadBytes], memory.Slice(payloadBytes, salts), memory.Slice(payloadBytes + salts, leaves));
    }

    /// <summary>Nobody reads what was lent last any more: from here on reading it throws, and the next batch gets it.</summary>
    public void TakeBack()
    {
        var array = lent?.TakeBack() ?? [];
        lent = null;
        if (array.Length <= MostKept)
            kept = array;
    }

    private static int RoundedUp(int size) => size > MostKept ? size : (int)BitOperations.RoundUpToPowerOf2((uint)size);

    /// <summary>An array that is lent: memory that was made of it can be read until it is taken back.</summary>
    private sealed class LentBytes(byte[] array) : MemoryManager<byte>
    {
        private byte[]? array = array;

        public byte[] TakeBack() => Interlocked.Exchange(ref array, null) ?? [];

        public override Span<byte> GetSpan() => Array;

        public override MemoryHandle Pin(int elementIndex = 0) => Array.AsMemory(elementIndex).Pin();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing) => TakeBack();

        private byte[] Array => array ?? throw new ObjectDisposedException(nameof(EvidenceBatch), "The batch is committed and its memory is used for another: whoever keeps one copies it.");
    }
}

/// <summary>Where a batch is made.</summary>
internal readonly record struct BatchRoom(Memory<byte> Payload, Memory<byte> Salts, Memory<byte> Leaves);
