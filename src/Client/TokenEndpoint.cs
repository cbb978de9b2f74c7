using System.Net;
using System.Text.Json;

namespace Assay.Client;

/// <summary>One request for a token, or for several, and what came of it.</summary>
internal sealed class TokenEndpoint(AssayClientOptions options, IssuerClock clock, HttpClient http)
{
    private const string MediaType = "application/json";

    public async Task<TAnswer> AskAsync<TAnswer>(Uri url, Question<TAnswer> question, CancellationToken cancellationToken)
    {
        using var request = await RequestAsync(url, question, cancellationToken).ConfigureAwait(false);
        using var response = await Transport.SendAsync(http, request, cancellationToken).ConfigureAwait(false);
        var body = await ResponseBody.ReadAsync(response, cancellationToken, question.MaxAnswerBytes).ConfigureAwait(false);
        return response.StatusCode == HttpStatusCode.OK ? question.Read(body, url) : throw Refused(body, response, url);
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

    private async Task<HttpRequestMessage> RequestAsync<TAnswer>(Uri url, Question<TAnswer> question, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url);
        request.Headers.Accept.ParseAdd(MediaType);
        var fields = question.Fields();
        var proof = new ClientProof(options.ClientId, options.Issuer.OriginalString, clock.Now, request, fields);
        try
        {
            await options.Credential.ProveAsync(proof, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsCredentialFault(e))
        {
            throw new AssayTokenException(TokenFailure.Credential, $"No token: the credential of '{options.ClientId}' cannot be used. {e.Message}", e);
        }

        request.Content = question.Content(fields);
        return request;
    }

    private static bool IsCredentialFault(Exception fault) => fault
        is AssayCredentialUnavailableException or InvalidDataException or InvalidOperationException or IOException or UnauthorizedAccessException
        or HttpRequestException or System.Security.Cryptography.CryptographicException;

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

        return TokenAnswer.Refused(refusal, response.StatusCode, RetryAfter(response, options.TimeProvider), response.Headers.Date, url);
    }
}
