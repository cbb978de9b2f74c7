using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Assay.Core.Evidence;
using Assay.Core.SharedSignals;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Assay.Grains.SharedSignals;
using Assay.Silo.Evidence;
using Microsoft.Extensions.Options;

namespace Assay.Silo.SharedSignals;

/// <summary>What became of a receiver's wish about its stream.</summary>
internal abstract record StreamAnswer
{
    private StreamAnswer()
    {
    }

    public sealed record Done(EventStream Stream) : StreamAnswer;

    /// <summary>There is no such stream of the caller's.</summary>
    public sealed record NotFound : StreamAnswer;

    /// <summary>An answer of HTTP's, and why.</summary>
    public sealed record Refused(int Status, string Detail) : StreamAnswer;
}

/// <summary>Streams of one caller: whatever belongs to others is not there. Each change of one is recorded before it is answered.</summary>
internal sealed class StreamDesk(
    IEventStore store, StreamDelivery delivery, StreamStanding standing, PushTargets targets, IKeyVault vault, ActLog acts, DecisionGate gate, SiloIdentity self, IOptions<EventOptions> options)
{
    private const string PollPath = "/ssf/poll/";

    public static StreamAnswer Unavailable { get; } = new StreamAnswer.Refused(StatusCodes.Status503ServiceUnavailable, "The stream could not be reached; whether a change was made is unknown. Look before trying again.");

    public async Task<StreamAnswer> Find(string? id, string caller)
    {
        if (!StreamIds.CanBe(id, caller) || await delivery.Stream(id!).Read() is not { } state)
            return new StreamAnswer.NotFound();
        var stream = EventStreamJson.Read(Encoding.UTF8.GetBytes(state.Json));
        return stream.Owner == caller ? new StreamAnswer.Done(stream) : new StreamAnswer.NotFound();
    }

    public async Task<ImmutableArray<EventStream>> All(string caller, CancellationToken cancellationToken) =>
        [.. (await store.Of(self.Realm, caller, cancellationToken)).Select(stored => EventStreamJson.Read(stored.Body.Span))];

    public async Task<StreamAnswer> Create(StreamWish wish, string caller)
    {
        var id = StreamIds.New(caller);
        if (Settings(id, wish, null, isWhole: true, out var fault) is not { } settings)
            return new StreamAnswer.Refused(StatusCodes.Status400BadRequest, fault!);
        var result = await delivery.Stream(id).Change(new StreamChange.Create(caller, settings));
        return result.Outcome == StreamOutcome.TooMany
            ? new StreamAnswer.Refused(StatusCodes.Status409Conflict, $"A client has {options.Value.StreamsPerClient} streams at most: delete one, or change it.")
            : await Finish(result, caller, "create event stream", id);
    }

    /// <param name="isWhole">What the wish does not speak of goes back to how it would be in a new stream.</param>
    public async Task<StreamAnswer> Configure(JsonElement body, StreamWish wish, string caller, bool isWhole)
    {
        if (await Find(wish.StreamId, caller) is not StreamAnswer.Done { Stream: var stream })
            return new StreamAnswer.NotFound();
        if (StreamForms.Contradiction(body, Shown(stream)) is { } contradiction)
            return new StreamAnswer.Refused(StatusCodes.Status400BadRequest, contradiction);
        if (Settings(stream.Id, wish, stream, isWhole, out var fault) is not { } settings)
            return new StreamAnswer.Refused(StatusCodes.Status400BadRequest, fault!);
        return await Finish(await delivery.Stream(stream.Id).Change(new StreamChange.Configure(settings)), caller, "change event stream", stream.Id);
    }

    public Task<StreamAnswer> SetStatus(string? id, StreamStatus status, string? reason, string caller) =>
        Change(id, new StreamChange.SetStatus(status, reason, StreamHold.None), caller, $"set event stream {EventStreamJson.WordOf(status)}");

    public async Task<StreamAnswer> AddSubject(string? id, EventSubject subject, string caller, CancellationToken cancellationToken)
    {
        if (subject.Identity != caller)
        {
            using var passage = gate.Enter();
            switch (await standing.MayHear(caller, ofOthers: true, ofEverybody: subject.Identity is null, passage, cancellationToken))
            {
                case null:
                    return Unavailable;
                case false:
                    return new StreamAnswer.Refused(
                        StatusCodes.Status403Forbidden, subject.Identity is null ? $"Policy grants no {EventScopes.Subjects}." : $"Policy grants no {EventScopes.Subjects}, and no API names you as its resource server.");
            }
        }

        return await Change(id, new StreamChange.AddSubject(subject.ToString()), caller, $"add {subject} to event stream");
    }

    public Task<StreamAnswer> RemoveSubject(string? id, EventSubject subject, string caller) =>
        Change(id, new StreamChange.RemoveSubject(subject.ToString()), caller, $"remove {subject} from event stream");

    /// <summary>Not recorded: it changes nothing.</summary>
    public async Task<StreamAnswer> Verify(string? id, string? state, string caller) =>
        await Find(id, caller) is StreamAnswer.Done { Stream: var stream }
            ? AnswerOf(await delivery.Stream(stream.Id).Change(new StreamChange.Verify(state)))
            : new StreamAnswer.NotFound();

    public Task<StreamAnswer> Delete(string? id, string caller) => Change(id, new StreamChange.Delete(), caller, "delete event stream");

    public StreamConfiguration Shown(EventStream stream) => new(
        stream.Id,
        self.Issuer,
        stream.Owner,
        EventTypes.Supported,
        stream.Requested.IsEmpty ? null : stream.Requested,
        EventTypes.Delivered(stream.Requested),
        stream.Endpoint is { } endpoint
            ? new StreamDeliveryMethod(StreamForms.PushMethod, endpoint)
            : new StreamDeliveryMethod(StreamForms.PollMethod, self.Issuer.TrimEnd('/') + PollPath + stream.Id),
        (int)options.Value.VerificationInterval.TotalSeconds,
        stream.Description);

    private async Task<StreamAnswer> Change(string? id, StreamChange change, string caller, string action) =>
        await Find(id, caller) is StreamAnswer.Done { Stream: var stream }
            ? await Finish(await delivery.Stream(stream.Id).Change(change), caller, action, stream)
            : new StreamAnswer.NotFound();

    private async Task<StreamAnswer> Finish(StreamResult result, string caller, string action, string id) =>
        AnswerOf(result) is StreamAnswer.Done done ? await Finish(result, caller, action, done.Stream) : AnswerOf(result);

    private async Task<StreamAnswer> Finish(StreamResult result, string caller, string action, EventStream before)
    {
        var answer = AnswerOf(result);
        if (answer is StreamAnswer.Refused || result.Outcome is not (StreamOutcome.Done or StreamOutcome.Unchanged))
            return answer;
        return await acts.Record(new AdminAct(caller, result.Outcome == StreamOutcome.Done ? action : $"{action} (already so)", before.Id, 0), caller)
            ? answer is StreamAnswer.Done ? answer : new StreamAnswer.Done(before) // deleted
            : Unavailable;
    }

    private static StreamAnswer AnswerOf(StreamResult result) => result switch
    {
        { Outcome: StreamOutcome.Done or StreamOutcome.Unchanged, State: { } state } => new StreamAnswer.Done(EventStreamJson.Read(Encoding.UTF8.GetBytes(state.Json))),
        { Outcome: StreamOutcome.TooMany } => new StreamAnswer.Refused(StatusCodes.Status403Forbidden, $"A stream has {StreamLimits.MostSubjects} subjects at most."),
        { Outcome: StreamOutcome.TooSoon } => new StreamAnswer.Refused(StatusCodes.Status429TooManyRequests, "The last verification was a moment ago, or waits to be taken."),
        { Outcome: StreamOutcome.Held } => new StreamAnswer.Refused(StatusCodes.Status403Forbidden, "The transmitter stopped this stream; the reason is in its status."),
        { Outcome: StreamOutcome.Unavailable } => Unavailable,
        _ => new StreamAnswer.NotFound(),
    };

    private StreamSettings? Settings(string id, StreamWish wish, EventStream? present, bool isWhole, out string? fault)
    {
        fault = null;
        var kept = isWhole ? null : present;
        var requested = wish.Requested ?? kept?.Requested ?? [];
        var description = wish.HasDescription ? wish.Description : kept?.Description;
        switch (wish.Method)
        {
            case null:
                return new StreamSettings(description, requested, kept?.Endpoint, kept?.WrappedAuthorization);

            case StreamForms.PollMethod:
                var own = self.Issuer.TrimEnd('/') + PollPath + id;
                if (wish.Endpoint is not null && wish.Endpoint != own)
                {
                    fault = "delivery.endpoint_url is the transmitter's to say when events are polled for";
                    return null;
                }

                return new StreamSettings(description, requested, null, null);

            default:
                fault = targets.Objection(wish.Endpoint);
                return fault is null
                    ? new StreamSettings(
                        description, requested, wish.Endpoint, wish.Authorization is { } secret ? vault.Wrap(StreamPusher.SecretName(id), Encoding.UTF8.GetBytes(secret)) : null)
                    : null;
        }
    }
}
