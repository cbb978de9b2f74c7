namespace Assay.Grains.Authority;

/// <summary>Makes batches of slots: their records, and one index row per identity and credential in each. For one thread.</summary>
internal sealed class EvidenceIndexing(EvidenceTree tree)
{
    private readonly EvidenceIndexRows rows = new();

    /// <summary>A batch in lent memory. What the slots held is given back.</summary>
    public EvidenceBatch Batch(ReadOnlySpan<EvidenceSlot> slots, DateTimeOffset now, BatchMemory memory)
    {
        foreach (var slot in slots)
            rows.Add(slot.Entry, slot.Position);
        var index = rows.Take(slots[0].Shard, now);
        var room = memory.Lend(EvidenceBatch.PayloadSize(slots), slots.Length);
        var batch = EvidenceBatch.Create(slots, now, room.Payload, index, tree.Grow(slots, room));
        foreach (var slot in slots)
            slot.Recycle();
        return batch;
    }
}
