namespace Assay.Client;

/// <summary>Reads what a server sends, but not without end.</summary>
internal static class ResponseBody
{
    /// <summary>Many times what a token or a metadata document takes.</summary>
    public const int MaxBytes = 256 * 1024;

    public static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken, int maxBytes = MaxBytes)
    {
        if (response.Content.Headers.ContentLength > maxBytes)
            throw TooLarge(response, maxBytes);

        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var body = new MemoryStream();
        var buffer = new byte[8 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (body.Length + read > maxBytes)
                throw TooLarge(response, maxBytes);
            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private static AssayTokenException TooLarge(HttpResponseMessage response, int maxBytes) =>
        new(TokenFailure.NotAnIssuer, $"The answer of {response.RequestMessage?.RequestUri} is over {maxBytes / 1024} KiB.") { StatusCode = response.StatusCode };
}
