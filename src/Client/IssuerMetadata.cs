using System.Net;
using System.Text.Json;

namespace Assay.Client;

/// <summary>
/// Where the issuer takes token requests, from its own metadata (RFC 8414). Kept for an hour, then fetched again by one caller while
/// the others go on with what is known; a failure is not kept.
/// </summary>
internal sealed class IssuerMetadata(Uri issuer, HttpClient http, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim fetching = new(1);
    private volatile Known? known;

    private sealed record Known(Uri TokenEndpoint, long FetchedAt);

    /// <summary>The token endpoint, and whether the issuer was asked for it just now.</summary>
    /// <param name="at">The base address to ask, and to take the endpoint's path at; null for the issuer's own, and the endpoint as the issuer writes it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async ValueTask<(Uri Endpoint, bool Asked)> TokenEndpointAsync(Uri? at, CancellationToken cancellationToken)
    {
        if (Fresh() is { } endpoint)
            return (At(at, endpoint), false);
        if (known is not { } stale)
            await fetching.WaitAsync(cancellationToken).ConfigureAwait(false);
        else if (!fetching.Wait(0, CancellationToken.None))
            return (At(at, stale.TokenEndpoint), false);

        try
        {
            if (Fresh() is { } meanwhile)
                return (At(at, meanwhile), false);

            var fetched = await FetchAsync(at ?? issuer, cancellationToken).ConfigureAwait(false);
            known = new Known(fetched, clock.GetTimestamp());
            return (At(at, fetched), true);
        }
        finally
        {
            fetching.Release();
        }
    }

    public void Dispose() => fetching.Dispose();

    private Uri? Fresh() => known is { } value && clock.GetElapsedTime(value.FetchedAt) < Lifetime ? value.TokenEndpoint : null;

    private static Uri At(Uri? at, Uri endpoint) => at is null ? endpoint : new Uri(at, endpoint.PathAndQuery);

    private async Task<Uri> FetchAsync(Uri host, CancellationToken cancellationToken)
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

    private Uri Read(byte[] body, Uri url)
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

        if (!Uri.TryCreate(metadata.TokenEndpoint, UriKind.Absolute, out var endpoint) || !IsAcceptable(endpoint))
            throw new AssayTokenException(TokenFailure.NotAnIssuer, $"The metadata at {url} names no usable token endpoint: \"{metadata.TokenEndpoint}\".");

        return endpoint;
    }

    // Plain http only where the issuer itself is plain http, which is on loopback.
    private bool IsAcceptable(Uri endpoint) =>
        endpoint.Scheme == Uri.UriSchemeHttps || (issuer.Scheme == Uri.UriSchemeHttp && AssayClientOptions.IsSecure(endpoint));
}
