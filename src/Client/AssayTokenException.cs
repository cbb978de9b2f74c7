using System.Net;

namespace Assay.Client;

/// <summary>No token was obtained: the issuer refused, could not be reached, or answered something that is no answer.</summary>
public sealed class AssayTokenException : Exception
{
    internal AssayTokenException(TokenFailure failure, string message, Exception? innerException = null)
        : base(message, innerException) => Failure = failure;

    /// <summary>Why there is no token, as far as a program needs to tell cases apart.</summary>
    public TokenFailure Failure { get; }

    /// <summary>The OAuth error code, such as <c>invalid_scope</c> (RFC 6749 §5.2); null when the issuer gave none.</summary>
    public string? Error { get; internal init; }

    /// <summary>What the issuer says about the error, for a person; null when it says nothing.</summary>
    public string? ErrorDescription { get; internal init; }

    /// <summary>The verifications that would open what was asked for, such as <c>attestation</c> or <c>approval</c>; empty when none would.</summary>
    public IReadOnlyList<string> StepUp { get; internal init; } = [];

    /// <summary>Leads whoever may read the issuer's evidence to the decision (<c>assay explain</c>); null when there is no record of one.</summary>
    public string? DecisionId { get; internal init; }

    /// <summary>The HTTP status; null when there was no answer.</summary>
    public HttpStatusCode? StatusCode { get; internal init; }

    /// <summary>
    /// How long the issuer asks to wait before the next attempt, never negative; null when it does not say (RFC 9110 §10.2.3). After a failure that made the
    /// client leave the issuer alone: how long it goes on doing so. Calls before that are told the same failure, and send nothing.
    /// </summary>
    public TimeSpan? RetryAfter { get; internal init; }

    /// <summary>The issuer's clock when it answered, in whole seconds; null when it did not say.</summary>
    internal DateTimeOffset? AnsweredAt { get; init; }
}
