using System.Collections.Immutable;
using Assay.Core.Evidence;

namespace Assay.Core.Tokens;

/// <summary>How far a shard had come: the position after its last record.</summary>
public readonly record struct ShardEnd(long Shard, long Size);

/// <summary>
/// One history of the database that began with an older copy of it: a restore, or a failover that lost commits. What the lost history used after that copy
/// is not known here, so a timeline begins with numbers of shards that it cannot have used, and says where the one before it ends.
/// </summary>
/// <param name="Number">2, 3, …; <see cref="Provenance.FirstTimeline"/> is the history that begins with an empty database. 65,535 at most.</param>
/// <param name="FirstShard">Every shard of it has this number or a higher one; everything before it a lower one.</param>
/// <param name="LastNumber">The feed number up to which the earlier history is known.</param>
/// <param name="LastShard">The newest shard of the earlier history that is known; 0 when there is none.</param>
/// <param name="Ends">
/// Of the shards that may have gone on in the lost history: those that were not known to be sealed for longer than a token lives. Any other shard is whole.
/// </param>
public sealed record Timeline(int Number, DateTimeOffset OpenedAt, long FirstShard, long LastNumber, long LastShard, ImmutableArray<ShardEnd> Ends)
{
    public const int MaxNumber = ushort.MaxValue;

    /// <summary>The action of the record with which it begins.</summary>
    public const string Act = "recover";

    /// <summary>
    /// A first shard that no history has used: milliseconds since 1970, where shards are otherwise counted one by one. It is unique as long as a lost history took
    /// less than one shard a millisecond, and no clock of an earlier recovery was ahead.
    /// </summary>
    /// <param name="used">A shard that is known to be used; it is higher than this too.</param>
    /// <exception cref="ArgumentOutOfRangeException">No <c>jti</c> can name so high a shard.</exception>
    public static long NewFirstShard(DateTimeOffset now, long used)
    {
        var first = Math.Max(now.ToUnixTimeMilliseconds(), used + 2); // one is left between, to be sealed where shards are counted on from the highest
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, JtiCodec.MaxShard / 2, nameof(now));
        return first;
    }

    /// <summary>Whether it takes over from a history that was there when something at this place was decided.</summary>
    internal bool Keeps(RecordId place, long number)
    {
        if (number > LastNumber || place.Shard > LastShard)
            return false;
        foreach (var end in Ends)
        {
            if (end.Shard == place.Shard)
                return place.Position < end.Size;
        }

        return true;
    }

    public bool Equals(Timeline? other) =>
        other is not null && (Number, OpenedAt, FirstShard, LastNumber, LastShard) == (other.Number, other.OpenedAt, other.FirstShard, other.LastNumber, other.LastShard)
        && Ends.AsSpan().SequenceEqual(other.Ends.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Number, FirstShard);
}

/// <summary>The timelines of a database after its first, by <see cref="Timeline.FirstShard"/>. None for a database that was never put back.</summary>
public sealed class Timelines
{
    private readonly ImmutableArray<Timeline> opened;

    private Timelines(ImmutableArray<Timeline> opened) => this.opened = opened;

    public static Timelines None { get; } = new([]);

    /// <summary>The one that is being written; null for the first.</summary>
    public Timeline? Newest => opened.IsEmpty ? null : opened[^1];

    /// <summary>The number of the one that is being written.</summary>
    public int Current => opened.IsEmpty ? Provenance.FirstTimeline : opened[^1].Number;

    public static Timelines Of(IEnumerable<Timeline> timelines) => new([.. timelines.OrderBy(timeline => timeline.FirstShard)]);

    /// <summary>
    /// Whether a token is of the history that is in force: of the current timeline, or of an earlier one from before the point from which the next went on.
    /// </summary>
    /// <param name="place">Where its <c>jti</c> says that its record is.</param>
    public bool Hold(RecordId place, int timeline, long number)
    {
        for (var i = opened.Length - 1; i >= 0; i--)
        {
            if (place.Shard >= opened[i].FirstShard)
                return timeline == opened[i].Number;
            if (!opened[i].Keeps(place, number))
                return false;
        }

        return timeline == Provenance.FirstTimeline;
    }

    /// <summary>The timeline whose history does not have a place that a lost one may have had; null when the place is of the history in force, or to come.</summary>
    public Timeline? GaveUp(RecordId place)
    {
        for (var i = opened.Length - 1; i >= 0; i--)
        {
            if (place.Shard >= opened[i].FirstShard)
                return null;
            if (!opened[i].Keeps(place, number: 0))
                return opened[i];
        }

        return null;
    }
}
