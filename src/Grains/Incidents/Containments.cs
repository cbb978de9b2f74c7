using System.Collections.Immutable;
using Assay.Core.Forensics;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Grains.Keys;

namespace Assay.Grains.Incidents;

/// <summary>
/// Cuts off an identity, a credential or a signing key: out of use, and its tokens dead, in one change with one number, which names the act. Undoing it is a change
/// of its own. What is taken and what is given back is decided by <see cref="Containment"/>; conflicts with other changes are tried again.
/// </summary>
public sealed class Containments(IAuthorityStore store, KeyRings rings, TimeProvider clock)
{
    private const int MaxTries = 5;
    private const string Undone = "containment undone: ";

    /// <summary>
    /// A narrowing call: wait for the number of the answer. Durable on return. Safe to repeat: what is contained and out of use stays so, by the act that did it.
    /// </summary>
    public Task<ContainmentResult> Contain(string realm, ContainedKind kind, string name, string actor, string reason, CancellationToken cancellationToken) =>
        Try(() => kind == ContainedKind.Key ? ContainKey(realm, name, actor, reason, cancellationToken) : ContainIdentity(realm, kind, name, actor, reason, cancellationToken));

    /// <summary>
    /// Gives back what an act took and nobody has changed since. Widens. No token comes back. Safe to repeat.
    /// </summary>
    /// <param name="act">The number of the act.</param>
    public Task<ContainmentResult> Undo(string realm, long act, string actor, string reason, CancellationToken cancellationToken) =>
        Try(() => UndoOnce(realm, act, actor, reason, cancellationToken));

    /// <summary>What an act cut off; null when there is none of that number.</summary>
    public async Task<ContainedKind?> KindOf(string realm, long act, CancellationToken cancellationToken) => (await Find(realm, act, cancellationToken))?.Contained.Kind;

    /// <summary>The newest acts of containment and their undoing, newest first.</summary>
    /// <param name="before">Only those with lower numbers.</param>
    public async Task<ImmutableArray<ContainmentEvent>> List(string realm, long before, int limit, CancellationToken cancellationToken)
    {
        var events = ImmutableArray.CreateBuilder<ContainmentEvent>();
        foreach (var change in await store.Changes(realm, ObjectKinds.Containment, id: null, after: 0, before, limit, cancellationToken))
        {
            // Of one that was undone, what it had been is in the version before.
            var held = await store.ReadAsOf(change.Key, change.IsDeletion ? change.Number - 1 : change.Number, cancellationToken);
            var newest = await store.Read(change.Key, cancellationToken);
            if (held is { IsDeleted: false })
            {
                var contained = RegistryJson.ReadContainment(held.Body.Span);
                events.Add(new ContainmentEvent(
                    held.Number, contained, change, change.IsDeletion ? Why(change.Reason) : contained.Reason, newest is { IsDeleted: false } && newest.Number == change.Number));
            }
        }

        return events.DrainToImmutable();
    }

    private async Task<ContainmentResult?> ContainIdentity(string realm, ContainedKind kind, string name, string actor, string reason, CancellationToken cancellationToken)
    {
        var id = kind == ContainedKind.Identity ? name : (await store.Holder(realm, IdentityKeys.OfCredential(name), cancellationToken))?.Id;
        if (id is null)
            return new ContainmentResult.Rejected(ChangeFault.NotFound, $"nobody has, or had, a credential '{name}'");
        if (await store.Read(new ObjectKey(realm, ObjectKinds.Identity, id), cancellationToken) is not { IsDeleted: false } stored)
            return new ContainmentResult.Rejected(ChangeFault.NotFound, $"there is no identity '{id}'");

        var identity = RegistryJson.ReadIdentity(stored.Body.Span);
        var present = await Present(realm, kind, name, cancellationToken);
        if (present is { Act: { } standing } && standing.Holds(identity))
            return new ContainmentResult.Done(present.Number, present.Number, standing, Changed: false);

        var at = clock.GetUtcNow();
        var next = kind == ContainedKind.Identity ? Containment.Freeze(identity, at, reason) : Containment.Freeze(identity, name, at);
        if (next is null)
            return new ContainmentResult.Rejected(ChangeFault.NotFound, $"'{id}' has no credential '{name}'");

        var froze = !ReferenceEquals(next, identity);
        var act = new Containment { Kind = kind, Name = name, Identity = id, Reason = reason, At = at, Froze = froze };
        return await Commit(
            act,
            present.Number,
            froze ? [new ObjectWrite(stored.Key, stored.Number, RegistryJson.Write(next), IdentityKeys.Unique(next))] : [],
            realm,
            actor,
            cancellationToken);
    }

    private async Task<ContainmentResult?> ContainKey(string realm, string keyId, string actor, string reason, CancellationToken cancellationToken)
    {
        if (await rings.Holding(realm, keyId) is not { } ring)
            return new ContainmentResult.Rejected(ChangeFault.NotFound, $"there is no signing key '{keyId}'");

        var isOut = ring.Keys.Any(key => key.KeyId == keyId && key.WithdrawnAt is not null);
        var present = await Present(realm, ContainedKind.Key, keyId, cancellationToken);
        if (isOut && present.Act is { } standing)
            return new ContainmentResult.Done(present.Number, present.Number, standing, Changed: false);

        var at = clock.GetUtcNow();
        return await Commit(
            new Containment { Kind = ContainedKind.Key, Name = keyId, Reason = reason, At = at, Froze = !isOut },
            present.Number,
            isOut ? [] : ring.Writes(rings.Schedule.Withdraw(ring.Keys, keyId, at, () => rings.Create(ring.Purpose))),
            realm,
            actor,
            cancellationToken);
    }

    private async Task<ContainmentResult?> Commit(
        Containment act, long present, ImmutableArray<ObjectWrite> taken, string realm, string actor, CancellationToken cancellationToken)
    {
        var ended = new RevocationId(
            act.Kind switch
            {
                ContainedKind.Identity => RevocationKind.Identity,
                ContainedKind.Credential => RevocationKind.Credential,
                _ => RevocationKind.Key,
            },
            act.Name);
        var change = new Change(
            [.. taken, await Revocations.Write(store, realm, ended, act.Reason, cancellationToken), new ObjectWrite(Key(realm, act.Kind, act.Name), present, RegistryJson.Write(act), [])],
            actor,
            $"contained: {act.Reason}");
        return await store.Commit(change, cancellationToken) is CommitResult.Committed done ? new ContainmentResult.Done(done.Number, done.Number, act, Changed: true) : null;
    }

    private async Task<ContainmentResult?> UndoOnce(string realm, long number, string actor, string reason, CancellationToken cancellationToken)
    {
        if (await Find(realm, number, cancellationToken) is not { Contained: var act, Key: var key })
            return new ContainmentResult.Rejected(ChangeFault.NotFound, $"there is no act of containment {number}");
        if (await store.Read(key, cancellationToken) is not { } newest)
            return null;
        if (newest.IsDeleted)
            return new ContainmentResult.Done(newest.Number, number, act, Changed: false);
        if (newest.Number != number)
            return new ContainmentResult.Rejected(ChangeFault.Conflict, $"'{act.Name}' was let go and contained again since: undo act {newest.Number}");

        ImmutableArray<ObjectWrite> given = act.Kind == ContainedKind.Key ? await GiveBackKey(realm, act) : await GiveBack(realm, act, cancellationToken);
        return await store.Commit(new Change([.. given, new ObjectWrite(newest.Key, number, null, [])], actor, Undone + reason), cancellationToken)
            is CommitResult.Committed done
            ? new ContainmentResult.Done(done.Number, number, act with { Froze = act.Froze && given.Length > 0 }, Changed: true)
            : null;
    }

    private async Task<(Containment Contained, ObjectKey Key)?> Find(string realm, long number, CancellationToken cancellationToken)
    {
        var changes = await store.Changes(realm, ObjectKinds.Containment, id: null, number - 1, number + 1, 1, cancellationToken);
        return changes is [{ IsDeletion: false } change] && await store.ReadAsOf(change.Key, number, cancellationToken) is { IsDeleted: false } held
            ? (RegistryJson.ReadContainment(held.Body.Span), change.Key)
            : null;
    }

    private static string Why(string reason) => reason.StartsWith(Undone, StringComparison.Ordinal) ? reason[Undone.Length..] : reason;

    private async Task<ImmutableArray<ObjectWrite>> GiveBack(string realm, Containment act, CancellationToken cancellationToken)
    {
        if (await store.Read(new ObjectKey(realm, ObjectKinds.Identity, act.Identity!), cancellationToken) is not { IsDeleted: false } stored)
            return [];
        var identity = RegistryJson.ReadIdentity(stored.Body.Span);
        var next = act.Undo(identity);
        return ReferenceEquals(next, identity) ? [] : [new ObjectWrite(stored.Key, stored.Number, RegistryJson.Write(next), IdentityKeys.Unique(next))];
    }

    private async Task<ImmutableArray<ObjectWrite>> GiveBackKey(string realm, Containment act) =>
        act.Froze && await rings.Holding(realm, act.Name) is { } ring ? ring.Writes(KeyRingSchedule.Restore(ring.Keys, act.Name, act.At, clock.GetUtcNow())) : [];

    private async Task<(long Number, Containment? Act)> Present(string realm, ContainedKind kind, string name, CancellationToken cancellationToken) =>
        await store.Read(Key(realm, kind, name), cancellationToken) is { IsDeleted: false } stored ? (stored.Number, RegistryJson.ReadContainment(stored.Body.Span)) : (0, null);

    private static ObjectKey Key(string realm, ContainedKind kind, string name) => new(realm, ObjectKinds.Containment, $"{Containment.WordOf(kind)}:{name}");

    private static async Task<ContainmentResult> Try(Func<Task<ContainmentResult?>> once)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            if (await once() is { } result)
                return result;
        }

        return new ContainmentResult.Rejected(ChangeFault.Conflict, "others keep changing it; try again");
    }
}

public abstract record ContainmentResult
{
    private ContainmentResult()
    {
    }

    /// <summary>Durable.</summary>
    /// <param name="Number">To wait for.</param>
    /// <param name="Act">Names the act of containment: its own number.</param>
    /// <param name="Contained">Of an undoing, <see cref="Containment.Froze"/> says whether anything was still there to give back.</param>
    /// <param name="Changed">False when it was so already.</param>
    public sealed record Done(long Number, long Act, Containment Contained, bool Changed) : ContainmentResult;

    public sealed record Rejected(ChangeFault Fault, string Detail) : ContainmentResult;
}

/// <summary>An act of containment, or its undoing.</summary>
/// <param name="Act">The number of the act.</param>
/// <param name="Change">The act's own change; of an undoing, that one's.</param>
/// <param name="Reason">Why it was done, or undone.</param>
/// <param name="Stands">It is an act that was neither undone nor repeated since.</param>
public sealed record ContainmentEvent(long Act, Containment Contained, ObjectChange Change, string Reason, bool Stands);
