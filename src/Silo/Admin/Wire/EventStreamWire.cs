using System.Collections.Immutable;
using Assay.Core.SharedSignals;

namespace Assay.Silo.Admin.Wire;

/// <param name="Status">enabled, paused or disabled.</param>
/// <param name="Reason">For the receiver.</param>
internal sealed record EventStreamWish(string Status, string Reason);

internal sealed record EventStreamPage(ImmutableArray<EventStreamAnswer> Streams, string? Next);

/// <summary>A stream for people.</summary>
/// <param name="Endpoint">Where it is pushed to; null when it is polled.</param>
/// <param name="Held">Who stopped it: absent for its receiver, or right, or administrator.</param>
/// <param name="Behind">Numbers of the feed that it has not come to yet, most of them of no concern to it.</param>
/// <param name="Notices">Events about the stream itself that were not taken yet.</param>
internal sealed record EventStreamAnswer(
    string Id,
    string Owner,
    DateTimeOffset CreatedAt,
    string? Description,
    string? Endpoint,
    string Status,
    string? StatusReason,
    string? Held,
    ImmutableArray<string> Events,
    ImmutableArray<string> Subjects,
    long Behind,
    int Notices,
    long Delivered,
    long Refused,
    ImmutableArray<EventRefusal> Refusals)
{
    public static EventStreamAnswer Of(EventStream stream, ImmutableArray<string> subjects, long head) => new(
        stream.Id,
        stream.Owner,
        stream.CreatedAt,
        stream.Description,
        stream.Endpoint,
        EventStreamJson.WordOf(stream.Status),
        stream.StatusReason,
        stream.Held switch { StreamHold.Right => "right", StreamHold.Administrator => "administrator", _ => null },
        EventTypes.Delivered(stream.Requested),
        subjects,
        Math.Max(0, head - stream.Position.Number),
        stream.Notices.Length,
        stream.Delivered,
        stream.Refused,
        [.. stream.Refusals.Select(refusal => new EventRefusal(refusal.JwtId, refusal.Error, refusal.Description, refusal.At))]);
}

/// <summary>An event that a receiver does not take, and what it said.</summary>
internal sealed record EventRefusal(string Jti, string Error, string? Description, DateTimeOffset At);
