using System.Collections.Immutable;
using Assay.Core.SharedSignals;

namespace Assay.Grains.SharedSignals;

/// <summary>
/// One event stream, on one silo at a time. The key is <c>realm/stream id</c>. It says what comes next and remembers what was taken; signing and sending is for
/// the silo that asks. Should two of them ever live at once, each event still comes first in its order: receivers know the later ones by their <c>jti</c>.
/// </summary>
[GrainInterfaceType("event-stream"), Alias("event-stream")]
public interface IEventStreamGrain : IGrainWithStringKey
{
    /// <summary>Null when there is no such stream.</summary>
    [Alias("read")]
    Task<StreamState?> Read();

    /// <summary>One change. Durable on return, and every later <see cref="Take"/> goes by it. Safe to repeat.</summary>
    [Alias("change")]
    Task<StreamResult> Change(StreamChange change);

    /// <summary>The first events that were not taken yet, in order, <paramref name="most"/> at most. Changes nothing: asked again, the same come again.</summary>
    [Alias("take")]
    Task<StreamBatch> Take(int most);

    /// <summary>
    /// The receiver has these, or refuses them for good; either way they do not come again. Unknown names are ignored. Durable on return; false when that is not
    /// known, and then they may come again.
    /// </summary>
    [Alias("settle")]
    Task<bool> Settle(ImmutableArray<string> taken, ImmutableArray<RefusedEvent> refused);

    /// <summary>Does nothing but be there: a stream that is pushed is delivered by the silo it lives on.</summary>
    [Alias("wake")]
    Task Wake();
}

/// <param name="Json">An <see cref="EventStream"/> as <see cref="EventStreamJson"/> writes it.</param>
/// <param name="Subjects">As <see cref="EventSubject"/> writes them.</param>
[GenerateSerializer, Immutable, Alias("stream-state")]
public sealed record StreamState([property: Id(0)] long Version, [property: Id(1)] string Json, [property: Id(2)] ImmutableArray<string> Subjects);

/// <summary>What a receiver settles about its stream.</summary>
[GenerateSerializer, Immutable, Alias("stream-settings")]
public sealed record StreamSettings(
    [property: Id(0)] string? Description, [property: Id(1)] ImmutableArray<string> Requested, [property: Id(2)] string? Endpoint, [property: Id(3)] string? WrappedAuthorization);

[GenerateSerializer, Immutable, Alias("stream-change")]
public abstract record StreamChange
{
    /// <summary>Makes the stream. It begins with what happens from now on.</summary>
    [GenerateSerializer, Immutable, Alias("stream-change-create")]
    public sealed record Create([property: Id(0)] string Owner, [property: Id(1)] StreamSettings Settings) : StreamChange;

    [GenerateSerializer, Immutable, Alias("stream-change-configure")]
    public sealed record Configure([property: Id(0)] StreamSettings Settings) : StreamChange;

    /// <summary>By the receiver, when <paramref name="By"/> is <see cref="StreamHold.None"/>; otherwise by us, and the receiver is told in the stream.</summary>
    [GenerateSerializer, Immutable, Alias("stream-change-set-status")]
    public sealed record SetStatus([property: Id(0)] StreamStatus Status, [property: Id(1)] string? Reason, [property: Id(2)] StreamHold By) : StreamChange;

    /// <param name="Subject">As <see cref="EventSubject"/> writes it.</param>
    [GenerateSerializer, Immutable, Alias("stream-change-add-subject")]
    public sealed record AddSubject([property: Id(0)] string Subject) : StreamChange;

    [GenerateSerializer, Immutable, Alias("stream-change-remove-subject")]
    public sealed record RemoveSubject([property: Id(0)] string Subject) : StreamChange;

    /// <summary>Puts a verification event into the stream.</summary>
    [GenerateSerializer, Immutable, Alias("stream-change-verify")]
    public sealed record Verify([property: Id(0)] string? State) : StreamChange;

    [GenerateSerializer, Immutable, Alias("stream-change-delete")]
    public sealed record Delete : StreamChange;
}

/// <param name="State">As it is now; null when there is no stream, or it could not be read.</param>
[GenerateSerializer, Immutable, Alias("stream-result")]
public sealed record StreamResult([property: Id(0)] StreamOutcome Outcome, [property: Id(1)] StreamState? State);

public enum StreamOutcome
{
    Done,

    /// <summary>It is already so.</summary>
    Unchanged,
    NotFound,

    /// <summary>The owner has no room for another stream, or the stream for another subject.</summary>
    TooMany,

    /// <summary>The last verification was a moment ago, or waits to be taken.</summary>
    TooSoon,

    /// <summary>We stopped the stream; its receiver alone does not start it.</summary>
    Held,

    /// <summary>Storage did not answer: the outcome is unknown.</summary>
    Unavailable,
}

/// <param name="Outcome"><see cref="StreamOutcome.Done"/>, <see cref="StreamOutcome.NotFound"/> or <see cref="StreamOutcome.Unavailable"/>; the rest is of use for the first alone.</param>
/// <param name="HasMore">More may be behind these.</param>
/// <param name="Endpoint">Where it is pushed to; null when it is polled.</param>
/// <param name="HasOthers">It is about others than its owner.</param>
/// <param name="HasEverybody">It is about everybody.</param>
[GenerateSerializer, Immutable, Alias("stream-batch")]
public sealed record StreamBatch(
    [property: Id(0)] StreamOutcome Outcome,
    [property: Id(1)] ImmutableArray<StreamEvent> Events,
    [property: Id(2)] bool HasMore,
    [property: Id(3)] string Owner,
    [property: Id(4)] StreamHold Held,
    [property: Id(5)] string? Endpoint,
    [property: Id(6)] string? WrappedAuthorization,
    [property: Id(7)] bool HasOthers,
    [property: Id(8)] bool HasEverybody)
{
    internal static StreamBatch Without(StreamOutcome outcome) => new(outcome, [], false, "", StreamHold.None, null, null, false, false);
}

/// <summary>An event on its way to one receiver.</summary>
/// <param name="IssuedAt">Seconds of Unix time.</param>
/// <param name="About">The identity it is about; null for everybody, for a token whose owner nobody knows, and for the stream itself.</param>
/// <param name="Token">The <c>jti</c> of the token it is about.</param>
/// <param name="IsNotice">It is about the stream itself.</param>
[GenerateSerializer, Immutable, Alias("stream-event")]
public sealed record StreamEvent(
    [property: Id(0)] string JwtId,
    [property: Id(1)] string Transaction,
    [property: Id(2)] long IssuedAt,
    [property: Id(3)] string Type,
    [property: Id(4)] string? About,
    [property: Id(5)] string? Token,
    [property: Id(6)] bool IsNotice,
    [property: Id(7)] string Payload);

[GenerateSerializer, Immutable, Alias("refused-event")]
public sealed record RefusedEvent([property: Id(0)] string JwtId, [property: Id(1)] string Error, [property: Id(2)] string? Description);

/// <summary>Bounds of one stream.</summary>
public static class StreamLimits
{
    /// <summary>Events that may be out at a time; acknowledgements are looked for among so many.</summary>
    public const int MostOut = 100;

    public const int MostSubjects = 10_000;

    /// <summary>Events about the stream itself that wait; the oldest give way.</summary>
    public const int MostNotices = 16;

    /// <summary>Refusals that are kept for people.</summary>
    public const int MostRefusals = 10;
}
