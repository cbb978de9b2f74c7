using System.Diagnostics.CodeAnalysis;

namespace Assay.Client;

/// <summary>What came of one of several requests: a token, or why there is none.</summary>
public sealed class TokenResult
{
    internal TokenResult(TokenRequest request, TokenResponse? token, AssayTokenException? refusal) => (Request, Token, Refusal) = (request, token, refusal);

    /// <summary>What was asked for: the object that was given.</summary>
    public TokenRequest Request { get; }

    /// <summary>Whether there is a token. It may allow less than was asked for: see <see cref="TokenResponse.Withheld"/>.</summary>
    [MemberNotNullWhen(true, nameof(Token))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool IsGranted => Token is not null;

    /// <summary>The token; null when there is none.</summary>
    public TokenResponse? Token { get; }

    /// <summary>
    /// Why there is no token, typed as it is when a single request throws it; null when there is one. Fit to be thrown. <see cref="TokenFailure.Unavailable"/> may be asked for again, after
    /// <see cref="AssayTokenException.RetryAfter"/>.
    /// </summary>
    public AssayTokenException? Refusal { get; }
}
