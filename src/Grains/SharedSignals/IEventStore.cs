using System.Collections.Immutable;
using Assay.Core.SharedSignals;

namespace Assay.Grains.SharedSignals;

/// <summary>
/// Streams, and the change feed read as their outbox. Unlike objects of the authority a stream is overwritten, and it is no entry of the feed: how far a
/// receiver has come is nobody's business but its own.
/// </summary>
public interface IEventStore
{
    /// <summary>Null when there is no such stream.</summary>
    Task<StoredStream?> Read(string realm, string id, CancellationToken cancellationToken);

    /// <summary>All streams of a client, by id.</summary>
    Task<ImmutableArray<StoredStream>> Of(string realm, string owner, CancellationToken cancellationToken);

    /// <summary>The first <paramref name="limit"/> streams whose ids come after <paramref name="after"/> (null: from the first), in the order of the ids' bytes.</summary>
    Task<ImmutableArray<StoredStream>> Page(string realm, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Durable on return. False when the owner has <paramref name="most"/> streams already, also when others are made at the same moment.</summary>
    Task<bool> Add(string realm, string id, string owner, ReadOnlyMemory<byte> body, int most, CancellationToken cancellationToken);

    /// <summary>
    /// Overwrites the version that the writer saw; its next one is one higher. Durable on return; false when the stream is at another version, or gone. After an
    /// exception the outcome is unknown.
    /// </summary>
    Task<bool> Write(string realm, string id, long version, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);

    /// <summary>Removes a stream with its subjects; false when there is none. Safe to repeat.</summary>
    Task<bool> Remove(string realm, string id, CancellationToken cancellationToken);

    /// <summary>What a stream is about, sorted by the bytes of the subjects.</summary>
    Task<ImmutableArray<StreamSubject>> Subjects(string realm, string id, CancellationToken cancellationToken);

    /// <summary>
    /// Adds a subject, of which the stream hears from the head of the feed on, or takes it away; raises the stream's version with it. False as for <see cref="Write"/>.
    /// One that is there already stays as it is.
    /// </summary>
    Task<bool> SetSubject(string realm, string id, long version, string subject, bool isThere, CancellationToken cancellationToken);

    /// <summary>The head of the feed.</summary>
    Task<long> Head(CancellationToken cancellationToken);

    /// <summary>
    /// The first <paramref name="limit"/> entries behind a place that can make events (identities and revocations of the realm), in order. Nothing is ever added
    /// before what it has shown, or up to the head it names.
    /// </summary>
    Task<FeedSlice> Feed(string realm, FeedPlace after, int limit, CancellationToken cancellationToken);
}

/// <param name="Version">1, and one more with every write.</param>
public sealed record StoredStream(string Id, string Owner, long Version, ReadOnlyMemory<byte> Body);

/// <param name="Subject">An <see cref="EventSubject"/> as text.</param>
/// <param name="Since">The head of the feed when it was added: what happened up to it is not for the stream.</param>
public sealed record StreamSubject(string Subject, long Since);

/// <param name="Head">The head of the feed in the same snapshot.</param>
/// <param name="IsWhole">There are no more entries up to the head.</param>
public sealed record FeedSlice(ImmutableArray<FeedChange> Changes, long Head, bool IsWhole);

/// <summary>An entry of the feed, with who made the change and when (by the store's clock).</summary>
public sealed record FeedChange(FeedPlace Place, DateTimeOffset At, string Actor);

/// <summary>Knows what entries of the feed mean.</summary>
public interface IEventSource
{
    /// <summary>The events that an entry makes, in their order: the same for everybody who asks, whenever.</summary>
    ValueTask<ImmutableArray<SecurityEvent>> Of(string realm, FeedChange change, CancellationToken cancellationToken);
}
