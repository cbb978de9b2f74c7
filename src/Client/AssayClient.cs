using System.Runtime.InteropServices;
using Assay.Client.Events;

namespace Assay.Client;

/// <summary>
/// Gets access tokens from an Assay issuer with the client credentials grant (RFC 6749 §4.4), and keeps each until shortly before it expires. Safe for many
/// threads at once; make one and keep it: its cache and its connections are its own.
/// </summary>
public sealed class AssayClient : IDisposable, IAsyncDisposable
{
    private readonly AssayClientOptions options;
    private readonly HttpClient http;
    private readonly IssuerMetadata metadata;
    private readonly TokenEndpoint endpoint;
    private readonly TokenCache cache;
    private bool isListening;

    /// <summary>Makes a client. Nothing is sent before the first token is asked for.</summary>
    /// <exception cref="ArgumentException">An option is missing or out of its bounds.</exception>
    public AssayClient(AssayClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options;
        http = options.HttpClient ?? NewHttpClient();
        metadata = new IssuerMetadata(options.Issuer, http, options.TimeProvider);
        endpoint = new TokenEndpoint(options, http);
        cache = new TokenCache(AskAsync, options.MaxCachedTokens, options.TimeProvider);
        Events = new SecurityEventStream(this, options, http) { Missed = cache.RenewSoon };
    }

    /// <summary>What the issuer tells this client: see <see cref="AssayClientOptions.ListenForChanges"/>, and subscribe for uses of your own.</summary>
    public SecurityEventStream Events { get; }

    /// <summary>
    /// A client as the environment describes it: <c>ASSAY_ISSUER</c>, <c>ASSAY_CLIENT_ID</c>, and either <c>ASSAY_CLIENT_KEY_FILE</c> (a private key, PEM or JWK)
    /// or <c>ASSAY_CLIENT_SECRET_FILE</c>.
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
    /// is asked, once for all who wait for the same resource and scopes. Safe to repeat.
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

    /// <summary>Asks the issuer for a token now, whatever is held: a new request and a new decision. What it brings also takes the place of the token held. Safe to repeat.</summary>
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
        metadata.Dispose();
        if (options.HttpClient is not null)
            return;
        if (closing.IsCompleted)
            http.Dispose();
        else
            closing.ContinueWith(static (_, http) => ((HttpClient)http!).Dispose(), http, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
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
            granted = await ExchangeAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (AssayTokenException refused) when (refused.StepUp.Count > 0 && options.OnVerificationRequired is not null)
        {
            if (!await VerifiedAsync(request, request.Scopes, refused.StepUp, cancellationToken).ConfigureAwait(false))
                throw;
            return await ExchangeAsync(request, cancellationToken).ConfigureAwait(false);
        }

        if (granted.StepUp.Count == 0 || !await VerifiedAsync(request, granted.Withheld, granted.StepUp, cancellationToken).ConfigureAwait(false))
            return granted;

        try
        {
            return await ExchangeAsync(request, cancellationToken).ConfigureAwait(false);
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

    private async Task<TokenResponse> ExchangeAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.Timeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var url = await metadata.TokenEndpointAsync(either.Token).ConfigureAwait(false);
            return await endpoint.AskAsync(url, request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AssayTokenException(TokenFailure.Unreachable, $"The issuer {options.Issuer.OriginalString} did not answer in time.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new AssayTokenException(
                TokenFailure.Unreachable, $"The issuer {options.Issuer.OriginalString} could not be reached: {e.Message}", e);
        }
    }

    private static HttpClient NewHttpClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, // a redirect would carry the credential somewhere else
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5), // notice when a name moves
    })
    {
        Timeout = Timeout.InfiniteTimeSpan, // AssayClientOptions.Timeout bounds the call, the body included
    };
}
