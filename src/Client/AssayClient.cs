using System.Runtime.InteropServices;
using Assay.Client.Events;

namespace Assay.Client;

/// <summary>
/// Gets access tokens from an Assay issuer with the client credentials grant (RFC 6749 §4.4), and keeps each until shortly before it expires. Safe for many
/// threads at once; make one and keep it: its cache and its connections are its own.
/// </summary>
public sealed class AssayClient : IDisposable, IAsyncDisposable
{
    /// <summary>
    /// The name of the <see cref="HttpClient"/> that <c>AddAssay</c> takes from the factory, for handlers of your own, added after it. One that sends a request again sends its
    /// assertion again, which the issuer takes once: leave retries to this client.
    /// </summary>
    public const string HttpClientName = "Assay.Client";

    /// <summary>How many tokens one call of <see cref="RequestTokensAsync"/> may ask for.</summary>
    public const int MaxRequestsAtOnce = 256;

    private readonly AssayClientOptions options;
    private readonly HttpClient? own;
    private readonly IssuerConnection issuer;
    private readonly VerifiedRequests verified;
    private readonly TokenCache cache;
    private bool isListening;

    /// <summary>Makes a client. Nothing is sent before the first token is asked for.</summary>
    /// <exception cref="ArgumentException">An option is missing or out of its bounds.</exception>
    public AssayClient(AssayClientOptions options)
        : this(options, null)
    {
    }

    /// <param name="options">Who asks, whom, and with what credential.</param>
    /// <param name="shared">What to send with when the options name nothing; not disposed. Null for a client of its own.</param>
    internal AssayClient(AssayClientOptions options, HttpClient? shared)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options;
        own = options.HttpClient is null && shared is null ? new HttpClient(NewHandler()) { Timeout = Timeout.InfiniteTimeSpan } : null;
        var http = own ?? options.HttpClient ?? shared!;
        issuer = new IssuerConnection(options, http);
        verified = new VerifiedRequests(issuer, options.OnVerificationRequired);
        cache = new TokenCache(verified.AskAsync, options.MaxCachedTokens, options.TimeProvider, issuer.Addresses);
        Events = new SecurityEventStream(this, options, http) { Missed = cache.RenewSoon };
    }

    /// <summary>What the issuer tells this client: see <see cref="AssayClientOptions.ListenForChanges"/>, and subscribe for uses of your own.</summary>
    public SecurityEventStream Events { get; }

    /// <summary>
    /// A client as the environment describes it: <c>ASSAY_ISSUER</c>, <c>ASSAY_CLIENT_ID</c>, and either <c>ASSAY_CLIENT_KEY_FILE</c> (a private key, PEM or JWK)
    /// or <c>ASSAY_CLIENT_SECRET_FILE</c>. <c>ASSAY_ENDPOINTS</c> may name other addresses of the issuer, parted by spaces.
    /// </summary>
    /// <exception cref="InvalidOperationException">A variable is missing or unusable; the message names it.</exception>
    public static AssayClient FromEnvironment() => new(EnvironmentSettings.Read(Environment.GetEnvironmentVariable));

    /// <inheritdoc cref="GetTokenAsync(string?, IReadOnlyCollection{string}, CancellationToken)"/>
    public ValueTask<TokenResponse> GetTokenAsync(string? resource, params ReadOnlySpan<string> scopes)
    {
        Listen();
        return cache.GetAsync(resource, scopes, CancellationToken.None);
    }

    /// <summary>
    /// A token with at least 10 seconds left (a quarter of its life, if that is less). One that is held is returned at once, without allocating when the
    /// scopes are an array, a list or written out in the call; in the last third of its life, about, it is renewed in the background. Otherwise the issuer
    /// is asked, once for all who wait for the same resource and scopes. While it is away, a call without a token fails at once with what the last request
    /// found, and nobody sends more than one request at a time to find out (see docs/client.md, "When the issuer is away"). Safe to repeat.
    /// </summary>
    /// <remarks>
    /// A token is a decision of the moment it was made: what has changed since shows in the next one, after its life at the latest.
    /// <see cref="RequestTokenAsync"/> asks for a decision of now.
    /// </remarks>
    /// <param name="resource">The API the token is for, the absolute URI it is registered under (RFC 8707 §2); null for the identity's default.</param>
    /// <param name="scopes">What the token should allow, in any order; none for whatever the issuer grants by default. Fewer may be granted: see <see cref="TokenResponse.Scopes"/>.</param>
    /// <param name="cancellationToken">Ends the wait. The request goes on for others who wait for it, and for the cache.</param>
    /// <exception cref="ArgumentException">The resource is empty, or a scope is empty or holds a character no scope may hold (RFC 6749 §3.3).</exception>
    /// <exception cref="AssayTokenException">No token was obtained.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed, before the call or while it waited.</exception>
    public ValueTask<TokenResponse> GetTokenAsync(
        string? resource, IReadOnlyCollection<string> scopes, CancellationToken cancellationToken = default)
    {
        Listen();
        return cache.GetAsync(resource, AsSpan(scopes), cancellationToken);
    }

    /// <summary>Asks the issuer for a token now, whatever is held: a new request and a new decision, unless the issuer is being left alone after a failure. What it brings also takes the place of the token held. Safe to repeat.</summary>
    /// <param name="resource">As for <see cref="GetTokenAsync(string?, IReadOnlyCollection{string}, CancellationToken)"/>.</param>
    /// <param name="scopes">Likewise.</param>
    /// <param name="cancellationToken">Ends the call. The issuer may have made a token all the same.</param>
    /// <exception cref="ArgumentException">The resource is empty, or a scope is empty or holds a character no scope may hold (RFC 6749 §3.3).</exception>
    /// <exception cref="AssayTokenException">No token was obtained.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed.</exception>
    public Task<TokenResponse> RequestTokenAsync(
        string? resource, IReadOnlyCollection<string> scopes, CancellationToken cancellationToken = default) =>
        cache.RequestAsync(TokenRequest.Create(resource, AsSpan(scopes)), cancellationToken);

    /// <summary>
    /// Asks the issuer for several tokens now, by one request with one proof, and a decision for each (<c>token_batch_endpoint</c>; docs/batch.md). Otherwise like <see cref="RequestTokenAsync"/>:
    /// whatever is held, and unless the issuer is being left alone after a failure. Each token also takes the place of the one held; where there is none, one that is held stays. Safe to repeat.
    /// </summary>
    /// <remarks>
    /// All are decided on the same state, sent as a whole and, when the outcome is not known, asked for again as a whole. That is why there is a bound and no splitting: who needs more
    /// calls for each <c>Chunk</c> of them. When every one of them is <see cref="TokenFailure.Unavailable"/>, nothing was issued, and that is a failure of the whole. One that is refused for asking
    /// too often (429) quiets the client, as it does alone. <see cref="AssayClientOptions.OnVerificationRequired"/> is called at most once for each, one after the other; those it
    /// opened are asked for once more, together.
    /// </remarks>
    /// <param name="requests">What is wanted: at most <see cref="MaxRequestsAtOnce"/>; none sends nothing. What comes twice is granted twice. 256 KiB in all with the proof, or the issuer refuses (413).</param>
    /// <param name="cancellationToken">Ends the call. The issuer may have made tokens all the same.</param>
    /// <returns>As many as there were requests, in their order; each a token or why there is none.</returns>
    /// <exception cref="ArgumentException">There are too many requests, or one is null.</exception>
    /// <exception cref="AssayTokenException">
    /// None was obtained, for a reason that concerns them all: the credential, an issuer that cannot be reached, cannot serve, or has no such endpoint (<see cref="TokenFailure.Unsupported"/>).
    /// </exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed.</exception>
    public async Task<IReadOnlyList<TokenResult>> RequestTokensAsync(IReadOnlyCollection<TokenRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        TokenRequest[] asked = [.. requests];
        if (asked.Length > MaxRequestsAtOnce)
            throw new ArgumentException($"At most {MaxRequestsAtOnce} tokens are asked for at once, but these are {asked.Length}.", nameof(requests));
        if (Array.IndexOf(asked, null) is >= 0 and var place)
            throw new ArgumentException($"requests[{place}] is null.", nameof(requests));

        return await cache.RequestAllAsync(verified.AskAllAsync, asked, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Another token for one that an API refused: the one held if it is another, else one from a request of now; the refused one if it was asked for within 10 s.</summary>
    internal ValueTask<TokenResponse> ReplaceAsync(TokenResponse refused, string? resource, ReadOnlySpan<string> scopes, CancellationToken cancellationToken) =>
        cache.ReplaceAsync(refused, resource, scopes, cancellationToken);

    /// <summary>
    /// Forgets all tokens, and closes the connections unless they belong to a given <see cref="AssayClientOptions.HttpClient"/>. An event stream is deleted in the
    /// background: a program that ends at once uses <see cref="DisposeAsync"/>.
    /// </summary>
    public void Dispose()
    {
        var closing = Events.CloseAsync();
        cache.Dispose();
        issuer.Dispose();
        if (own is null)
            return;
        if (closing.IsCompleted)
            own.Dispose();
        else
            closing.ContinueWith(static (_, own) => ((HttpClient)own!).Dispose(), own, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>As <see cref="Dispose"/>, and waits until the event stream is deleted, for 5 s at most.</summary>
    public async ValueTask DisposeAsync()
    {
        await Events.CloseAsync().ConfigureAwait(false);
        Dispose();
    }

    // With the first token, so that a client that is made and not used asks for nothing.
    private void Listen()
    {
        if (options.ListenForChanges && !Volatile.Read(ref isListening) && !Interlocked.Exchange(ref isListening, true))
            Events.Subscribe(happened => OwnTokens.Heed(happened, options.ClientId, cache));
    }

    private static ReadOnlySpan<string> AsSpan(IReadOnlyCollection<string> scopes)
    {
        ArgumentNullException.ThrowIfNull(scopes);
        return scopes switch
        {
            string[] array => array,
            List<string> list => CollectionsMarshal.AsSpan(list),
            _ => scopes.ToArray(),
        };
    }

    internal static SocketsHttpHandler NewHandler() => new()
    {
        AllowAutoRedirect = false, // a redirect would carry the credential somewhere else
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5), // an address that swallows packets must not use up the time of the others
        PooledConnectionLifetime = TimeSpan.FromMinutes(5), // notice when a name moves
    };
}
