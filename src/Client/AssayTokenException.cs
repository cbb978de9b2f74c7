using System.Net;

namespace Assay.Client;

/// <summary>No token was obtained: the issuer refused, could not be reached, or answered something that is no answer.</summary>
public sealed class AssayTokenException : Exception
{
    internal AssayTokenException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>The OAuth error code, such as <c>invalid_scope</c> (RFC 6749 §5.2); null when the issuer gave none.</summary>
    public string? Error { get; internal init; }

    /// <summary>What the issuer says about the error, for a person; null when it says nothing.</summary>
    public string? ErrorDescription { get; internal init; }

    /// <summary>The HTTP status; null when there was no answer.</summary>
    public HttpStatusCode? StatusCode { get; internal init; }

    /// <summary>How long the issuer asks to wait before the next attempt, never negative; null when it does not say (RFC 9110 §10.2.3).</summary>
    public TimeSpan? RetryAfter { get; internal init; }
}
