using System.Text;
using Microsoft.Net.Http.Headers;

namespace Assay.Silo.AuthZen;

/// <summary>Why a request is not answered: a status and a sentence (AuthZEN 1.0 §10.1.2). A denial is none of these; it is an answer.</summary>
/// <param name="Message">For people; printable ASCII.</param>
internal sealed record AccessRefusal(int Status, string Message)
{
    /// <summary>The error code of the challenge (RFC 6750 §3.1); null where a token is just missing.</summary>
    public string? Code { get; init; }

    /// <summary>The scopes that would do.</summary>
    public string? Scopes { get; init; }

    public static AccessRefusal Malformed(string message) => new(StatusCodes.Status400BadRequest, message);

    public static AccessRefusal NoToken { get; } = new(StatusCodes.Status401Unauthorized, "an access token for " + AccessScopes.Resource + " is needed");

    public static AccessRefusal InvalidToken(string message) => new(StatusCodes.Status401Unauthorized, message) { Code = "invalid_token" };

    public static AccessRefusal InsufficientScope(string message, string scopes) =>
        new(StatusCodes.Status403Forbidden, message) { Code = "insufficient_scope", Scopes = scopes };

    /// <summary>The same for an API that does not exist: nobody learns here which there are.</summary>
    public static AccessRefusal NotYours { get; } = new(StatusCodes.Status403Forbidden, "the caller is no resource server of that API");

    public static AccessRefusal TooLarge(int limit) => new(StatusCodes.Status413PayloadTooLarge, $"the body is over {limit / 1024} KiB");

    /// <summary>The caller may try again after a second.</summary>
    public static AccessRefusal Unavailable(string message) => new(StatusCodes.Status503ServiceUnavailable, message);

    public async Task Write(HttpResponse response, CancellationToken cancellationToken)
    {
        response.StatusCode = Status;
        response.ContentType = "text/plain; charset=utf-8";
        if (Status == StatusCodes.Status401Unauthorized || Code is not null)
            response.Headers.WWWAuthenticate = Challenge();
        if (Status == StatusCodes.Status503ServiceUnavailable)
            response.Headers[HeaderNames.RetryAfter] = "1";
        var body = Encoding.ASCII.GetBytes(Message);
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body, cancellationToken);
    }

    private string Challenge()
    {
        var challenge = new StringBuilder("Bearer realm=\"assay-authzen\"");
        if (Code is not null)
            challenge.Append($", error=\"{Code}\", error_description=\"{Message}\"");
        if (Scopes is not null)
            challenge.Append($", scope=\"{Scopes}\"");
        return challenge.ToString();
    }
}
