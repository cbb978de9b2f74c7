using System.Collections.Immutable;
using Assay.Core.Evidence;

namespace Assay.Core.Replay;

/// <summary>Why a record was not decided again.</summary>
public enum LeftOutReason
{
    /// <summary>It lies in a batch whose content does not fit its checksum.</summary>
    Damaged,

    /// <summary>It is no whole record of a version known here.</summary>
    Unreadable,

    /// <summary>The version of the identity that it names is not stored, or cannot be read.</summary>
    IdentityMissing,

    /// <summary>The API was not in the directory at the version that it names.</summary>
    ApiMissing,
}

/// <param name="Id">Null when only the batch is known.</param>
/// <param name="Time">The moment of the decision; null when it could not be read.</param>
public sealed record LeftOutRecord(RecordId? Id, DateTimeOffset? Time, LeftOutReason Reason, string Detail);

/// <summary>Counts what was left out, all of it, and names the first ones.</summary>
public sealed class LeftOutRecords
{
    /// <summary>Most that are named.</summary>
    public const int MostNamed = 100;

    private readonly long[] counts = new long[Enum.GetValues<LeftOutReason>().Length];
    private readonly ImmutableArray<LeftOutRecord>.Builder named = ImmutableArray.CreateBuilder<LeftOutRecord>();

    public long Count { get; private set; }

    public long Of(LeftOutReason reason) => counts[(int)reason];

    /// <summary>The first <see cref="MostNamed"/>, in the order of their coming.</summary>
    public ImmutableArray<LeftOutRecord> Named() => named.ToImmutable();

    /// <param name="count">As many records of the same fate.</param>
    public void Add(LeftOutRecord record, long count)
    {
        Count += count;
        counts[(int)record.Reason] += count;
        if (named.Count < MostNamed)
            named.Add(record);
    }
}
