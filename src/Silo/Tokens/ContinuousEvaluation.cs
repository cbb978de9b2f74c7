using System.Collections.Immutable;
using System.Security.Cryptography;
using Assay.Core.Evidence;
using Assay.Core.Jose;
using Assay.Core.Tokens;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Evidence;

namespace Assay.Silo.Tokens;

/// <summary>
/// Asks policy again about a live token: the request that its record holds, with the identity, its entitlements and its risk as they are now. Nothing is
/// spent, counted or recorded.
/// </summary>
internal sealed class ContinuousEvaluation(EvidenceReader evidence, IdentityCalls identities)
{
    /// <param name="passage">One of its own: the answer rests on this decision too.</param>
    /// <returns>The token with the scopes that would be granted now; dead when none would.</returns>
    public async ValueTask<TokenState> Ask(AccessToken token, ReadOnlyMemory<byte> text, DecisionTicket passage, CancellationToken cancellationToken)
    {
        if (await evidence.Find(token.JwtId, cancellationToken) is not EvidenceFound.Record { Found: { Kind: EvidenceKind.Permit, Input: { } input } record }
            || record.SigningInputHash != HashOf(text.Span))
            return new TokenState.Dead(EndReason.Unrecorded);

        var scopes = token.Scope.Split(' ');
        var request = new DecisionRequest
        {
            RequestId = Guid.NewGuid(),
            GrantType = input.GrantType,
            AuthenticationMethod = input.AuthenticationMethod,
            CredentialHandle = input.CredentialHandle,
            Resource = input.Resource,
            Scopes = [.. scopes],
            OriginIp = input.OriginIp,
        };
        switch (await identities.Ask(Question.Explain, input.ClientId, request, passage, cancellationToken))
        {
            case Decision.Decided decided:
                var granted = decided.Verdict.Scopes.Where(scope => scope.Granted).Select(scope => scope.Scope).ToImmutableHashSet(StringComparer.Ordinal);
                var left = string.Join(' ', scopes.Where(granted.Contains));
                return left.Length > 0 ? new TokenState.Live(token with { Scope = left }) : new TokenState.Dead(EndReason.NoLongerGranted);
            case Decision.Refused:
                return new TokenState.Dead(EndReason.NoLongerGranted);
            default:
                return new TokenState.Unknown();
        }
    }

    private static string HashOf(ReadOnlySpan<byte> token) => Base64UrlText.Encode(SHA256.HashData(token[..token.LastIndexOf((byte)'.')]));
}
