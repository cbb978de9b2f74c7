using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Assay.Grains.Authority;

/// <summary>Makes batches of slots: their records, and one index row per identity and credential in each. For one thread.</summary>
internal sealed class EvidenceIndexing(EvidenceTree tree)
{
    /// <summary>Room for the rows of larger batches is not kept.</summary>
    private const int MostKept = 1024;

    private Dictionary<(string Realm, string Prefix, string Name), Row> rows = [];

    /// <summary>A batch in lent memory. What the slots held is given back.</summary>
    public EvidenceBatch Batch(ReadOnlySpan<EvidenceSlot> slots, DateTimeOffset now, BatchMemory memory)
    {
        foreach (var slot in slots)
        {
            var entry = slot.Entry;
            if (entry.ClientId is { } clientId)
                Add(entry.Realm, EvidenceSubject.IdentityPrefix, clientId, slot.Position, entry.Spent);
            if (entry.CredentialHandle is { } handle)
                Add(entry.Realm, EvidenceSubject.CredentialPrefix, handle, slot.Position, null);
        }

        var index = ImmutableArray.CreateBuilder<EvidenceIndexRow>(rows.Count);
        foreach (var ((realm, prefix, name), row) in rows)
            index.Add(new EvidenceIndexRow(realm, prefix + name, slots[0].Shard, now, row.Positions, row.Spent?.DrainToImmutable() ?? []));
        Forget();

        var room = memory.Lend(EvidenceBatch.PayloadSize(slots), slots.Length);
        var batch = EvidenceBatch.Create(slots, now, room.Payload, index.MoveToImmutable(), tree.Grow(slots, room));
        foreach (var slot in slots)
            slot.Recycle();
        return batch;
    }

    private void Add(string realm, string prefix, string name, long position, SpentAssertion? spent)
    {
        ref var row = ref CollectionsMarshal.GetValueRefOrAddDefault(rows, (realm, prefix, name), out var exists);
        if (exists)
            row.Add(position);
        else
            row.First = position;
        if (spent is { } assertion)
            (row.Spent ??= ImmutableArray.CreateBuilder<SpentAssertion>()).Add(assertion);
    }

    private void Forget()
    {
        if (rows.Count > MostKept)
            rows = [];
        else
            rows.Clear();
    }

    /// <summary>Nearly always of one record.</summary>
    private struct Row
    {
        private ImmutableArray<long>.Builder? several;

        public long First { readonly get; set; }

        public ImmutableArray<SpentAssertion>.Builder? Spent { readonly get; set; }

        public readonly ImmutableArray<long> Positions => several?.DrainToImmutable() ?? [First];

        public void Add(long position)
        {
            if (several is null)
                (several = ImmutableArray.CreateBuilder<long>()).Add(First);
            several.Add(position);
        }
    }
}
