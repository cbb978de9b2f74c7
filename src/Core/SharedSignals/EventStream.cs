using System.Collections.Immutable;
using System.Text.Json;
using Assay.Core.Json;

namespace Assay.Core.SharedSignals;

public enum StreamStatus
{
    Enabled,

    /// <summary>Events wait.</summary>
    Paused,

    /// <summary>Events that happen meanwhile are never sent.</summary>
    Disabled,
}

/// <summary>Who stopped a stream, so that its receiver alone does not start it again.</summary>
public enum StreamHold
{
    None,

    /// <summary>Its owner may not hear of its subjects any more; it goes on when it may again.</summary>
    Right,

    /// <summary>An administrator.</summary>
    Administrator,
}

/// <summary>An event stream (SSF 1.0 §8): what a receiver asked for, and how far it has come. Immutable; every change makes a new version.</summary>
public sealed record EventStream
{
    /// <summary>Random, behind a part that its owner's streams share (<see cref="StreamIds"/>).</summary>
    public required string Id { get; init; }

    /// <summary>The client whose stream it is: the receiver, and the <c>aud</c> of what it is sent.</summary>
    public required string Owner { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public string? Description { get; init; }

    /// <summary>Event types as the receiver asked for them, known or not; empty when it did not say.</summary>
    public ImmutableArray<string> Requested { get; init; } = [];

    /// <summary>Where events are pushed to (RFC 8935); null when they are polled for (RFC 8936).</summary>
    public string? Endpoint { get; init; }

    /// <summary>The <c>Authorization</c> header of the receiver's own, wrapped; null for none.</summary>
    public string? WrappedAuthorization { get; init; }

    public StreamStatus Status { get; init; }

    public string? StatusReason { get; init; }

    public StreamHold Held { get; init; }

    /// <summary>Everything up to here was taken by the receiver, or was not for it.</summary>
    public required FeedPlace Position { get; init; }

    /// <summary>What was taken out of order, behind <see cref="Position"/>.</summary>
    public ImmutableArray<SettledEvent> Settled { get; init; } = [];

    /// <summary>Events about the stream itself that were not taken yet, oldest first.</summary>
    public ImmutableArray<StreamNotice> Notices { get; init; } = [];

    /// <summary>When a verification was last asked for.</summary>
    public DateTimeOffset? VerifiedAt { get; init; }

    /// <summary>Events taken since the stream was made.</summary>
    public long Delivered { get; init; }

    /// <summary>Events the receiver refused for good since the stream was made.</summary>
    public long Refused { get; init; }

    /// <summary>The newest of those, newest first.</summary>
    public ImmutableArray<RefusedSet> Refusals { get; init; } = [];
}

/// <param name="Number">The feed number it came from.</param>
public sealed record SettledEvent(long Number, string JwtId);

/// <summary>An event about a stream.</summary>
/// <param name="Type"><see cref="EventTypes.Verification"/> or <see cref="EventTypes.StreamUpdated"/>.</param>
/// <param name="State">What a verification echoes; null for none.</param>
public sealed record StreamNotice(string JwtId, string Type, DateTimeOffset At, string? State, StreamStatus? Status, string? Reason);

/// <summary>What a receiver said of an event that it does not take (RFC 8935 §2.4).</summary>
public sealed record RefusedSet(string JwtId, string Error, string? Description, DateTimeOffset At);

/// <summary>Streams at rest and between silos, read as strictly as the registry.</summary>
public static class EventStreamJson
{
    public const int Version = 1;

    private static readonly Words<StreamHold> Holds = new(("none", StreamHold.None), ("right", StreamHold.Right), ("administrator", StreamHold.Administrator));
    private static readonly Words<StreamStatus> Statuses =
        new(("enabled", StreamStatus.Enabled), ("paused", StreamStatus.Paused), ("disabled", StreamStatus.Disabled));

    public static ReadOnlyMemory<byte> Write(EventStream stream) => StrictDocument.Encode(stream, Version, WriteMembers);

    /// <exception cref="FormatException">It is no stream that this program knows.</exception>
    public static EventStream Read(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "event stream", Version, ReadStream);

    /// <summary>The word of SSF 1.0 §8.1.2.</summary>
    public static string WordOf(StreamStatus status) => Statuses.Of(status);

    public static bool TryReadStatus(string word, out StreamStatus status) => Statuses.TryFind(word, out status);

    private static void WriteMembers(Utf8JsonWriter json, EventStream stream)
    {
        json.WriteString("id"u8, stream.Id);
        json.WriteString("owner"u8, stream.Owner);
        json.WriteMoment("createdAt", stream.CreatedAt);
        json.WriteText("description", stream.Description);
        json.WriteTexts("requested", stream.Requested);
        json.WriteText("endpoint", stream.Endpoint);
        json.WriteText("wrappedAuthorization", stream.WrappedAuthorization);
        json.WriteString("status"u8, Statuses.Of(stream.Status));
        json.WriteText("statusReason", stream.StatusReason);
        json.WriteString("held"u8, Holds.Of(stream.Held));
        json.WriteNumber("number"u8, stream.Position.Number);
        json.WriteString("kind"u8, stream.Position.Kind);
        json.WriteString("object"u8, stream.Position.Id);
        json.WriteObjects("settled", stream.Settled, static (item, settled) =>
        {
            item.WriteNumber("number"u8, settled.Number);
            item.WriteString("jti"u8, settled.JwtId);
        });
        json.WriteObjects("notices", stream.Notices, static (item, notice) =>
        {
            item.WriteString("jti"u8, notice.JwtId);
            item.WriteString("type"u8, notice.Type);
            item.WriteMoment("at", notice.At);
            item.WriteText("state", notice.State);
            item.WriteText("status", notice.Status is { } status ? Statuses.Of(status) : null);
            item.WriteText("reason", notice.Reason);
        });
        json.WriteMoment("verifiedAt", stream.VerifiedAt);
        json.WriteNumber("delivered"u8, stream.Delivered);
        json.WriteNumber("refused"u8, stream.Refused);
        json.WriteObjects("refusals", stream.Refusals, static (item, refusal) =>
        {
            item.WriteString("jti"u8, refusal.JwtId);
            item.WriteString("error"u8, refusal.Error);
            item.WriteText("description", refusal.Description);
            item.WriteMoment("at", refusal.At);
        });
    }

    private static EventStream ReadStream(StrictObject json) => new()
    {
        Id = json.Text("id"),
        Owner = json.Text("owner"),
        CreatedAt = json.Moment("createdAt"),
        Description = json.OptionalText("description"),
        Requested = json.Texts("requested"),
        Endpoint = json.OptionalText("endpoint"),
        WrappedAuthorization = json.OptionalText("wrappedAuthorization"),
        Status = json.Word("status", Statuses),
        StatusReason = json.OptionalText("statusReason"),
        Held = json.Word("held", Holds),
        Position = new FeedPlace(json.Long("number"), json.Text("kind"), json.Text("object")),
        Settled = json.Objects("settled", static item => new SettledEvent(item.Long("number"), item.Text("jti"))),
        Notices = json.Objects("notices", static item => new StreamNotice(
            item.Text("jti"), item.Text("type"), item.Moment("at"), item.OptionalText("state"),
            item.OptionalText("status") is { } word ? Statuses.TryFind(word, out var status) ? status : throw item.Bad("status", $"expected one of {Statuses}") : null,
            item.OptionalText("reason"))),
        VerifiedAt = json.OptionalMoment("verifiedAt"),
        Delivered = json.Long("delivered"),
        Refused = json.Long("refused"),
        Refusals = json.Objects("refusals", static item => new RefusedSet(item.Text("jti"), item.Text("error"), item.OptionalText("description"), item.Moment("at"))),
    };
}
