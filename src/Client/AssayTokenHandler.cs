using System.Net;
using System.Net.Http.Headers;

namespace Assay.Client;

/// <summary>
/// Gives each request to one API its token, as the <c>Authorization</c> header. When the API refuses the token (RFC 6750 §3.1: <c>invalid_token</c>,
/// <c>insufficient_scope</c>; RFC 9470 §3: <c>insufficient_user_authentication</c>) a new decision is asked for, and the request sent once more with what it
/// brings. A request that brings its own <c>Authorization</c> is left alone.
/// </summary>
/// <remarks>
/// The second sending is for requests without content or with content in memory, whose target has not changed by redirection; a new token after a refusal is
/// asked for at most once in 10 seconds. Otherwise, or when no new token is to be had, the API's refusal is the answer.
/// </remarks>
public sealed class AssayTokenHandler : DelegatingHandler
{
    private readonly AssayClient assay;
    private readonly string? resource;
    private readonly string[] scopes;
    private volatile Header? last;

    private sealed record Header(TokenResponse Token, AuthenticationHeaderValue Value);

    /// <summary>A handler for one API. Requests to any other must not pass it: they would carry this API's token.</summary>
    /// <param name="assay">Where tokens come from; not disposed.</param>
    /// <param name="resource">The API, as for <see cref="AssayClient.GetTokenAsync(string?, IReadOnlyCollection{string}, CancellationToken)"/>.</param>
    /// <param name="scopes">Likewise.</param>
    /// <exception cref="ArgumentException">The resource is empty, or a scope is none.</exception>
    public AssayTokenHandler(AssayClient assay, string? resource, params IEnumerable<string> scopes)
    {
        ArgumentNullException.ThrowIfNull(assay);
        ArgumentNullException.ThrowIfNull(scopes);
        this.assay = assay;
        this.resource = resource;
        this.scopes = [.. scopes];
        TokenRequest.Create(resource, this.scopes); // a fault is told where it was made
    }

    /// <inheritdoc/>
    /// <exception cref="AssayTokenException">No token was obtained; nothing was sent to the API.</exception>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, blocking: false, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="AssayTokenException">No token was obtained; nothing was sent to the API.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, blocking: true, cancellationToken).GetAwaiter().GetResult(); // its caller chose to block; nothing inside needs their thread

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool blocking, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Headers.Authorization is not null)
            return await Pass().ConfigureAwait(false);

        var target = request.RequestUri;
        var token = await assay.GetTokenAsync(resource, scopes, cancellationToken).ConfigureAwait(false);
        request.Headers.Authorization = HeaderOf(token);
        var response = await Pass().ConfigureAwait(false);

        // After a redirect somebody else is asking, and gets no token.
        if (!Challenge.AsksForAnotherToken(response) || request.RequestUri != target || !CanBeSentAgain(request.Content))
            return response;
        if (await ReplacementAsync(token, cancellationToken).ConfigureAwait(false) is not { } fresh)
            return response;

        response.Dispose();
        request.Headers.Authorization = HeaderOf(fresh);
        return await Pass().ConfigureAwait(false);

        Task<HttpResponseMessage> Pass() => blocking ? Task.FromResult(base.Send(request, cancellationToken)) : base.SendAsync(request, cancellationToken);
    }

    private AuthenticationHeaderValue HeaderOf(TokenResponse token)
    {
        if (last is { } header && ReferenceEquals(header.Token, token))
            return header.Value;

        var value = new AuthenticationHeaderValue(token.TokenType, token.AccessToken);
        last = new Header(token, value);
        return value;
    }

    private async Task<TokenResponse?> ReplacementAsync(TokenResponse refused, CancellationToken cancellationToken)
    {
        try
        {
            var token = await assay.ReplaceAsync(refused, resource, scopes, cancellationToken).ConfigureAwait(false);
            return ReferenceEquals(token, refused) ? null : token;
        }
        catch (AssayTokenException)
        {
            return null; // the API's refusal says more to the caller than that the issuer is away
        }
    }

    // A stream may be spent, and content of another kind may be one.
    private static bool CanBeSentAgain(HttpContent? content) =>
        content is null or ByteArrayContent or ReadOnlyMemoryContent or System.Net.Http.Json.JsonContent;
}

/// <summary>What an API says when it does not take a token.</summary>
internal static class Challenge
{
    public static bool AsksForAnotherToken(HttpResponseMessage response)
    {
        if (response.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden))
            return false;

        foreach (var challenge in response.Headers.WwwAuthenticate)
        {
            if (ErrorOf(challenge) is "invalid_token" or "insufficient_scope" or "insufficient_user_authentication")
                return true;
        }

        return false;
    }

    // RFC 9110 §11.6.1: name=token or name="quoted", parted by commas. The value of error needs no escapes (RFC 6750 §3).
    private static string? ErrorOf(AuthenticationHeaderValue challenge)
    {
        var rest = challenge.Parameter.AsSpan();
        while (!rest.IsEmpty)
        {
            rest = rest.TrimStart(", \t");
            var equals = rest.IndexOf('=');
            if (equals < 0)
                return null;

            var name = rest[..equals].Trim();
            rest = rest[(equals + 1)..].TrimStart();
            ReadOnlySpan<char> value;
            if (rest.StartsWith("\""))
            {
                var end = EndOfQuoted(rest);
                if (end < 0)
                    return null;
                value = rest[1..end];
                rest = rest[(end + 1)..];
            }
            else
            {
                var end = rest.IndexOf(',');
                value = (end < 0 ? rest : rest[..end]).Trim();
                rest = end < 0 ? default : rest[(end + 1)..];
            }

            if (name.Equals("error", StringComparison.OrdinalIgnoreCase))
                return value.ToString();
        }

        return null;
    }

    private static int EndOfQuoted(ReadOnlySpan<char> text)
    {
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                return i;
        }

        return -1;
    }
}
