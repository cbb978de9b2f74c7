using System.Text;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Silo.Admin;
using Assay.Silo.Tokens;

namespace Assay.Silo.AuthZen;

/// <summary>Who asks.</summary>
/// <param name="IsAdministrator">Asks about every API, not only those that name it.</param>
/// <param name="SeesReasons">May read evidence, so it is told which policies decided and why.</param>
internal sealed record AccessCaller(string ClientId, bool IsAdministrator, bool SeesReasons)
{
    public bool MayAskAbout(Api api) => IsAdministrator || api.ResourceServers.Contains(ClientId);
}

/// <summary>
/// Lets enforcement points in by their access tokens. A token for <see cref="AccessScopes.Resource"/> is examined as introspection does it, in memory; about which APIs its holder
/// may ask is looked up each time. A token for the admin API is good for as long as the rights behind it stand, which is asked each time.
/// </summary>
internal sealed class AccessDoor(Introspector introspector, ContinuousEvaluation continuous)
{
    public async ValueTask<(AccessCaller? Caller, AccessRefusal? Refusal)> Enter(HttpRequest request, string scope, Passages passages, CancellationToken cancellationToken)
    {
        var presented = request.Headers.Authorization;
        if (presented.Count != 1 || presented[0] is not { } header || !header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return (null, AccessRefusal.NoToken);

        var text = header["Bearer ".Length..].Trim();
        var token = Ascii.IsValid(text) ? Encoding.ASCII.GetBytes(text) : [];
        return introspector.Examine(token, passages.Enter()) switch
        {
            TokenState.Live { Token: { Audience: AccessScopes.Resource } live } => Holds(live.Scope, scope)
                ? (new AccessCaller(live.ClientId, IsAdministrator: false, SeesReasons: false), null)
                : (null, AccessRefusal.InsufficientScope("the token does not hold the scope", scope)),
            TokenState.Live { Token: { Audience: AdminScopes.Resource } live } =>
                OfAdministrator(await continuous.Ask(live, token, passages.Enter(), cancellationToken)),
            TokenState.Live => (null, AccessRefusal.InvalidToken("the token is for another API")),
            TokenState.Dead => (null, AccessRefusal.InvalidToken("the token is malformed, expired, or revoked")),
            _ => (null, AccessRefusal.Unavailable("this silo may not decide at the moment")),
        };
    }

    /// <param name="state">With the scopes that would be granted now.</param>
    private static (AccessCaller?, AccessRefusal?) OfAdministrator(TokenState state)
    {
        switch (state)
        {
            case TokenState.Live { Token: var token }:
                foreach (var needed in AccessScopes.OfAdministrators)
                {
                    if (!Holds(token.Scope, needed))
                        return (null, Withdrawn);
                }

                return (new AccessCaller(token.ClientId, IsAdministrator: true, SeesReasons: Holds(token.Scope, AdminScopes.EvidenceRead)), null);
            case TokenState.Dead { Reason: EndReason.NoLongerGranted }:
                return (null, Withdrawn);
            case TokenState.Dead:
                return (null, AccessRefusal.InvalidToken("there is no record of this token"));
            default:
                return (null, AccessRefusal.Unavailable("this silo may not decide at the moment"));
        }
    }

    private static AccessRefusal Withdrawn { get; } =
        AccessRefusal.InsufficientScope("the token does not hold the scopes, or no longer", string.Join(' ', AccessScopes.OfAdministrators));

    private static bool Holds(string granted, string scope) => granted.Split(' ').Contains(scope);
}
