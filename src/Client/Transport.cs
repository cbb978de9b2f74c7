namespace Assay.Client;

/// <summary>Sends, and tells every failure to do so in one way.</summary>
internal static class Transport
{
    /// <exception cref="HttpRequestException">Also for what a handler of the caller's own throws, such as a circuit breaker that is open.</exception>
    public static async Task<HttpResponseMessage> SendAsync(HttpClient http, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (OperationCanceledException or HttpRequestException or IOException or ObjectDisposedException))
        {
            throw new HttpRequestException(e.Message, e);
        }
    }
}
