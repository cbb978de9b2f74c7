using System.Collections.Immutable;
using Assay.Core.Tokens;

namespace Assay.Silo.Recovery;

/// <summary>What a store can do for a recovery that none of its other faces may.</summary>
internal interface IRecoveryStore
{
    /// <summary>
    /// In one transaction: seals every epoch, writes the timeline that <paramref name="make"/> makes of what there is as a change of its own, and sees to it that the next silo to
    /// join gets <see cref="Timeline.FirstShard"/>. Changes nothing while a lease may be held: who holds one is answered then. Durable on return; after an exception it may be
    /// there too, and may be done again.
    /// </summary>
    Task<TimelineOpening> Open(Func<RecoveryBasis, Timeline> make, string reason, CancellationToken cancellationToken);
}

internal abstract record TimelineOpening
{
    private TimelineOpening()
    {
    }

    /// <param name="Number">The feed number it became.</param>
    public sealed record Opened(Timeline Timeline, long Number) : TimelineOpening;

    /// <summary>Silos of these slots have leases that have not lapsed.</summary>
    public sealed record Held(ImmutableArray<string> Slots) : TimelineOpening;
}

/// <summary>What a database knows of itself before a timeline is opened.</summary>
/// <param name="Earlier">The timelines there are.</param>
/// <param name="Head">Its newest feed number.</param>
/// <param name="NewestEpoch">0 when no silo ever joined.</param>
/// <param name="Ends">Of the shards that are not sealed, or not for longer than a token lives (<see cref="RecentSeal"/>).</param>
internal sealed record RecoveryBasis(Timelines Earlier, long Head, long NewestEpoch, ImmutableArray<ShardEnd> Ends)
{
    /// <summary>
    /// The shard of a seal that is older than this has no lost records whose tokens are still alive: either it was sealed in the lost history too, or that
    /// history ended longer ago.
    /// </summary>
    public static readonly TimeSpan RecentSeal = Core.Revocation.RevocationSet.Retention;
}
