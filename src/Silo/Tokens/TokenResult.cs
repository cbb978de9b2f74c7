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
