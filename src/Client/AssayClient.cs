namespace Assay.Client;

/// <summary>
/// Gets access tokens from an Assay issuer with the client credentials grant (RFC 6749 §4.4). Safe for many threads at once; make one and keep it. Each call
/// asks the issuer: nothing but the issuer's metadata is cached.
/// </summary>
public sealed class AssayClient : IDisposable
{
    private readonly AssayClientOptions options;
    private readonly HttpClient http;
    private readonly IssuerMetadata metadata;
    private readonly TokenEndpoint endpoint;

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
    }

    /// <summary>
    /// A client as the environment describes it: <c>ASSAY_ISSUER</c>, <c>ASSAY_CLIENT_ID</c>, and either <c>ASSAY_CLIENT_KEY_FILE</c> (a private key, PEM or JWK)
    /// or <c>ASSAY_CLIENT_SECRET_FILE</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">A variable is missing or unusable; the message names it.</exception>
    public static AssayClient FromEnvironment() => new(EnvironmentSettings.Read(Environment.GetEnvironmentVariable));

    /// <inheritdoc cref="GetTokenAsync(string?, IReadOnlyCollection{string}, CancellationToken)"/>
    public Task<TokenResponse> GetTokenAsync(string? resource, params string[] scopes) => GetTokenAsync(resource, scopes, CancellationToken.None);

    /// <summary>Asks for a token. Safe to repeat: every call is a new request and a new decision.</summary>
    /// <param name="resource">The API the token is for, the absolute URI it is registered under (RFC 8707 §2); null for the identity's default.</param>
    /// <param name="scopes">What the token should allow; none for whatever the issuer grants by default. Fewer may be granted: see <see cref="TokenResponse.Scopes"/>.</param>
    /// <param name="cancellationToken">Ends the call. The issuer may have made a token all the same.</param>
    /// <exception cref="ArgumentException">The resource is empty, or a scope is empty or holds a character no scope may hold (RFC 6749 §3.3).</exception>
    /// <exception cref="AssayTokenException">No token was obtained.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task<TokenResponse> GetTokenAsync(
        string? resource, IReadOnlyCollection<string> scopes, CancellationToken cancellationToken = default)
    {
        var request = TokenRequest.Create(resource, scopes);
        using var deadline = new CancellationTokenSource(options.Timeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var url = await metadata.TokenEndpointAsync(either.Token).ConfigureAwait(false);
            return await endpoint.AskAsync(url, request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AssayTokenException($"The issuer {options.Issuer.OriginalString} did not answer in time.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new AssayTokenException($"The issuer {options.Issuer.OriginalString} could not be reached: {e.Message}", e);
        }
    }

    /// <summary>Closes the connections, unless they belong to a given <see cref="AssayClientOptions.HttpClient"/>.</summary>
    public void Dispose()
    {
        metadata.Dispose();
        if (options.HttpClient is null)
            http.Dispose();
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
