using System.Collections.Immutable;
using System.Security.Cryptography;
using Assay.Core.Jose;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Microsoft.Extensions.Options;

namespace Assay.Grains.Keys;

/// <summary>Key rings as they are stored, and what a change of one is written as. Commits nothing.</summary>
public sealed class KeyRings(
    IAuthorityStore store, IKeyVault vault, IOptions<KeyOptions> options, IOptions<AuthorityOptions> authority, IOptions<DecisionOptions> decisions, TimeProvider clock)
{
    internal KeyRingSchedule Schedule { get; } = new(
        options.Value.AnnounceTime,
        options.Value.RotationPeriod,
        authority.Value.LeaseLife,
        decisions.Value.MaxTokenLifetime + decisions.Value.ClockSkew + authority.Value.LeaseLife);

    internal Task<KeyRing> Read(string realm, string purpose) => Read(realm, keys => purpose)!;

    /// <summary>The ring that a key is in, whatever its purpose; null when there is no such key.</summary>
    internal Task<KeyRing?> Holding(string realm, string keyId) => Read(realm, keys => keys.FirstOrDefault(key => key.KeyId == keyId)?.Purpose);

    internal SigningKey Create(string purpose)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var jwk = JsonWebKey.From(pair);
        var pkcs8 = pair.ExportPkcs8PrivateKey();
        try
        {
            return new SigningKey
            {
                KeyId = jwk.Thumbprint,
                Purpose = purpose,
                Algorithm = JoseAlg.ES256,
                PublicJwk = jwk.ToJson(),
                WrappedPrivateKey = vault.Wrap(jwk.Thumbprint, pkcs8),
                AnnouncedAt = clock.GetUtcNow(),
            };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    private async Task<KeyRing?> Read(string realm, Func<IEnumerable<SigningKey>, string?> which)
    {
        var list = await store.List(realm, ObjectKinds.SigningKey, CancellationToken.None);
        var all = list.Objects.Select(stored => (Key: RegistryJson.ReadSigningKey(stored.Body.Span), stored.Number)).ToArray();
        return which(all.Select(one => one.Key)) is { } purpose
            ? new KeyRing(
                realm,
                purpose,
                [.. all.Where(one => one.Key.Purpose == purpose).Select(one => one.Key)],
                all.Where(one => one.Key.Purpose == purpose).ToDictionary(one => one.Key.KeyId, one => one.Number, StringComparer.Ordinal),
                list.Head)
            : null;
    }
}

/// <param name="Numbers">The version of each key.</param>
/// <param name="Head">Of the feed, when it was read.</param>
internal sealed record KeyRing(string Realm, string Purpose, ImmutableArray<SigningKey> Keys, IReadOnlyDictionary<string, long> Numbers, long Head)
{
    public ImmutableArray<ObjectWrite> Writes(ImmutableArray<SigningKey> changes) =>
    [
        .. changes.Select(key => new ObjectWrite(
            new ObjectKey(Realm, ObjectKinds.SigningKey, $"{Purpose}/{key.KeyId}"), Numbers.GetValueOrDefault(key.KeyId), RegistryJson.Write(key), [])),
    ];
}
