using System.Net;

namespace Assay.Client.Events;

/// <summary>Why a call of the stream API came to nothing, as far as it matters for what comes next.</summary>
internal enum StreamFailure
{
    /// <summary>The issuer is away, or cannot serve now.</summary>
    Unavailable,

    /// <summary>The identity may not, or has no room for another stream: nothing that asking soon again would change.</summary>
    NotAllowed,

    /// <summary>There is no such stream any more.</summary>
    Gone,

    /// <summary>The access token was not taken.</summary>
    Unauthorized,

    /// <summary>What answered does not answer like a transmitter.</summary>
    NotATransmitter,
}

/// <summary>A call of the stream API that came to nothing.</summary>
internal sealed class StreamFault(StreamFailure failure, string message, TimeSpan? retryAfter = null, Exception? innerException = null) : Exception(message, innerException)
{
    public StreamFailure Failure => failure;

    public TimeSpan? RetryAfter => retryAfter;

    /// <param name="what">What was asked for, for a person.</param>
    public static StreamFault Of(HttpResponseMessage response, string what, TimeProvider clock) => new(
        response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => StreamFailure.Unauthorized,
            HttpStatusCode.Forbidden or HttpStatusCode.Conflict => StreamFailure.NotAllowed,
            HttpStatusCode.NotFound => StreamFailure.Gone,
            var status when TokenEndpoint.IsUnavailable(status) => StreamFailure.Unavailable,
            _ => StreamFailure.NotATransmitter,
        },
        response.StatusCode switch
        {
            HttpStatusCode.Conflict => $"{what}: the identity has as many event streams as it may (Assay:Events:StreamsPerClient)",
            var status => $"{what}: the issuer answered {(int)status}",
        },
        TokenEndpoint.RetryAfter(response, clock));

    /// <summary>No token, no call.</summary>
    public static StreamFault Of(AssayTokenException fault) => new(
        fault.Failure is TokenFailure.Client or TokenFailure.Resource or TokenFailure.Scopes or TokenFailure.Refused or TokenFailure.Credential
            ? StreamFailure.NotAllowed
            : fault.Failure == TokenFailure.NotAnIssuer ? StreamFailure.NotATransmitter : StreamFailure.Unavailable,
        fault.Message,
        fault.RetryAfter,
        fault);
}
