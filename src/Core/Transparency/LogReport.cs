using System.Collections.Immutable;
using System.Globalization;

namespace Assay.Core.Transparency;

/// <summary>What is wrong with a log.</summary>
public enum LogFaultKind
{
    /// <summary>Records are not there that have to be.</summary>
    Missing,

    /// <summary>A record is not the one that was written.</summary>
    Changed,

    /// <summary>A record is at the place of another.</summary>
    Misplaced,

    /// <summary>A batch does not hold what it says, or its checksum does not fit.</summary>
    Damaged,

    /// <summary>A batch is in no tree.</summary>
    NoTree,

    /// <summary>A root is not the one of the leaves before it.</summary>
    Root,

    /// <summary>A checkpoint is not signed by a key of the log.</summary>
    Signature,

    /// <summary>The log is not the one that somebody saw before: saved, or written down in another shard.</summary>
    Inconsistent,

    /// <summary>A shard grew after it was sealed.</summary>
    GrewAfterSeal,

    /// <summary>Records were dropped, and no retention was recorded that would have dropped them.</summary>
    DroppedSilently,

    /// <summary>The export or a file is not whole.</summary>
    Incomplete,

    /// <summary>Records are not there that were, and a recovery is recorded that went on from before them.</summary>
    GivenUp,
}

/// <summary>One fault and its place.</summary>
/// <param name="Shard">Null when it is of no shard.</param>
/// <param name="Position">The record, or the first of the batch, that it is about; null when it is about the shard.</param>
public sealed record LogFault(LogFaultKind Kind, long? Shard, long? Position, string What)
{
    public override string ToString() =>
        (Shard, Position) switch
        {
            ({ } shard, { } position) => string.Create(CultureInfo.InvariantCulture, $"shard {shard}, position {position}: {What}"),
            ({ } shard, null) => string.Create(CultureInfo.InvariantCulture, $"shard {shard}: {What}"),
            _ => What,
        };
}

/// <summary>Records that were dropped when their time was over: positions <paramref name="First"/> to <paramref name="Last"/>.</summary>
public sealed record DroppedRange(long Shard, long First, long Last, DateTimeOffset From, DateTimeOffset Until);

/// <param name="Faults">In the order in which they were found; at most one for each shard's tree, because what follows a fault cannot be placed.</param>
/// <param name="Heads">How far each shard was found to come.</param>
/// <param name="Vouched">Heads that were found written down in other shards, and hold.</param>
/// <param name="Remarks">What somebody who trusts the result should know.</param>
public sealed record LogReport(
    ImmutableArray<LogFault> Faults,
    ImmutableArray<ShardHead> Heads,
    long Batches,
    long Records,
    long DroppedRecords,
    long Vouched,
    ImmutableArray<DroppedRange> Dropped,
    ImmutableArray<string> Remarks)
{
    public bool IsIntact => Faults.IsEmpty;
}
