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

    private readonly AssayClientOptions options;
    private readonly HttpClient? own;
    private readonly IssuerConnection issuer;
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
        cache = new TokenCache(AskAsync, options.MaxCachedTokens, options.TimeProvider, issuer.Addresses);
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

    private async Task<TokenResponse> AskAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        TokenResponse granted;
        try
        {
            granted = await issuer.AskAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (AssayTokenException refused) when (refused.StepUp.Count > 0 && options.OnVerificationRequired is not null)
        {
            if (!await VerifiedAsync(request, request.Scopes, refused.StepUp, cancellationToken).ConfigureAwait(false))
                throw;
            return await issuer.AskAsync(request, cancellationToken).ConfigureAwait(false);
        }

        if (granted.StepUp.Count == 0 || !await VerifiedAsync(request, granted.Withheld, granted.StepUp, cancellationToken).ConfigureAwait(false))
            return granted;

        try
        {
            return await issuer.AskAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (AssayTokenException)
        {
            return granted; // less than hoped for, but a token
        }
    }

    private async ValueTask<bool> VerifiedAsync(
        TokenRequest request, IReadOnlyList<string> withheld, IReadOnlyList<string> verifications, CancellationToken cancellationToken) =>
        options.OnVerificationRequired is { } verify
        && await verify(new VerificationRequired(request.Resource, withheld, verifications), cancellationToken).ConfigureAwait(false);

    internal static SocketsHttpHandler NewHandler() => new()
    {
        AllowAutoRedirect = false, // a redirect would carry the credential somewhere else
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5), // an address that swallows packets must not use up the time of the others
        PooledConnectionLifetime = TimeSpan.FromMinutes(5), // notice when a name moves
    };
}
