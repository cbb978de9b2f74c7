using Assay.Core.Jose;
using Assay.Core.SharedSignals;
using Assay.Grains.Keys;
using Assay.Grains.SharedSignals;
using Assay.Silo.Signing;

namespace Assay.Silo.SharedSignals;

/// <summary>Makes security event tokens (RFC 8417) with the ring of keys that is theirs alone.</summary>
internal sealed class SetSigner(TokenSigner signer, SiloIdentity self)
{
    /// <summary>The token, ASCII; null when there is no key to sign with.</summary>
    public byte[]? Sign(StreamEvent made, string stream, string receiver)
    {
        if (signer.Pick(KeyPurposes.SecurityEvents) is not { } signing)
            return null;

        using var jwt = new JwtWriter();
        new SecurityEventClaims(self.Issuer, receiver, made.JwtId, made.Transaction, made.IssuedAt, made.Type, made.Payload).WriteTo(jwt.Claims, json =>
        {
            if (made.IsNotice)
                SubjectIdentifier.WriteOpaque(json, stream);
            else if (made.Token is { } token)
                SubjectIdentifier.WriteToken(json, self.Issuer, token);
            else if (made.About is { } identity)
                SubjectIdentifier.WriteIdentity(json, self.Issuer, identity);
            else
                SubjectIdentifier.WriteEverybody(json, self.Realm);
        });
        jwt.Seal(signing.Header);
        return jwt.TrySign(signing.Key.PrivateKey) ? jwt.Token.ToArray() : throw new InvalidOperationException($"key {signing.Key.KeyId} cannot sign ES256");
    }
}
