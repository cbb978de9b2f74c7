namespace Assay.Core.SharedSignals;

/// <summary>A place in the change feed: one object of one change. Places are in the order of numbers, and within one of kinds and ids, by their bytes.</summary>
public readonly record struct FeedPlace(long Number, string Kind, string Id) : IComparable<FeedPlace>
{
    /// <summary>Comes after every kind there is.</summary>
    private const string Last = "~";

    /// <summary>Behind everything of that number.</summary>
    public static FeedPlace EndOf(long number) => new(number, Last, "");

    public static bool operator <(FeedPlace left, FeedPlace right) => left.CompareTo(right) < 0;

    public static bool operator >(FeedPlace left, FeedPlace right) => left.CompareTo(right) > 0;

    public static bool operator <=(FeedPlace left, FeedPlace right) => left.CompareTo(right) <= 0;

    public static bool operator >=(FeedPlace left, FeedPlace right) => left.CompareTo(right) >= 0;

    public int CompareTo(FeedPlace other) =>
        Number != other.Number ? Number.CompareTo(other.Number)
        : string.CompareOrdinal(Kind, other.Kind) is not 0 and var byKind ? byKind
        : string.CompareOrdinal(Id, other.Id);
}
