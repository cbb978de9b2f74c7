using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Assay.Core.Evidence;
using Assay.Core.Jose;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Core.Tokens;
using Assay.Grains.Authority;
using Assay.Grains.Keys;

namespace Assay.Silo.Tokens;

/// <summary>What is known of a token that somebody shows.</summary>
internal abstract record TokenState
{
    private TokenState()
    {
    }

    public sealed record Live(AccessToken Token) : TokenState;

    public sealed record Dead(EndReason Reason) : TokenState;

    /// <summary>This silo may not say: its lease has lapsed.</summary>
    public sealed record Unknown : TokenState;
}

/// <summary>Why a token is good for nothing. Told to administrators only.</summary>
internal enum EndReason
{
    /// <summary>No token, or none that a key we publish has signed.</summary>
    NotOurs,
    Expired,
    Revoked,

    /// <summary>From a history of the database that is not the present one.</summary>
    OtherTimeline,

    /// <summary>It has no record: it was minted around the controls.</summary>
    Unrecorded,

    /// <summary>Policy would grant none of its scopes now.</summary>
    NoLongerGranted,
}

/// <summary>
/// Tells whether a token is live, from this silo's memory: the keys it publishes, the clock, and the revocations that its lease vouches for. No storage, no
/// grain, and the same cost however many tokens and revocations there are.
/// </summary>
internal sealed class Introspector(SiloView silo, JtiCodec jtis, TokenHandles handles, SiloIdentity self, TimeProvider clock)
{
    /// <summary>Far more than are published at a time.</summary>
    private const int MostKeys = 64;

    private readonly ConcurrentDictionary<string, SignatureVerifier> verifiers = new(StringComparer.Ordinal);

    /// <param name="passage">The answer may leave only while it is not overtaken: ask it before sending.</param>
    public TokenState Examine(ReadOnlyMemory<byte> token, DecisionTicket passage)
    {
        while (silo.Current is { } view)
        {
            if (passage.Decided(view.Number)) // else an acknowledgement went by since: the next view is as new as that
                return Examine(token, view);
        }

        return new TokenState.Unknown();
    }

    private TokenState Examine(ReadOnlyMemory<byte> text, SiloSnapshot view)
    {
        var now = clock.GetUtcNow();
        if (!CompactJws.TryParse(text, out var jws, out _)
            || jws.Header.Kid is not { } kid
            || VerifierOf(kid, view, now) is not { } verifier
            || !verifier.Verify(jws)
            || !AccessToken.TryRead(jws, out var token)
            || token.Issuer != self.Issuer
            || !jtis.TryDecode(token.JwtId, out var place)
            || !Provenance.TryRead(jtis, place, token.Provenance, out var provenance))
            return new TokenState.Dead(EndReason.NotOurs);

        return !view.Timelines.Hold(place, provenance.Timeline, provenance.Number) ? new TokenState.Dead(EndReason.OtherTimeline)
            : token.ExpiresAt * 1000 <= now.ToUnixTimeMilliseconds() ? new TokenState.Dead(EndReason.Expired)
            : IsEnded(view.Revocations, token, provenance) ? new TokenState.Dead(EndReason.Revoked)
            : new TokenState.Live(token);
    }

    private bool IsEnded(RevocationSet revocations, AccessToken token, Provenance provenance) => TokenEnd.IsIn(
        revocations, handles, token.JwtId, token.ClientId, token.KeyId, provenance.Number, token.IssuedAt,
        ImmutableCollectionsMarshal.AsArray(provenance.Handles));

    /// <summary>Only of a key that has signed tokens and is published now; a withdrawn one is not.</summary>
    private SignatureVerifier? VerifierOf(string kid, SiloSnapshot view, DateTimeOffset now)
    {
        foreach (var key in view.Keys)
        {
            if (key.KeyId != kid || key.Purpose != KeyPurposes.AccessToken || key.StateAt(now) is not (KeyState.Active or KeyState.Retiring))
                continue;
            if (verifiers.TryGetValue(kid, out var known))
                return known;
            if (JsonWebKey.ParsePublic(key.PublicJwk, out _) is not { } jwk)
                return null;

            if (verifiers.Count >= MostKeys)
                verifiers.Clear();
            return verifiers[kid] = jwk.Verifier;
        }

        return null;
    }
}
