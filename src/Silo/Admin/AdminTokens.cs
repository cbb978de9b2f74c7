using System.Security.Claims;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using JsonWebKey = Microsoft.IdentityModel.Tokens.JsonWebKey;

namespace Assay.Silo.Admin;

/// <summary>
/// Validates admin tokens as any API validates ours (RFC 9068 §4), with the library most of them use and the keys this silo publishes. The library's
/// handler is used without the authentication services around it: those would keep a key ring of their own on disk.
/// </summary>
internal sealed class AdminTokens(SiloIdentity self, SiloView silo, TimeProvider clock)
{
    private const int MaxLength = 8 * 1024;

    private readonly JsonWebTokenHandler handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = MaxLength };

    /// <summary>The token's claims; null when it is not a live token of ours for that API of our own.</summary>
    public async Task<ClaimsIdentity?> Validate(string token, string audience)
    {
        if (token.Length > MaxLength)
            return null;

        var result = await handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = self.Issuer,
            ValidAudience = audience,
            ValidTypes = ["at+jwt"],
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            TryAllIssuerSigningKeys = false,
            IssuerSigningKeyResolver = (_, _, kid, _) => Keys(kid),
            LifetimeValidator = (_, expires, _, _) => expires is { } end && clock.GetUtcNow() < end,
        });
        return result.IsValid ? result.ClaimsIdentity : null;
    }

    private IEnumerable<SecurityKey> Keys(string kid)
    {
        if (silo.Current is not { } view)
            yield break;

        var now = clock.GetUtcNow();
        foreach (var key in view.Keys)
        {
            if (key.KeyId == kid && key.Purpose == KeyPurposes.AccessToken && key.StateAt(now) is KeyState.Active or KeyState.Retiring)
                yield return new JsonWebKey(key.PublicJwk);
        }
    }
}
