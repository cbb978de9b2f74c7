using System.Collections.Immutable;

namespace Assay.Grains.Authority;

/// <summary>Makes a batch of slots: their records, and one index row per identity and credential in it.</summary>
internal static class EvidenceIndexing
{
    public static EvidenceBatch Batch(ReadOnlySpan<EvidenceSlot> slots, DateTimeOffset now, EvidenceTree tree, BatchMemory memory)
    {
        var rows = new Dictionary<(string Realm, string Subject), Row>(2 * slots.Length);
        for (var i = 0; i < slots.Length; i++)
        {
            var entry = slots[i].Entry;
            if (entry.ClientId is { } clientId)
                Add(rows, entry.Realm, EvidenceSubject.Identity(clientId), slots[i].Position, entry.Spent);
            if (entry.CredentialHandle is { } handle)
                Add(rows, entry.Realm, EvidenceSubject.Credential(handle), slots[i].Position, null);
        }

        var index = ImmutableArray.CreateBuilder<EvidenceIndexRow>(rows.Count);
        foreach (var ((realm, subject), row) in rows)
        {
            index.Add(new EvidenceIndexRow(realm, subject, slots[0].Shard, now, row.Positions, row.Spent?.DrainToImmutable() ?? []));
        }

        var room = memory.Lend(EvidenceBatch.PayloadSize(slots), slots.Length);
        var batch = EvidenceBatch.Create(slots, now, room.Payload, index.MoveToImmutable(), tree.Grow(slots, room));
        foreach (var slot in slots)
            slot.Recycle();
        return batch;
    }

    private static void Add(Dictionary<(string, string), Row> rows, string realm, string subject, long position, SpentAssertion? spent)
    {
        if (rows.TryGetValue((realm, subject), out var row))
            row.Add(position);
        else
            rows.Add((realm, subject), row = new Row(position));
        if (spent is { } assertion)
            (row.Spent ??= ImmutableArray.CreateBuilder<SpentAssertion>()).Add(assertion);
    }

    /// <summary>Nearly always of one record.</summary>
    private sealed class Row(long first)
    {
        private ImmutableArray<long>.Builder? several;

        public ImmutableArray<long> Positions => several?.DrainToImmutable() ?? [first];

        public void Add(long position)
        {
            if (several is null)
                (several = ImmutableArray.CreateBuilder<long>()).Add(first);
            several.Add(position);
        }

        public ImmutableArray<SpentAssertion>.Builder? Spent { get; set; }
    }
}
