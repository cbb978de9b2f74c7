using System.Collections.Concurrent;

namespace Assay.Client;

/// <summary>
/// Tokens by what was asked for. One request at a time for each, however many callers wait for it; renewed ahead of its end by whoever calls then, in the
/// background; the longest unused go first when there are too many. A hit takes no lock and allocates nothing. What nobody asks for is not renewed.
/// </summary>
internal sealed class TokenCache : IDisposable
{
    // An API that refuses whatever it is shown must not turn each of its callers into a token request.
    private static readonly TimeSpan BetweenReplacements = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan BetweenRenewals = TimeSpan.FromSeconds(30);

    // A program asks for a handful of things over and over, with the same strings: comparing those is much cheaper than hashing them. A power of two.
    private const int RecentSlots = 16;

    private readonly Func<TokenRequest, CancellationToken, Task<TokenResponse>> ask;
    private readonly int capacity;
    private readonly TimeProvider clock;
    private readonly IssuerAddresses? issuer;
    private readonly ConcurrentDictionary<TokenRequest, Entry> entries = new(SameRequest.Comparer);
    private readonly ConcurrentDictionary<TokenRequest, Entry>.AlternateLookup<AskedFor> lookup;
    private readonly Entry?[] recent = new Entry?[RecentSlots];
    private readonly CancellationTokenSource disposed = new();
    private readonly Lock evicting = new();
    private int lettingsGo;

    /// <param name="ask">Makes one request.</param>
    /// <param name="capacity">How many tokens are held.</param>
    /// <param name="clock">By whose monotonic side they are held.</param>
    /// <param name="issuer">Says when nobody need ask; null when anybody always may.</param>
    public TokenCache(Func<TokenRequest, CancellationToken, Task<TokenResponse>> ask, int capacity, TimeProvider clock, IssuerAddresses? issuer = null)
    {
        (this.ask, this.capacity, this.clock, this.issuer) = (ask, capacity, clock, issuer);
        lookup = entries.GetAlternateLookup<AskedFor>();
    }

    public int Count => entries.Count;

    /// <summary>A token that is good for a while yet: the one held, or else one that is asked for now. Cancelling ends the wait, not a request that others wait for too.</summary>
    public ValueTask<TokenResponse> GetAsync(string? resource, ReadOnlySpan<string> scopes, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(disposed.IsCancellationRequested, typeof(AssayClient));
        var now = clock.GetTimestamp();
        var entry = Find(resource, scopes, now);
        entry.Touch(now, clock.TimestampFrequency);

        if (entry.Held is not { } held || now >= held.UsableUntil)
            return Missed(entry, now, cancellationToken);

        ClientTelemetry.Hit();
        if (issuer is { IsAway: true })
            ClientTelemetry.ServedWhileAway();
        if (now >= held.RenewAt && (issuer is null || now >= issuer.HeldUntil))
            Renew(entry, held);
        return new ValueTask<TokenResponse>(held.Token);
    }

    /// <summary>A token from a request of its own, made now. It also takes the place of the one held.</summary>
    public async Task<TokenResponse> RequestAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(disposed.IsCancellationRequested, typeof(AssayClient));
        var (token, askedAt, lettingGo) = await AskNowAsync(ask, request, cancellationToken).ConfigureAwait(false);
        Keep(request, token, askedAt, lettingGo);
        return token;
    }

    /// <summary>Tokens from one request of their own, made now. Each takes the place of the one held; what was refused leaves that alone.</summary>
    /// <param name="askAll">Makes one request.</param>
    /// <param name="requests">What is asked for.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<TokenResult[]> RequestAllAsync(
        Func<TokenRequest[], CancellationToken, Task<TokenResult[]>> askAll, TokenRequest[] requests, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(disposed.IsCancellationRequested, typeof(AssayClient));
        if (requests.Length == 0)
            return [];

        var (results, askedAt, lettingGo) = await AskNowAsync(askAll, requests, cancellationToken).ConfigureAwait(false);
        foreach (var result in results)
        {
            if (result.IsGranted)
                Keep(result.Request, result.Token, askedAt, lettingGo);
        }

        return results;
    }

    /// <summary>A token in place of one that an API refused. Never more than one request in 10 s for the same thing, however often it is refused.</summary>
    public ValueTask<TokenResponse> ReplaceAsync(TokenResponse refused, string? resource, ReadOnlySpan<string> scopes, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(disposed.IsCancellationRequested, typeof(AssayClient));
        var now = clock.GetTimestamp();
        return new ValueTask<TokenResponse>(Replace(Find(resource, scopes, now), refused, now).WaitAsync(cancellationToken));
    }

    /// <summary>
    /// Lets go of tokens that may allow what is not allowed any more: nobody gets them from here on, nor what was asked for before and comes only now.
    /// </summary>
    /// <param name="which">Null for all.</param>
    public void LetGo(Func<TokenResponse, bool>? which)
    {
        if (which is null)
            Interlocked.Increment(ref lettingsGo);
        foreach (var (_, entry) in entries)
        {
            lock (entry.Gate)
            {
                if (entry.Held is { } held && (which is null || which(held.Token)))
                    entry.LetGo();
            }
        }
    }

    /// <summary>Has every token renewed by whoever asks for it next, in the background.</summary>
    public void RenewSoon()
    {
        var now = clock.GetTimestamp();
        foreach (var (_, entry) in entries)
        {
            lock (entry.Gate)
            {
                if (entry.Held is { } held && held.RenewAt > now && entry.RetryAt is null) // a wait after a failure stays
                    entry.Hold(held with { RenewAt = now });
            }
        }
    }

    public void Dispose() => disposed.Cancel(); // no timer and no handle in it: nothing else to free

    private Entry Find(string? resource, ReadOnlySpan<string> scopes, long now)
    {
        ref var slot = ref recent[SlotOf(resource, scopes)];
        if (Volatile.Read(ref slot) is { IsLetGo: false } same && same.Request.Resource == resource && scopes.SequenceEqual(same.Request.Names))
            return same;

        if (!lookup.TryGetValue(new AskedFor(resource, scopes), out var entry))
            entry = Add(TokenRequest.Create(resource, scopes), now);
        Volatile.Write(ref slot, entry);
        return entry;
    }

    private static int SlotOf(string? resource, ReadOnlySpan<string> scopes)
    {
        var lengths = (resource?.Length ?? 0) + 5 * scopes.Length;
        foreach (var scope in scopes)
            lengths += scope?.Length ?? 0;
        return lengths & (RecentSlots - 1);
    }

    private void Keep(TokenRequest request, TokenResponse token, long askedAt, int lettingGo)
    {
        var entry = Add(request, askedAt);
        lock (entry.Gate)
        {
            if (lettingGo == lettingsGo)
                entry.Hold(CachedToken.From(token, askedAt, clock));
        }
    }

    private Entry Add(TokenRequest request, long now)
    {
        var entry = entries.GetOrAdd(request, static (request, now) => new Entry(request, now), now);
        if (entries.Count > capacity)
            Evict();
        return entry;
    }

    // A few at a time, so that a cache that is full does not look for the oldest at each new request.
    private void Evict()
    {
        lock (evicting)
        {
            var tooMany = entries.Count - capacity;
            if (tooMany <= 0)
                return;

            var longestUnused = entries.Where(pair => pair.Value.Flight is null).OrderBy(pair => pair.Value.LastUsed).Take(tooMany + capacity / 8);
            foreach (var pair in longestUnused)
            {
                pair.Value.IsLetGo = true;
                entries.TryRemove(pair);
            }
        }
    }

    private ValueTask<TokenResponse> Missed(Entry entry, long now, CancellationToken cancellationToken)
    {
        ClientTelemetry.Miss();

        // However many callers come while the issuer is away, each costs an exception and no more.
        if (entry.Flight is null && issuer?.Held(now) is { } failure)
            return ValueTask.FromException<TokenResponse>(failure);
        return new ValueTask<TokenResponse>(Ask(entry).WaitAsync(cancellationToken));
    }

    private Task<TokenResponse> Ask(Entry entry)
    {
        lock (entry.Gate)
        {
            if (entry.Flight is { } underWay)
                return underWay;

            // It may have come between the caller's look and the lock.
            if (entry.Held is { } held && clock.GetTimestamp() < held.UsableUntil)
                return Task.FromResult(held.Token);

            return entry.Flight = Task.Run(() => FetchAsync(entry, renewal: null));
        }
    }

    private Task<TokenResponse> Replace(Entry entry, TokenResponse refused, long now)
    {
        lock (entry.Gate)
        {
            if (entry.Held is { } held && now < held.UsableUntil)
            {
                if (!ReferenceEquals(held.Token, refused) || now < CachedToken.After(held.AskedAt, BetweenReplacements, clock))
                    return Task.FromResult(held.Token);
            }

            // After an attempt that failed the next one has its time too.
            if (entry.Flight is null && (now < entry.RetryAt || now < issuer?.HeldUntil))
                return Task.FromResult(refused);

            return entry.Flight ??= Task.Run(() => FetchAsync(entry, "refused"));
        }
    }

    private void Renew(Entry entry, CachedToken held)
    {
        if (entry.Flight is not null)
            return;

        lock (entry.Gate)
        {
            if (entry.Flight is not null || !ReferenceEquals(entry.Held, held))
                return;

            // Whoever happens to call now has nothing to do with it: neither their trace nor their locals go along.
            using (AsyncFlowControl? _ = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow())
                entry.Flight = Task.Run(() => FetchAsync(entry, "age"));

            // Nobody need be waiting: a failure is told by the delay until the next attempt, and to whoever waits when the token has run out.
            entry.Flight.ContinueWith(
                static flight => _ = flight.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <param name="entry">What is asked for.</param>
    /// <param name="renewal">Why a token that is held is asked for again; null when there is none.</param>
    private async Task<TokenResponse> FetchAsync(Entry entry, string? renewal)
    {
        try
        {
            var (token, askedAt, lettingGo) = await AskNowAsync(ask, entry.Request, disposed.Token).ConfigureAwait(false);
            if (renewal is not null)
                ClientTelemetry.Renewed(renewal, null);
            lock (entry.Gate)
            {
                if (lettingGo == lettingsGo)
                    entry.Hold(CachedToken.From(token, askedAt, clock));
                entry.Flight = null;
            }

            return token;
        }
        catch (Exception fault)
        {
            if (renewal is not null)
                ClientTelemetry.Renewed(renewal, fault);
            entry.Fail((fault as AssayTokenException)?.RetryAfter, clock);
            if (fault is OperationCanceledException)
                throw new ObjectDisposedException(typeof(AssayClient).FullName, fault);
            throw;
        }
    }

    /// <summary>An answer, and when and after how many lettings go it was asked for. When one came in between it may be of a decision from before: then it is asked for once more.</summary>
    private async Task<(TAnswer Answer, long AskedAt, int LettingGo)> AskNowAsync<TAsked, TAnswer>(
        Func<TAsked, CancellationToken, Task<TAnswer>> ask, TAsked asked, CancellationToken cancellationToken)
    {
        for (var isLast = false; ; isLast = true)
        {
            var (askedAt, lettingGo) = (clock.GetTimestamp(), Volatile.Read(ref lettingsGo));
            var answer = await ask(asked, cancellationToken).ConfigureAwait(false);
            if (isLast || lettingGo == Volatile.Read(ref lettingsGo))
                return (answer, askedAt, lettingGo);
        }
    }

    /// <summary>What is known of one request. Read without a lock; written under <see cref="Gate"/>.</summary>
    private sealed class Entry(TokenRequest request, long now)
    {
        private volatile CachedToken? held;
        private volatile Task<TokenResponse>? flight;
        private volatile bool isLetGo;
        private long lastUsed = now;
        private int failures;
        private long retryAt;

        public TokenRequest Request { get; } = request;

        public Lock Gate { get; } = new();

        public CachedToken? Held => held;

        /// <summary>No longer in the cache: whoever comes now looks again.</summary>
        public bool IsLetGo
        {
            get => isLetGo;
            set => isLetGo = value;
        }

        public Task<TokenResponse>? Flight
        {
            get => flight;
            set => flight = value;
        }

        public long LastUsed => Volatile.Read(ref lastUsed);

        /// <summary>After requests that failed: when to make the next for what is already held. Read under <see cref="Gate"/>.</summary>
        public long? RetryAt => failures > 0 ? retryAt : null;

        // Once a second is enough to tell old from new, and leaves the cache line to its readers in between.
        public void Touch(long now, long second)
        {
            if (now - LastUsed >= second)
                Volatile.Write(ref lastUsed, now);
        }

        /// <summary>Answers may overtake each other; the later decision stays. Under <see cref="Gate"/>.</summary>
        public void Hold(CachedToken token)
        {
            failures = 0;
            if (held is not { } other || other.AskedAt <= token.AskedAt)
                held = token;
        }

        /// <summary>Under <see cref="Gate"/>.</summary>
        public void LetGo() => held = null;

        public void Fail(TimeSpan? retryAfter, TimeProvider clock)
        {
            lock (Gate)
            {
                failures++;
                retryAt = CachedToken.After(clock.GetTimestamp(), Backoff.After(failures, retryAfter, BetweenRenewals), clock);
                held = held is { } token ? token with { RenewAt = retryAt } : null;
                flight = null;
            }
        }
    }
}
