using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Assay.Core.SharedSignals;
using Assay.Grains.Authority;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Assay.Grains.SharedSignals;

/// <summary>
/// Guards one stream. The feed is its outbox: what comes next is read from there, and all that is stored is how far the receiver has come. Every call looks
/// first whether the stored stream is still the one it knows, so what it says is by the settings of now.
/// </summary>
[GrainType("event-stream")]
internal sealed class EventStreamGrain(
    IEventStore store, IEventSource source, EventNames names, SiloView silo, LocalStreams residents, IOptions<EventOptions> options, TimeProvider clock, ILogger<EventStreamGrain> log)
    : Grain, IEventStreamGrain
{
    private const int EntriesPerPage = 256;
    private const int PagesPerTurn = 16;
    private const int Tries = 3;

    private static readonly string Everybody = EventSubject.Everybody.ToString();

    /// <summary>Numbers behind which the position is written down though nothing was taken: a restart reads so much again at most.</summary>
    private const int Stride = 1_000;

    private static readonly ImmutableSortedDictionary<string, long> NoSubjects = ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);

    private readonly EventOptions bounds = options.Value;
    private string realm = "";
    private string id = "";
    private LocalStreams.Residence? residence;
    private EventStream? stream;
    private long version = -1;
    private ImmutableSortedDictionary<string, long> subjects = NoSubjects;
    private EventWindow window = new(default, []);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (realm, id) = GrainKey.Parse(this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        residence?.Dispose();
        return Task.CompletedTask;
    }

    public Task Wake() => Read();

    public async Task<StreamState?> Read()
    {
        if (await Refresh())
            return State();
        DeactivateOnIdle(); // a name that means nothing takes no room
        return null;
    }

    public async Task<StreamResult> Change(StreamChange change)
    {
        try
        {
            for (var tries = 0; tries < Tries; tries++)
            {
                if (await TryChange(change) is not { } outcome)
                    continue;
                residence?.Tell();
                return new StreamResult(outcome, stream is null ? null : State());
            }
        }
        catch (Exception fault)
        {
            Doubt(fault);
        }

        return new StreamResult(StreamOutcome.Unavailable, null);
    }

    public async Task<StreamBatch> Take(int most)
    {
        if (silo.Current is null) // this silo may have been replaced: then another one delivers
            return StreamBatch.Without(StreamOutcome.Unavailable);

        try
        {
            if (!await Refresh())
            {
                DeactivateOnIdle();
                return StreamBatch.Without(StreamOutcome.NotFound);
            }

            var notices = stream!.Notices.Take(most).Select(EventOf).ToImmutableArray();
            var (events, hasMore) = (notices, stream.Notices.Length > notices.Length);
            if (stream.Status == StreamStatus.Enabled)
            {
                var wanted = Math.Max(Math.Min(most, StreamLimits.MostOut) - notices.Length, 0);
                hasMore |= await Fill(wanted + 1); // one more than wanted says whether there is more
                hasMore |= window.Count > wanted;
                events = notices.AddRange(window.First(wanted));
                residence!.OldestWaiting = window.Oldest;
                await NoteProgress();
            }
            else
            {
                residence!.OldestWaiting = null;
            }

            var own = new EventSubject(stream.Owner).ToString();
            return new StreamBatch(
                StreamOutcome.Done, events, hasMore, stream.Owner, stream.Held, stream.Endpoint, stream.WrappedAuthorization,
                subjects.Keys.Any(subject => subject != own), subjects.ContainsKey(Everybody));
        }
        catch (Exception fault)
        {
            Doubt(fault);
            return StreamBatch.Without(StreamOutcome.Unavailable);
        }
    }

    public async Task<bool> Settle(ImmutableArray<string> taken, ImmutableArray<RefusedEvent> refused)
    {
        try
        {
            for (var tries = 0; tries < Tries; tries++)
            {
                if (!await Refresh())
                    return true; // the stream is gone, and its events with it
                await Fill(StreamLimits.MostOut); // after a move the window is empty: what was out is among the first
                var next = Without(stream!, taken, refused);
                if (ReferenceEquals(next, stream))
                    return true;
                if (await Put(next))
                {
                    residence!.OldestWaiting = window.Oldest;
                    return true;
                }

                version = -1; // the window is ahead of what is stored
            }
        }
        catch (Exception fault)
        {
            Doubt(fault);
        }

        return false;
    }

    /// <summary>Null when the stored stream was changed by somebody else meanwhile: try again.</summary>
    private async Task<StreamOutcome?> TryChange(StreamChange change)
    {
        if (!await Refresh())
        {
            if (change is not StreamChange.Create create)
                return StreamOutcome.NotFound;
            return await Create(create) ? StreamOutcome.Done : StreamOutcome.TooMany;
        }

        switch (change)
        {
            case StreamChange.Create:
                return StreamOutcome.Unchanged;

            case StreamChange.Configure configure:
                return await Store(With(stream!, configure.Settings), isRead: true);

            case StreamChange.SetStatus status:
                return await SetStatus(status);

            case StreamChange.AddSubject { Subject: var subject }:
                return subjects.ContainsKey(subject) ? StreamOutcome.Unchanged
                    : subjects.Count >= StreamLimits.MostSubjects ? StreamOutcome.TooMany
                    : await SetSubject(subject, isThere: true);

            case StreamChange.RemoveSubject { Subject: var subject }:
                return subjects.ContainsKey(subject) ? await SetSubject(subject, isThere: false) : StreamOutcome.Unchanged;

            case StreamChange.Verify verify:
                var now = clock.GetUtcNow();
                if (now < stream!.VerifiedAt + bounds.VerificationInterval || stream.Notices.Length >= StreamLimits.MostNotices)
                    return StreamOutcome.TooSoon;
                return await Store(Noting(stream, now, EventTypes.Verification, verify.State, null, null) with { VerifiedAt = now });

            case StreamChange.Delete:
                await store.Remove(realm, id, CancellationToken.None);
                Forget();
                return StreamOutcome.Done;

            default:
                return StreamOutcome.Unchanged;
        }
    }

    private async Task<bool> Create(StreamChange.Create create)
    {
        var made = With(
            new EventStream { Id = id, Owner = create.Owner, CreatedAt = clock.GetUtcNow(), Position = FeedPlace.EndOf(await store.Head(CancellationToken.None)) }, create.Settings);
        return await store.Add(realm, id, create.Owner, EventStreamJson.Write(made), bounds.StreamsPerClient, CancellationToken.None) && await Refresh();
    }

    private async Task<StreamOutcome?> SetStatus(StreamChange.SetStatus change)
    {
        var present = stream!;
        var isReceiver = change.By == StreamHold.None;
        if (isReceiver && present.Held != StreamHold.None)
            return StreamOutcome.Held;
        if (change.By == StreamHold.Right && present.Held == StreamHold.Administrator)
            return StreamOutcome.Held; // what an administrator stopped goes on by an administrator
        var held = change.Status == StreamStatus.Enabled ? StreamHold.None : change.By;
        if (present.Status == change.Status && present.StatusReason == change.Reason && present.Held == held)
            return StreamOutcome.Unchanged;

        var next = present with { Status = change.Status, StatusReason = change.Reason, Held = held };
        if (present.Status == StreamStatus.Disabled && change.Status != StreamStatus.Disabled)
            next = next with { Position = FeedPlace.EndOf(await store.Head(CancellationToken.None)), Settled = [] }; // what happened meanwhile is not sent
        if (!isReceiver)
            next = Noting(next, clock.GetUtcNow(), EventTypes.StreamUpdated, null, change.Status, change.Reason);
        return await Store(next, isRead: true);
    }

    private async Task<StreamOutcome?> SetSubject(string subject, bool isThere)
    {
        if (!await store.SetSubject(realm, id, version, subject, isThere, CancellationToken.None))
            return null;
        version = -1; // other events are for it now: begin where it has come to
        return await Refresh() ? StreamOutcome.Done : StreamOutcome.NotFound;
    }

    /// <param name="isRead">What is for the stream, or where it has come to, may be otherwise: the window is read anew.</param>
    private async Task<StreamOutcome?> Store(EventStream next, bool isRead = false)
    {
        if (!await Put(next))
            return null;
        if (isRead)
            window = new EventWindow(next.Position, next.Settled);
        return StreamOutcome.Done;
    }

    private async Task<bool> Put(EventStream next)
    {
        if (!await store.Write(realm, id, version, EventStreamJson.Write(next), CancellationToken.None))
        {
            version = -1;
            return false;
        }

        stream = next;
        version++;
        return true;
    }

    /// <summary>Makes this copy the stored stream; false when there is none.</summary>
    private async Task<bool> Refresh()
    {
        var stored = await store.Read(realm, id, CancellationToken.None);
        if (stored is null)
        {
            Forget();
            return false;
        }

        if (stored.Version == version)
            return true;
        var read = EventStreamJson.Read(stored.Body.Span);
        subjects = (await store.Subjects(realm, id, CancellationToken.None)) // a change of these after the stream was read raised its version: it is read again then
            .ToImmutableSortedDictionary(one => one.Subject, one => one.Since, StringComparer.Ordinal);
        window = new EventWindow(read.Position, read.Settled);
        stream = read;
        version = stored.Version;
        residence ??= residents.Settle(id);
        return true;
    }

    private void Forget()
    {
        stream = null;
        version = -1;
        subjects = NoSubjects;
        window = new EventWindow(default, []);
        residence?.Dispose();
        residence = null;
    }

    /// <summary>Reads the feed until so many events wait; true when it may hold more.</summary>
    private async Task<bool> Fill(int wanted)
    {
        var oldest = clock.GetUtcNow() - bounds.Retention;
        var types = EventTypes.Delivered(stream!.Requested);
        for (var page = 0; page < PagesPerTurn; page++)
        {
            if (window.Count >= wanted || window.IsFull)
                return true;
            var slice = await store.Feed(realm, window.Scanned, EntriesPerPage, CancellationToken.None);
            foreach (var change in slice.Changes)
            {
                if (window.Count >= wanted)
                    return true;
                window.Add(change.Place, change.At < oldest || subjects.IsEmpty ? [] : await EventsOf(change, types));
            }

            if (!slice.IsWhole)
                continue;
            window.Skip(FeedPlace.EndOf(slice.Head));
            return false;
        }

        return true;
    }

    private async Task<List<StreamEvent>> EventsOf(FeedChange change, ImmutableArray<string> types)
    {
        var found = new List<StreamEvent>();
        var made = await source.Of(realm, change, CancellationToken.None);
        for (var index = 0; index < made.Length; index++)
        {
            var happened = made[index];
            if (!types.Contains(happened.Type))
                continue;
            if (HearsOf(Everybody, change))
                found.Add(EventOf(change, index, happened, happened.About));
            else if (happened.ConcernsEverybody)
                found.AddRange(subjects.Keys.Where(subject => HearsOf(subject, change)).Select(subject => EventOf(change, index, happened, EventSubject.Parse(subject).Identity)));
            else if (happened.About is { } about && HearsOf(new EventSubject(about).ToString(), change))
                found.Add(EventOf(change, index, happened, about));
        }

        return found;
    }

    private bool HearsOf(string subject, FeedChange change) => subjects.TryGetValue(subject, out var since) && change.Place.Number > since;

    private StreamEvent EventOf(FeedChange change, int index, SecurityEvent happened, string? about) => new(
        names.JwtId(id, change.Place, index, about), names.Transaction(change.Place.Number), happened.At.ToUnixTimeSeconds(), happened.Type, about, happened.Token, false, happened.Payload);

    private static StreamEvent EventOf(StreamNotice notice) => new(
        notice.JwtId, notice.JwtId, notice.At.ToUnixTimeSeconds(), notice.Type, null, null, true, PayloadOf(notice));

    private static string PayloadOf(StreamNotice notice)
    {
        var members = new Dictionary<string, string>();
        if (notice.State is not null)
            members["state"] = notice.State;
        if (notice.Status is { } status)
            members["status"] = EventStreamJson.WordOf(status);
        if (notice.Reason is not null)
            members["reason"] = notice.Reason;
        return JsonSerializer.Serialize(members, PayloadForm);
    }

    private static readonly JsonSerializerOptions PayloadForm = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private EventStream Without(EventStream present, ImmutableArray<string> taken, ImmutableArray<RefusedEvent> refused)
    {
        var notices = present.Notices;
        var now = clock.GetUtcNow();
        long delivered = 0;
        var refusals = ImmutableArray.CreateBuilder<RefusedSet>();
        foreach (var jwtId in taken)
        {
            if (Settled(jwtId))
                delivered++;
        }

        foreach (var refusal in refused)
        {
            if (!Settled(refusal.JwtId))
                continue;
            refusals.Add(new RefusedSet(refusal.JwtId, refusal.Error, refusal.Description, now));
            Log.EventRefused(log, id, refusal.JwtId, refusal.Error);
        }

        if (delivered == 0 && refusals.Count == 0)
            return present;
        return present with
        {
            Notices = notices,
            Position = window.Position,
            Settled = window.Settled,
            Delivered = present.Delivered + delivered,
            Refused = present.Refused + refusals.Count,
            Refusals = refusals.Count == 0 ? present.Refusals : [.. refusals.Concat(present.Refusals).Take(StreamLimits.MostRefusals)],
        };

        bool Settled(string jwtId)
        {
            var rest = notices.RemoveAll(notice => notice.JwtId == jwtId);
            if (rest.Length == notices.Length)
                return window.Settle(jwtId);
            notices = rest;
            return true;
        }
    }

    /// <summary>Nobody waits for it: when it fails, more is read again after a restart.</summary>
    private async Task NoteProgress()
    {
        if (window.Position.Number >= stream!.Position.Number + Stride)
            await Put(stream with { Position = window.Position, Settled = window.Settled });
    }

    private StreamState State() => new(version, Encoding.UTF8.GetString(EventStreamJson.Write(stream!).Span), [.. subjects.Keys]);

    private static EventStream With(EventStream present, StreamSettings settings) => present with
    {
        Description = settings.Description, Requested = settings.Requested, Endpoint = settings.Endpoint, WrappedAuthorization = settings.WrappedAuthorization,
    };

    /// <summary>With one more notice; when they are not taken, the oldest give way.</summary>
    private static EventStream Noting(EventStream present, DateTimeOffset at, string type, string? state, StreamStatus? status, string? reason) => present with
    {
        Notices = [.. present.Notices.TakeLast(StreamLimits.MostNotices - 1), new StreamNotice(Guid.NewGuid().ToString("N"), type, at, state, status, reason)],
    };

    private void Doubt(Exception fault)
    {
        version = -1; // unknown outcome: read again before anything else
        Log.StreamInDoubt(log, fault, id);
    }
}
