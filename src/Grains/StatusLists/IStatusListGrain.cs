using System.Collections.Immutable;

namespace Assay.Grains.StatusLists;

/// <summary>
/// The status lists of one shard; the key is <c>realm/shard</c>. It lives on the silo that writes the shard, for as long as that silo does, and afterwards on
/// whichever is asked first: that one restores the lists from the evidence.
/// </summary>
[GrainInterfaceType("status-lists"), Alias("status-lists")]
public interface IStatusListGrain : IGrainWithStringKey
{
    /// <summary>Called by the silo that writes the shard, so that the grain lives there and stays. False when it still lives elsewhere: call again.</summary>
    [Alias("stay")]
    Task<bool> Stay();

    /// <summary>A list as it is served. Safe to repeat.</summary>
    /// <param name="list">Its id.</param>
    [Alias("read")]
    Task<StatusListAnswer> Read(string list);

    /// <summary>The ids of the lists that are not retired; none while they are being restored.</summary>
    [Alias("list")]
    Task<ImmutableArray<string>> List();
}

/// <param name="Token">The signed list, ASCII; empty when there is none.</param>
[GenerateSerializer, Immutable, Alias("status-list-answer")]
public sealed record StatusListAnswer([property: Id(0)] StatusListOutcome Outcome, [property: Id(1)] ReadOnlyMemory<byte> Token)
{
    public static StatusListAnswer NotFound { get; } = new(StatusListOutcome.NotFound, default);

    public static StatusListAnswer Unavailable { get; } = new(StatusListOutcome.Unavailable, default);
}

public enum StatusListOutcome
{
    Found,

    /// <summary>There never was such a list, or it is retired: none of its tokens is valid.</summary>
    NotFound,

    /// <summary>It cannot be said now what is valid.</summary>
    Unavailable,
}

/// <summary>What a silo holds of status lists.</summary>
public interface IStatusListShelf
{
    /// <summary>Whether this silo may hold the lists of a shard: it is its own, or that of a silo that is over.</summary>
    bool MayHold(long shard);

    /// <summary>A list of such a shard. One of another silo's is restored first: until that is done the answer is <see cref="StatusListOutcome.Unavailable"/>.</summary>
    StatusListAnswer Read(long shard, string list);

    /// <summary>The ids of the lists of a shard that are not retired.</summary>
    ImmutableArray<string> List(long shard);
}
