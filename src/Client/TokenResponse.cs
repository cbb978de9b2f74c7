using System.Text;

namespace Assay.Client;

/// <summary>An access token as the issuer granted it (RFC 6749 §5.1).</summary>
/// <param name="AccessToken">The token, to be sent to the resource it was asked for and nowhere else. Not in <see cref="ToString"/>.</param>
/// <param name="TokenType">How to present it, usually <c>Bearer</c>.</param>
/// <param name="ExpiresIn">Its life from the moment the answer was made, in whole seconds. A token that was held for a while has less of it left.</param>
/// <param name="Scopes">What was granted. It may be less than what was asked for: a caller that needs a scope checks that it is here.</param>
public sealed record TokenResponse(string AccessToken, string TokenType, TimeSpan ExpiresIn, IReadOnlyList<string> Scopes)
{
    /// <summary>What was asked for and not granted; empty when everything was, or when no scopes were named.</summary>
    public IReadOnlyList<string> Withheld { get; init; } = [];

    /// <summary>The verifications that would open withheld scopes, such as <c>attestation</c> or <c>approval</c>; empty when none would. See <see cref="AssayClientOptions.OnVerificationRequired"/>.</summary>
    public IReadOnlyList<string> StepUp { get; init; } = [];

    // A token in a log is a token given away.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append($"TokenType = {TokenType}, ExpiresIn = {ExpiresIn}, Scopes = {string.Join(' ', Scopes)}");
        if (Withheld.Count > 0)
            builder.Append($", Withheld = {string.Join(' ', Withheld)}");
        if (StepUp.Count > 0)
            builder.Append($", StepUp = {string.Join(' ', StepUp)}");
        return true;
    }
}
