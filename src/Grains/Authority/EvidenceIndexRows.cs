using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Assay.Grains.Authority;

/// <summary>The index rows of one batch after the other: one per identity and credential in each, in the order in which they come up. For one thread.</summary>
public sealed class EvidenceIndexRows
{
    /// <summary>Room for the rows of larger batches is not kept.</summary>
    private const int MostKept = 1024;

    private Dictionary<(string Realm, string Prefix, string Name), Row> rows = [];

    /// <summary>A record of the batch; those of one batch come in the order of their positions.</summary>
    public void Add(in EvidenceEntry entry, long position)
    {
        if (entry.ClientId is { } clientId)
            Add(entry.Realm, EvidenceSubject.IdentityPrefix, clientId, position, entry.Spent);
        if (entry.CredentialHandle is { } handle)
            Add(entry.Realm, EvidenceSubject.CredentialPrefix, handle, position, null);
    }

    /// <summary>The rows of what was added since they were taken last.</summary>
    /// <param name="at">When the batch was committed.</param>
    public ImmutableArray<EvidenceIndexRow> Take(long shard, DateTimeOffset at)
    {
        var index = ImmutableArray.CreateBuilder<EvidenceIndexRow>(rows.Count);
        foreach (var ((realm, prefix, name), row) in rows)
            index.Add(new EvidenceIndexRow(realm, prefix + name, shard, at, row.Positions, row.Spent?.DrainToImmutable() ?? []));
        Forget();
        return index.MoveToImmutable();
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
