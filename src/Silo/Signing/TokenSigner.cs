using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics;
using Assay.Core.Jose;
using Assay.Grains.Keys;

namespace Assay.Silo.Signing;

/// <summary>The silo's signer: swapped whole by its signing grain, used on the request's own thread.</summary>
internal sealed class TokenSigner(TimeProvider clock) : ISignerSlot
{
    private volatile Prepared prepared = Prepared.Of(SignerSet.Empty);

    public SignerSet Current => prepared.Signers;

    /// <summary>The key of a purpose that signs now with its pre-encoded header; null when there is none: refuse what it would have signed.</summary>
    /// <param name="purpose">One of <see cref="KeyPurposes"/> that is JOSE (<see cref="KeyPurposes.IsJose"/>).</param>
    public (SignerKey Key, JwsHeaderSegment Header)? Pick(string purpose)
    {
        var now = prepared;
        return now.Of(purpose).At(purpose, clock.GetUtcNow()) is { } key ? (key, now.Headers[key.KeyId]) : null;
    }

    /// <summary>As <see cref="Pick"/> without a header, for any purpose.</summary>
    public SignerKey? PickKey(string purpose) => prepared.Of(purpose).At(purpose, clock.GetUtcNow());

    public void Swap(SignerSet signers) => prepared = Prepared.Of(signers);

    private static string TypeOf(string purpose) => purpose switch
    {
        KeyPurposes.AccessToken => JoseType.AccessToken,
        KeyPurposes.Introspection => JoseType.Introspection,
        KeyPurposes.StatusList => JoseType.StatusList,
        KeyPurposes.SecurityEvents => JoseType.SecurityEvent,
        _ => throw new UnreachableException(),
    };

    private sealed record Prepared(SignerSet Signers, FrozenDictionary<string, SignerSet> ByPurpose, FrozenDictionary<string, JwsHeaderSegment> Headers)
    {
        public static Prepared Of(SignerSet signers) => new(
            signers,
            signers.Keys.GroupBy(key => key.Purpose, StringComparer.Ordinal)
                .ToFrozenDictionary(ring => ring.Key, ring => new SignerSet([.. ring]), StringComparer.Ordinal),
            signers.Keys.Where(key => KeyPurposes.IsJose(key.Purpose))
                .ToFrozenDictionary(key => key.KeyId, key => new JwsHeaderSegment(JoseAlg.ES256, TypeOf(key.Purpose), key.KeyId), StringComparer.Ordinal));

        public SignerSet Of(string purpose) => ByPurpose.GetValueOrDefault(purpose, SignerSet.Empty);
    }
}
