using Assay.Core.Jose;
using Assay.Grains.Keys;

namespace Assay.Silo.Signing;

/// <summary>The silo's signer: swapped whole by its signing grain, used on the request's own thread.</summary>
internal sealed class TokenSigner(TimeProvider clock) : ISignerSlot
{
    private volatile Prepared prepared = new(SignerSet.Empty, []);

    public SignerSet Current => prepared.Signers;

    /// <summary>The key that signs now with its pre-encoded header; null when there is none, which refuses issuance.</summary>
    public (SignerKey Key, JwsHeaderSegment Header)? Pick()
    {
        var now = prepared;
        return now.Signers.At(clock.GetUtcNow()) is { } key ? (key, now.Headers[key.KeyId]) : null;
    }

    public void Swap(SignerSet signers) =>
        prepared = new Prepared(
            signers,
            signers.Keys.ToDictionary(
                key => key.KeyId, key => new JwsHeaderSegment(JoseAlg.ES256, JoseType.AccessToken, key.KeyId), StringComparer.Ordinal));

    private sealed record Prepared(SignerSet Signers, Dictionary<string, JwsHeaderSegment> Headers);
}
