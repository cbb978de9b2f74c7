using System.Collections.Immutable;
using System.Security.Cryptography;
using Assay.Core.Jose;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Microsoft.Extensions.Options;

namespace Assay.Grains.Keys;

[GrainType("key-ring")]
internal sealed class KeyRingGrain(
    IAuthorityStore store, IKeyVault vault, IOptions<KeyOptions> options, IOptions<AuthorityOptions> authority, IOptions<DecisionOptions> decisions, TimeProvider clock)
    : Grain, IKeyRingGrain
{
    private readonly KeyRingSchedule schedule = new(
        options.Value.AnnounceTime,
        options.Value.RotationPeriod,
        authority.Value.LeaseLife,
        decisions.Value.MaxTokenLifetime + decisions.Value.ClockSkew + authority.Value.LeaseLife);

    private string realm = "";
    private string purpose = "";

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (realm, purpose) = GrainKey.Parse(this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    public async Task<DateTimeOffset> Tend()
    {
        var ring = await Read();
        var changes = schedule.Tend(ring.Keys, clock.GetUtcNow(), Create);
        if (changes.Length > 0)
            await Write(ring, changes, "system", "key ring tended");
        return schedule.NextTending((await Read()).Keys, clock.GetUtcNow());
    }

    public async Task<RotationResult> Rotate(string actor)
    {
        var ring = await Read();
        var changes = schedule.Rotate(ring.Keys, clock.GetUtcNow(), Create, out var next);
        var number = ring.Head;
        if (changes.Length > 0)
        {
            number = await Write(ring, changes, actor, "keys rotated") switch
            {
                CommitResult.Committed done => done.Number,
                _ => throw new InvalidOperationException("the key ring was changed by someone else meanwhile; try again"),
            };
        }

        return new RotationResult(next.KeyId, next.ActivatesAt!.Value, number);
    }

    public async Task<ChangeResult> Withdraw(string keyId, string actor)
    {
        var ring = await Read();
        var key = ring.Keys.FirstOrDefault(key => key.KeyId == keyId);
        if (key is null)
            return new ChangeResult.Rejected(ChangeFault.NotFound, $"there is no key '{keyId}' for {purpose}");
        if (key.WithdrawnAt is not null)
            return new ChangeResult.Unchanged(ring.Head);

        // What it signed ends with it, also where validators still hold the key.
        var end = await Revocations.Write(store, realm, new RevocationId(RevocationKind.Key, keyId), "key withdrawn", CancellationToken.None);
        return await Write(ring, schedule.Withdraw(ring.Keys, keyId, clock.GetUtcNow(), Create), actor, "key withdrawn", end) switch
        {
            CommitResult.Committed done => new ChangeResult.Done(done.Number),
            _ => new ChangeResult.Rejected(ChangeFault.Conflict, "the key ring was changed by someone else meanwhile; try again"),
        };
    }

    public async Task<ImmutableArray<KeyDescription>> List()
    {
        var now = clock.GetUtcNow();
        var ring = await Read();
        return
        [
            .. ring.Keys
                .OrderBy(key => key.AnnouncedAt)
                .Select(key => new KeyDescription(
                    key.KeyId, key.Algorithm, key.StateAt(now).ToString(), key.AnnouncedAt, key.ActivatesAt, key.RetiresAt, key.RemovedAt, key.WithdrawnAt)),
        ];
    }

    private async Task<Ring> Read()
    {
        var list = await store.List(realm, ObjectKinds.SigningKey, CancellationToken.None);
        var keys = ImmutableArray.CreateBuilder<SigningKey>();
        var numbers = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var stored in list.Objects)
        {
            var key = RegistryJson.ReadSigningKey(stored.Body.Span);
            if (key.Purpose != purpose)
                continue;
            keys.Add(key);
            numbers[key.KeyId] = stored.Number;
        }

        return new Ring(keys.DrainToImmutable(), numbers, list.Head);
    }

    private Task<CommitResult> Write(Ring ring, ImmutableArray<SigningKey> changes, string actor, string reason, params ReadOnlySpan<ObjectWrite> more)
    {
        var writes = changes.Select(key => new ObjectWrite(
            new ObjectKey(realm, ObjectKinds.SigningKey, $"{purpose}/{key.KeyId}"),
            ring.Numbers.GetValueOrDefault(key.KeyId),
            RegistryJson.Write(key),
            []));
        return store.Commit(new Change([.. writes, .. more], actor, reason), CancellationToken.None);
    }

    private SigningKey Create()
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

    private sealed record Ring(ImmutableArray<SigningKey> Keys, Dictionary<string, long> Numbers, long Head);
}
