using System.Net;
using System.Text.Json;

namespace Assay.Client;

/// <summary>Where the issuer takes requests.</summary>
/// <param name="Token">For one token.</param>
/// <param name="Batch">For several; null when it names no such place, or none that is safe.</param>
internal sealed record IssuerEndpoints(Uri Token, Uri? Batch)
{
    /// <summary>The same at another address of the issuer; null for its own, where they are as it writes them.</summary>
    public IssuerEndpoints At(Uri? at) => at is null ? this : new(new Uri(at, Token.PathAndQuery), Batch is null ? null : new Uri(at, Batch.PathAndQuery));
}

/// <summary>
/// Where the issuer takes token requests, from its own metadata (RFC 8414). Kept for an hour, then fetched again by one caller while
/// the others go on with what is known; a failure is not kept.
/// </summary>
internal sealed class IssuerMetadata(Uri issuer, HttpClient http, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim fetching = new(1);
    private volatile Known? known;

    private sealed record Known(IssuerEndpoints Endpoints, long FetchedAt);

    /// <summary>The endpoints, and whether the issuer was asked for them just now.</summary>
    /// <param name="at">The base address to ask, and to take the endpoints' paths at; null for the issuer's own, and the endpoints as the issuer writes them.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async ValueTask<(IssuerEndpoints Endpoints, bool Asked)> EndpointsAsync(Uri? at, CancellationToken cancellationToken)
    {
        if (Fresh() is { } endpoints)
            return (endpoints.At(at), false);
        if (known is not { } stale)
            await fetching.WaitAsync(cancellationToken).ConfigureAwait(false);
        else if (!fetching.Wait(0, CancellationToken.None))
            return (stale.Endpoints.At(at), false);

        try
        {
            if (Fresh() is { } meanwhile)
                return (meanwhile.At(at), false);

            var fetched = await FetchAsync(at ?? issuer, cancellationToken).ConfigureAwait(false);
            known = new Known(fetched, clock.GetTimestamp());
            return (fetched.At(at), true);
        }
        finally
        {
            fetching.Release();
        }
    }

    public void Dispose() => fetching.Dispose();

    private IssuerEndpoints? Fresh() => known is { } value && clock.GetElapsedTime(value.FetchedAt) < Lifetime ? value.Endpoints : null;

    private async Task<IssuerEndpoints> FetchAsync(Uri host, CancellationToken cancellationToken)
    {
        var url = new Uri(host, Location(issuer).AbsolutePath);
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        using var response = await Transport.SendAsync(http, request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new AssayTokenException(
                TokenEndpoint.IsUnavailable(response.StatusCode) ? TokenFailure.Unavailable : TokenFailure.NotAnIssuer,
                $"The issuer's metadata at {url} answered {(int)response.StatusCode}.")
            {
                StatusCode = response.StatusCode,
                RetryAfter = TokenEndpoint.RetryAfter(response, clock),
            };
        }

        var body = await ResponseBody.ReadAsync(response, cancellationToken).ConfigureAwait(false);
        return Read(body, url);
    }

    // RFC 8414 §3: the well-known part goes between host and path.
    internal static Uri Location(Uri issuer) =>
        new($"{issuer.GetLeftPart(UriPartial.Authority)}/.well-known/oauth-authorization-server{issuer.AbsolutePath.TrimEnd('/')}");

    private IssuerEndpoints Read(byte[] body, Uri url)
    {
        MetadataJson? metadata;
        try
        {
            metadata = JsonSerializer.Deserialize(body, ClientJson.Default.MetadataJson);
        }
        catch (JsonException)
        {
            throw new AssayTokenException(TokenFailure.NotAnIssuer, $"The issuer's metadata at {url} is not the JSON of RFC 8414.");
        }

        // RFC 8414 §3.3: identical, code point by code point. It stops one issuer from speaking for another.
        if (metadata?.Issuer != issuer.OriginalString)
        {
            throw new AssayTokenException(
                TokenFailure.NotAnIssuer,
                $"The metadata at {url} belongs to the issuer \"{metadata?.Issuer}\", not to \"{issuer.OriginalString}\". Both must be written the same, also in the trailing slash.");
        }

        if (Acceptable(metadata.TokenEndpoint) is not { } endpoint)
            throw new AssayTokenException(TokenFailure.NotAnIssuer, $"The metadata at {url} names no usable token endpoint: \"{metadata.TokenEndpoint}\".");

        return new IssuerEndpoints(endpoint, Acceptable(metadata.TokenBatchEndpoint));
    }

    // Plain http only where the issuer itself is plain http, which is on loopback.
    private Uri? Acceptable(string? named) =>
        Uri.TryCreate(named, UriKind.Absolute, out var endpoint)
        && (endpoint.Scheme == Uri.UriSchemeHttps || (issuer.Scheme == Uri.UriSchemeHttp && AssayClientOptions.IsSecure(endpoint)))
            ? endpoint
            : null;
}
