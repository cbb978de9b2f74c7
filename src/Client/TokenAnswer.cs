using System.Net;

namespace Assay.Client;

/// <summary>What the members of an answer mean (RFC 6749 §5), whether it stands alone or among others.</summary>
internal static class TokenAnswer
{
    /// <summary>The token; null when the answer is not whole.</summary>
    public static TokenResponse? Granted(GrantJson? grant, TokenRequest asked)
    {
        if (grant is not { AccessToken.Length: > 0, TokenType.Length: > 0, ExpiresIn: > 0 and <= int.MaxValue })
            return null;

        // RFC 6749 §5.1: no scope in the answer means exactly what was asked for.
        var scopes = grant.Scope?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? asked.Names;
        return new TokenResponse(grant.AccessToken, grant.TokenType, TimeSpan.FromSeconds(grant.ExpiresIn), Array.AsReadOnly(scopes)) // callers share it
        {
            Withheld = asked.Names.AsSpan().SequenceEqual(scopes) ? [] : Array.AsReadOnly([.. asked.Names.Except(scopes)]),
            StepUp = StepUp(grant.StepUp),
        };
    }

    /// <param name="refusal">What was said; null when it was nothing of OAuth.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="retryAfter">When to come back, if that was said.</param>
    /// <param name="answeredAt">The issuer's clock, if it told it.</param>
    /// <param name="url">Who said it.</param>
    public static AssayTokenException Refused(RefusalJson? refusal, HttpStatusCode status, TimeSpan? retryAfter, DateTimeOffset? answeredAt, Uri url)
    {
        var message = refusal switch
        {
            { Error: { } error, Description: { } description } => $"No token: {error} ({(int)status}): {description}",
            { Error: { } error } => $"No token: {error} ({(int)status}).",
            _ => $"No token: {url} answered {(int)status} without an OAuth error.",
        };
        return new AssayTokenException(Failure(refusal?.Error, status), message)
        {
            StepUp = StepUp(refusal?.StepUp),
            DecisionId = refusal?.DecisionId,
            Error = refusal?.Error,
            ErrorDescription = refusal?.Description,
            StatusCode = status,
            RetryAfter = retryAfter,
            AnsweredAt = answeredAt,
        };
    }

    private static TokenFailure Failure(string? error, HttpStatusCode status) => error switch
    {
        "temporarily_unavailable" => TokenFailure.Unavailable,
        _ when TokenEndpoint.IsUnavailable(status) => TokenFailure.Unavailable,
        "invalid_client" or "unauthorized_client" => TokenFailure.Client,
        "invalid_target" => TokenFailure.Resource,
        "invalid_scope" or "access_denied" => TokenFailure.Scopes,
        null => TokenFailure.NotAnIssuer,
        _ => TokenFailure.Refused,
    };

    private static IReadOnlyList<string> StepUp(string?[]? named) => named is { Length: > 0 } ? Array.AsReadOnly([.. named.OfType<string>()]) : [];
}
