using Assay.Core.Revocation;

namespace Assay.Core.StatusLists;

/// <summary>
/// Revocations to look for among many tokens: most tokens are told not to be meant from one look at a small table. Immutable.
/// </summary>
public sealed class StatusSweep
{
    /// <summary>8 KiB: stays in the processor's first cache.</summary>
    private const int FilterBits = 1 << 16;

    private readonly RevocationSet revocations;
    private readonly HashSet<long> positions;
    private readonly ulong[] handleFilter = new ulong[FilterBits / 64];
    private readonly ulong[]? positionFilter;

    /// <param name="revocations">Of everything but single tokens.</param>
    /// <param name="positions">Of the records of single tokens that were revoked, in the shard that is swept.</param>
    public StatusSweep(ReadOnlySpan<RevocationEntry> revocations, IEnumerable<long> positions)
    {
        foreach (var entry in revocations)
            handleFilter[(int)(entry.Handle % FilterBits) / 64] |= 1UL << (int)(entry.Handle % 64);
        this.revocations = RevocationSet.Empty.Next(revocations, DateTimeOffset.MinValue + RevocationSet.Retention); // none is too old
        this.positions = [.. positions];
        if (this.positions.Count == 0)
            return;
        positionFilter = new ulong[FilterBits / 64];
        foreach (var position in this.positions)
            positionFilter[(int)((ulong)position % FilterBits) / 64] |= 1UL << (int)((ulong)position % 64);
    }

    public bool IsEmpty => revocations.Count == 0 && positions.Count == 0;

    /// <summary>Whether a token ends that hangs on this handle.</summary>
    /// <param name="number">The feed number of its decision.</param>
    /// <param name="issuedAt">Its <c>iat</c>, in seconds.</param>
    internal bool Ends(ulong handle, long number, long issuedAt) => May(handle) && revocations.IsEnded(handle, number, issuedAt);

    /// <summary>Whether the token of the record at this position is one that was revoked by itself.</summary>
    internal bool Names(long position) =>
        positionFilter is not null
        && (positionFilter[(int)((ulong)position % FilterBits) / 64] & 1UL << (int)((ulong)position % 64)) != 0
        && positions.Contains(position);

    /// <summary>For each policy version and key, whether one of the two may be meant.</summary>
    internal bool[] TouchedBy((ulong PolicyVersion, ulong Key)[] origins)
    {
        var touched = new bool[origins.Length];
        for (var i = 0; i < origins.Length; i++)
            touched[i] = May(origins[i].PolicyVersion) || May(origins[i].Key);
        return touched;
    }

    private bool May(ulong handle) => (handleFilter[(int)(handle % FilterBits) / 64] & 1UL << (int)(handle % 64)) != 0;
}
