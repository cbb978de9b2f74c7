using System.Collections.Immutable;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Grains.Authority;
using Assay.Grains.Identities;

namespace Assay.Grains.Keys;

[GrainType("key-ring")]
internal sealed class KeyRingGrain(IAuthorityStore store, KeyRings rings, TimeProvider clock) : Grain, IKeyRingGrain
{
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
        var changes = rings.Schedule.Tend(ring.Keys, clock.GetUtcNow(), Create);
        if (changes.Length > 0)
            await Write(ring, changes, "system", "key ring tended");
        return rings.Schedule.NextTending((await Read()).Keys, clock.GetUtcNow());
    }

    public async Task<RotationResult> Rotate(string actor)
    {
        var ring = await Read();
        var changes = rings.Schedule.Rotate(ring.Keys, clock.GetUtcNow(), Create, out var next);
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
        return await Write(ring, rings.Schedule.Withdraw(ring.Keys, keyId, clock.GetUtcNow(), Create), actor, "key withdrawn", end) switch
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

    private Task<KeyRing> Read() => rings.Read(realm, purpose);

    private SigningKey Create() => rings.Create(purpose);

    private Task<CommitResult> Write(KeyRing ring, ImmutableArray<SigningKey> changes, string actor, string reason, params ReadOnlySpan<ObjectWrite> more) =>
        store.Commit(new Change([.. ring.Writes(changes), .. more], actor, reason), CancellationToken.None);
}
