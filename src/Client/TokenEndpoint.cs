using System.Net;
using System.Text.Json;

namespace Assay.Client;

/// <summary>One token request and what came of it.</summary>
internal sealed class TokenEndpoint(AssayClientOptions options, IssuerClock clock, HttpClient http)
{
    private const string MediaType = "application/json";

    public async Task<TokenResponse> AskAsync(Uri url, TokenRequest asked, CancellationToken cancellationToken)
    {
        using var request = await RequestAsync(url, asked, cancellationToken).ConfigureAwait(false);
        using var response = await Transport.SendAsync(http, request, cancellationToken).ConfigureAwait(false);
        var body = await ResponseBody.ReadAsync(response, cancellationToken).ConfigureAwait(false);
        return response.StatusCode == HttpStatusCode.OK ? Granted(body, asked, url) : throw Refused(body, response, url);
    }

    internal static bool IsUnavailable(HttpStatusCode status) => status is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;

    internal static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider clock)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - (response.Headers.Date ?? clock.GetUtcNow()), // both by one clock, if the issuer lets us
            _ => (TimeSpan?)null,
        };
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private async Task<HttpRequestMessage> RequestAsync(Uri url, TokenRequest asked, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url);
        request.Headers.Accept.ParseAdd(MediaType);
        List<KeyValuePair<string, string>> form = [new("grant_type", "client_credentials")];
        if (asked.Resource is { } resource)
            form.Add(new("resource", resource));
        if (asked.Scopes.Length > 0)
            form.Add(new("scope", string.Join(' ', asked.Scopes)));

        var proof = new ClientProof(options.ClientId, options.Issuer.OriginalString, clock.Now, request, form);
        try
        {
            await options.Credential.ProveAsync(proof, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsCredentialFault(e))
        {
            throw new AssayTokenException(TokenFailure.Credential, $"No token: the credential of '{options.ClientId}' cannot be used. {e.Message}", e);
        }

        request.Content = new FormUrlEncodedContent(form);
        return request;
    }

    private static bool IsCredentialFault(Exception fault) => fault
        is AssayCredentialUnavailableException or InvalidDataException or InvalidOperationException or IOException or UnauthorizedAccessException
        or HttpRequestException or System.Security.Cryptography.CryptographicException;

    private static TokenResponse Granted(byte[] body, TokenRequest asked, Uri url)
    {
        GrantJson? grant = null;
        try
        {
            grant = JsonSerializer.Deserialize(body, ClientJson.Default.GrantJson);
        }
        catch (JsonException)
        {
            // The exception could quote the token; what is wrong is told below.
        }

        if (grant is not { AccessToken.Length: > 0, TokenType.Length: > 0, ExpiresIn: > 0 and <= int.MaxValue })
        {
            throw new AssayTokenException(TokenFailure.NotAnIssuer, $"The token endpoint {url} answered 200, but not with access_token, token_type and expires_in.")
            {
                StatusCode = HttpStatusCode.OK,
            };
        }

        // RFC 6749 §5.1: no scope in the answer means exactly what was asked for.
        var scopes = grant.Scope?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? asked.Scopes;
        return new TokenResponse(grant.AccessToken, grant.TokenType, TimeSpan.FromSeconds(grant.ExpiresIn), Array.AsReadOnly(scopes)) // callers share it
        {
            Withheld = asked.Scopes.AsSpan().SequenceEqual(scopes) ? [] : Array.AsReadOnly([.. asked.Scopes.Except(scopes)]),
            StepUp = StepUp(grant.StepUp),
        };
    }

    private AssayTokenException Refused(byte[] body, HttpResponseMessage response, Uri url)
    {
        RefusalJson? refusal = null;
        try
        {
            refusal = JsonSerializer.Deserialize(body, ClientJson.Default.RefusalJson);
        }
        catch (JsonException)
        {
            // A proxy's page, most likely. The status says what there is to say.
        }

        var status = (int)response.StatusCode;
        var message = refusal switch
        {
            { Error: { } error, Description: { } description } => $"No token: {error} ({status}): {description}",
            { Error: { } error } => $"No token: {error} ({status}).",
            _ => $"No token: {url} answered {status} without an OAuth error.",
        };
        return new AssayTokenException(Failure(refusal?.Error, response.StatusCode), message)
        {
            StepUp = StepUp(refusal?.StepUp),
            DecisionId = refusal?.DecisionId,
            Error = refusal?.Error,
            ErrorDescription = refusal?.Description,
            StatusCode = response.StatusCode,
            RetryAfter = RetryAfter(response, options.TimeProvider),
            AnsweredAt = response.Headers.Date,
        };
    }

    private static TokenFailure Failure(string? error, HttpStatusCode status) => error switch
    {
        "temporarily_unavailable" => TokenFailure.Unavailable,
        _ when IsUnavailable(status) => TokenFailure.Unavailable,
        "invalid_client" or "unauthorized_client" => TokenFailure.Client,
        "invalid_target" => TokenFailure.Resource,
        "invalid_scope" or "access_denied" => TokenFailure.Scopes,
        null => TokenFailure.NotAnIssuer,
        _ => TokenFailure.Refused,
    };

    private static IReadOnlyList<string> StepUp(string?[]? named) => named is { Length: > 0 } ? Array.AsReadOnly([.. named.OfType<string>()]) : [];
}
