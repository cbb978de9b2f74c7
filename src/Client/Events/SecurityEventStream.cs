using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Assay.Client.Events;

/// <summary>
/// What an issuer tells a client, in a stream of the client's own that is polled in the background (SSF 1.0, RFC 8936). It begins with the first
/// subscription and ends with the <see cref="AssayClient"/>. An event comes within milliseconds, usually, and at least once; here each is told once. Nothing
/// fails because the stream does: it is tried again after 1, 2, 4 … 30 s, spread by half, and after 5 to 7.5 min when the issuer says that the identity may not.
/// </summary>
/// <remarks>Safe for many threads at once.</remarks>
public sealed partial class SecurityEventStream
{
    /// <summary>What one stream can be about, besides the client itself.</summary>
    private const int MostFollowed = 10_000;

    /// <summary>Events that are known when they come again; a transmitter has fewer out at a time.</summary>
    private const int MostRemembered = 1_024;

    private static readonly TimeSpan CloseWithin = TimeSpan.FromSeconds(5);

    /// <summary>Between polls that are answered at once and with nothing, as by an issuer that lets none wait.</summary>
    private static readonly TimeSpan BetweenEmpty = TimeSpan.FromSeconds(1);

    private readonly StreamApi api;
    private readonly SetReader reader;
    private readonly string self;
    private readonly TimeProvider clock;
    private readonly ILogger log;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource ending = new();
    private readonly ConcurrentDictionary<string, bool> followed = new(StringComparer.Ordinal);
    private readonly Channel<bool> wishes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);
    private readonly Queue<string> seenInOrder = new();
    private volatile Action<SecurityEvent>[] handlers = [];
    private volatile bool wantsEverybody;
    private volatile bool mayHearEverybody = true;
    private volatile OpenStream? open;
    private volatile OpenStream? heardOf;
    private volatile bool isPaused;
    private OpenStream? everybodyIsIn;
    private long heardAt;
    private bool isClosed;
    private Task? running;

    internal SecurityEventStream(AssayClient client, AssayClientOptions options, HttpClient http)
    {
        api = new StreamApi(client, options, http);
        reader = new SetReader(options.Issuer.OriginalString, options.ClientId);
        (self, clock, log) = (options.ClientId, options.TimeProvider, options.Logger);
    }

    /// <summary>
    /// How long ago the issuer last answered, and so all that had happened was told; null while there is no stream, the issuer holds it back, or those who are
    /// followed are not heard of. While all is well it is up to as long as the issuer lets a poll wait, 20 s by default.
    /// </summary>
    public TimeSpan? Silence =>
        open is { } stream && !isPaused && (heardOf == stream || (!wantsEverybody && followed.IsEmpty)) && Volatile.Read(ref heardAt) is not 0 and var at ? clock.GetElapsedTime(at) : null;

    /// <summary>Told after a stream was lost and another was made: what happened between the two may never be told.</summary>
    internal Action? Missed { get; set; }

    /// <summary>Hears what comes from now on, about the client itself and whoever is followed.</summary>
    /// <param name="handler">Called on a thread of the pool, for one event after the other, in their order. What it throws is logged, and the event counts as taken.</param>
    /// <returns>Ends the subscription; the stream stays.</returns>
    /// <exception cref="ObjectDisposedException">The client was disposed.</exception>
    public IDisposable Subscribe(Action<SecurityEvent> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ObjectDisposedException.ThrowIf(ending.IsCancellationRequested, typeof(AssayClient));
        lock (gate)
        {
            handlers = [.. handlers, handler];
            if (running is null)
            {
                // Whoever happens to begin has nothing to do with it: neither their trace nor their locals go along.
                using (AsyncFlowControl? _ = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow())
                    running = Task.Run(RunAsync);
            }
        }

        return new Subscription(this, handler);
    }

    /// <summary>
    /// Hears of another client too, from soon after this call on; 10,000 at most, others are not followed. The issuer lets those hear of it that are resource
    /// servers of an API, or may hear of everybody.
    /// </summary>
    public void Follow(string clientId)
    {
        ArgumentException.ThrowIfNullOrEmpty(clientId);
        if (clientId != self && !followed.ContainsKey(clientId) && followed.Count < MostFollowed && followed.TryAdd(clientId, false))
            wishes.Writer.TryWrite(true);
    }

    /// <summary>
    /// Hears of everybody, if the issuer lets this client (<c>ssf.subjects</c>); if it does not, of those who are followed.
    /// </summary>
    public void FollowEverybody()
    {
        wantsEverybody = true;
        wishes.Writer.TryWrite(true);
    }

    /// <summary>Stops listening, and deletes the stream if the issuer can be reached soon.</summary>
    internal async Task CloseAsync()
    {
        if (Interlocked.Exchange(ref isClosed, true))
            return;
        var stream = open;
        var deleting = DeleteAsync(stream); // it takes the token that is held, before the client lets go of it
        ending.Cancel();
        Volatile.Write(ref heardAt, 0);
        await deleting.ConfigureAwait(false);
        if (running is { } loop)
            await loop.ConfigureAwait(false);
        if (open != stream)
            await DeleteAsync(open).ConfigureAwait(false); // made while this began
        api.Dispose();
    }

    private async Task DeleteAsync(OpenStream? stream)
    {
        if (stream is null)
            return;
        using var patience = new CancellationTokenSource(CloseWithin);
        try
        {
            await api.DeleteAsync(stream, patience.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is StreamFault or OperationCanceledException or ObjectDisposedException)
        {
            // It stays, and takes up room among the client's streams, until somebody deletes it.
        }
    }

    private async Task RunAsync()
    {
        var setbacks = new Setbacks(clock);
        var stream = default(OpenStream);
        var following = Task.Run(FollowAsync);
        var taken = new List<string>();
        var refused = new Dictionary<string, SetErrorJson>(StringComparer.Ordinal);
        while (!ending.IsCancellationRequested)
        {
            try
            {
                if (stream is null)
                {
                    var began = clock.GetTimestamp();
                    stream = await OpenAsync(ending.Token).ConfigureAwait(false);
                    Volatile.Write(ref heardAt, began); // nothing waits in it that is older
                    (taken, refused) = ([], new(StringComparer.Ordinal));
                    wishes.Writer.TryWrite(true);
                }

                var asked = clock.GetTimestamp();
                var sets = await api.PollAsync(stream, taken, refused.Count == 0 ? null : refused, ending.Token).ConfigureAwait(false);
                if (sets is null)
                    continue; // whether the acknowledgements arrived is unknown: they are sent again
                (taken, refused) = ([], new(StringComparer.Ordinal));
                await TakeAsync(sets, taken, refused, ending.Token).ConfigureAwait(false);
                Volatile.Write(ref heardAt, clock.GetTimestamp());
                if (setbacks.AreOver())
                    EventsAreHeardAgain(log);
                if (sets.Count == 0 && clock.GetElapsedTime(asked) < BetweenEmpty)
                    await Task.Delay(BetweenEmpty * (1 + Random.Shared.NextDouble()), clock, ending.Token).ConfigureAwait(false);
            }
            catch (Exception) when (ending.IsCancellationRequested)
            {
                break;
            }
            catch (Exception fault)
            {
                if (fault is StreamFault { Failure: StreamFailure.Gone })
                    (stream, open) = (null, null);
                if (setbacks.Add(fault))
                    EventsAreNotHeard(log, fault.Message);
                await setbacks.WaitAsync(ending.Token).ConfigureAwait(false);
            }
        }

        await following.ConfigureAwait(false);
    }

    /// <summary>A stream that is about the client itself.</summary>
    private async Task<OpenStream> OpenAsync(CancellationToken cancellationToken)
    {
        var hadOne = Volatile.Read(ref heardAt) != 0;
        var made = await api.CreateAsync(cancellationToken).ConfigureAwait(false);
        open = made; // from here on it has to be deleted, whatever else fails
        isPaused = false;
        try
        {
            await api.AddSubjectAsync(made, self, cancellationToken).ConfigureAwait(false);
        }
        catch (StreamFault)
        {
            await DropAsync(made, cancellationToken).ConfigureAwait(false);
            throw;
        }

        mayHearEverybody = true;
        foreach (var name in followed.Keys)
            followed[name] = false;
        if (hadOne)
            Missed?.Invoke();
        return made;
    }

    private async Task DropAsync(OpenStream stream, CancellationToken cancellationToken)
    {
        open = null;
        try
        {
            await api.DeleteAsync(stream, cancellationToken).ConfigureAwait(false);
        }
        catch (StreamFault)
        {
            // what went wrong before is what there is to say
        }
    }

    /// <summary>Names to the issuer whoever is followed, while the other loop waits for events.</summary>
    private async Task FollowAsync()
    {
        var setbacks = new Setbacks(clock);
        while (!ending.IsCancellationRequested)
        {
            try
            {
                await wishes.Reader.ReadAsync(ending.Token).ConfigureAwait(false);
                if (open is not { } stream)
                    continue; // whoever makes one wishes again
                await FollowAsync(stream, ending.Token).ConfigureAwait(false);
                heardOf = stream;
                if (setbacks.AreOver())
                    EventsAreHeardAgain(log);
            }
            catch (Exception) when (ending.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                heardOf = null;
                if (setbacks.Add(fault))
                    OthersAreNotHeardOf(log, fault.Message);
                await setbacks.WaitAsync(ending.Token).ConfigureAwait(false);
                wishes.Writer.TryWrite(true);
            }
        }
    }

    private async Task FollowAsync(OpenStream stream, CancellationToken cancellationToken)
    {
        if (wantsEverybody && mayHearEverybody)
        {
            try
            {
                if (everybodyIsIn != stream)
                    await api.AddSubjectAsync(stream, null, cancellationToken).ConfigureAwait(false);
                everybodyIsIn = stream;
                return;
            }
            catch (StreamFault fault) when (fault.Failure == StreamFailure.NotAllowed)
            {
                mayHearEverybody = false; // then of those whose tokens came
            }
        }

        foreach (var (name, isSaid) in followed)
        {
            if (isSaid)
                continue;
            await api.AddSubjectAsync(stream, name, cancellationToken).ConfigureAwait(false);
            followed.TryUpdate(name, true, false);
        }
    }

    /// <exception cref="StreamFault">There are events that cannot be told to be the issuer's yet. The others are taken.</exception>
    private async Task TakeAsync(Dictionary<string, string?> sets, List<string> taken, Dictionary<string, SetErrorJson> refused, CancellationToken cancellationToken)
    {
        var unknown = 0;
        foreach (var (name, token) in sets)
        {
            switch (await api.ReadAsync(reader, name, token, cancellationToken).ConfigureAwait(false))
            {
                case SetResult.Taken { Event: var happened }:
                    if (Remember(name))
                        Tell(happened);
                    taken.Add(name);
                    break;
                case SetResult.Refused refusal:
                    EventWasRefused(log, name, refusal.Reason);
                    refused[name] = new SetErrorJson(refusal.Error, refusal.Reason);
                    break;
                default:
                    unknown++;
                    break;
            }
        }

        if (unknown > 0)
            throw new StreamFault(StreamFailure.Unavailable, "events are signed with a key that the issuer does not publish");
    }

    /// <summary>False when it came before.</summary>
    private bool Remember(string name)
    {
        if (!seen.Add(name))
            return false;
        seenInOrder.Enqueue(name);
        if (seenInOrder.Count > MostRemembered)
            seen.Remove(seenInOrder.Dequeue());
        return true;
    }

    private void Tell(SecurityEvent happened)
    {
        if (happened.Type == SecurityEventTypes.StreamUpdated)
        {
            isPaused = happened.Details.TryGetProperty("status", out var status) && !status.ValueEquals("enabled");
            if (isPaused)
                EventsAreHeldBack(log, happened.Details.TryGetProperty("reason", out var reason) ? reason.ToString() : "");
        }

        foreach (var handler in handlers)
        {
            try
            {
                handler(happened);
            }
            catch (Exception fault) // whoever listens badly must not make the others deaf
            {
                HandlerFailed(log, fault, happened.Type);
            }
        }
    }

    private void Unsubscribe(Action<SecurityEvent> handler)
    {
        lock (gate)
            handlers = [.. handlers.Where(other => other != handler)];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Security events are not heard at the moment; tokens are kept and checked without them, and it is tried again: {Reason}")]
    private static partial void EventsAreNotHeard(ILogger log, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Security events about others are not heard at the moment; it is tried again: {Reason}")]
    private static partial void OthersAreNotHeardOf(ILogger log, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Security events are heard again")]
    private static partial void EventsAreHeardAgain(ILogger log);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The issuer holds security events back: {Reason}")]
    private static partial void EventsAreHeldBack(ILogger log, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The security event {Id} was refused: {Reason}")]
    private static partial void EventWasRefused(ILogger log, string id, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A handler of security events failed at {Type}")]
    private static partial void HandlerFailed(ILogger log, Exception exception, string type);

    /// <summary>What went wrong in a row, said once and waited for.</summary>
    private sealed class Setbacks(TimeProvider clock)
    {
        private static readonly TimeSpan WhenNotAllowed = TimeSpan.FromMinutes(5);
        private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

        private int count;
        private TimeSpan wait;

        /// <summary>True when it is the first.</summary>
        public bool Add(Exception fault)
        {
            count++;
            wait = fault is StreamFault { Failure: StreamFailure.NotAllowed or StreamFailure.NotATransmitter }
                ? WhenNotAllowed * (1 + 0.5 * Random.Shared.NextDouble())
                : Backoff.After(count, (fault as StreamFault)?.RetryAfter, LongestRetry);
            return count == 1;
        }

        public async Task WaitAsync(CancellationToken cancellationToken)
        {
            try
            {
                await Task.Delay(wait, clock, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // time to end
            }
        }

        /// <summary>True when there were any.</summary>
        public bool AreOver()
        {
            var were = count > 0;
            count = 0;
            return were;
        }
    }

    private sealed class Subscription(SecurityEventStream stream, Action<SecurityEvent> handler) : IDisposable
    {
        public void Dispose() => stream.Unsubscribe(handler);
    }
}
