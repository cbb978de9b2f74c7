using System.Collections.Immutable;

namespace Assay.Grains.Authority;

/// <summary>Reads what a silo decides with.</summary>
public interface ISnapshotLoader
{
    /// <summary>
    /// Everything as it stood at feed number <paramref name="head"/>. Throws when it cannot be read or does not make sense: the silo then keeps
    /// what it has until its lease lapses.
    /// </summary>
    /// <param name="previous">What the silo holds; null for the first load.</param>
    /// <param name="entries">All that happened since <paramref name="previous"/>, in order, up to the head.</param>
    /// <param name="refreshedAt">The moment before the query that brought them.</param>
    Task<SiloSnapshot> Load(
        SiloSnapshot? previous, ImmutableArray<FeedEntry> entries, long head, DateTimeOffset refreshedAt, CancellationToken cancellationToken);
}

/// <summary>
/// Holds something made from the silo's snapshot or from objects the feed names (a signer, a cache of public keys) and has to drop or refresh
/// it before this silo acknowledges a change.
/// </summary>
public interface ISnapshotListener
{
    /// <summary>
    /// Called after <paramref name="snapshot"/> has become the silo's current one and before its number is acknowledged; not for the first
    /// snapshot, which is in <see cref="SiloView"/> when the silo starts. An exception keeps the change unacknowledged; the same call is made
    /// again. Everything that was let through <see cref="DecisionGate"/> before this completes is waited for or discarded.
    /// </summary>
    ValueTask Changed(SiloSnapshot snapshot, ImmutableArray<FeedEntry> entries, CancellationToken cancellationToken);
}
