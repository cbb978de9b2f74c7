using System.Collections.Immutable;
using Assay.Core.Jose;

namespace Assay.Silo.Tokens;

/// <summary>What came of a token request.</summary>
internal abstract record TokenResult
{
    private TokenResult()
    {
    }

    /// <param name="Token">Signed, in pooled memory; whoever sends it disposes it.</param>
    /// <param name="Scopes">The scopes granted.</param>
    /// <param name="StepUp">Verifications that would open scopes that were withheld.</param>
    public sealed record Issued(JwtWriter Token, TimeSpan Lifetime, ImmutableArray<string> Scopes, ImmutableArray<string> StepUp) : TokenResult;

    public sealed record Refused(OAuthError Error) : TokenResult;
}

/// <summary>What came of a batch request.</summary>
internal abstract record BatchResult
{
    private BatchResult()
    {
    }

    /// <param name="Results">In the order of the requests; whoever sends the tokens disposes them.</param>
    public sealed record Answered(TokenResult[] Results) : BatchResult;

    /// <summary>The whole of it.</summary>
    public sealed record Refused(OAuthError Error) : BatchResult;
}
