using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Grains.Identities;

/// <summary>
/// What identities read of the stores: one query for all that wait at the moment, instead of one for each. What a call answers was read after the call.
/// Throws when the store does.
/// </summary>
public sealed class IdentityReads : IDisposable
{
    /// <summary>Of each kind of read; enough for any store, and leaves connections to the others.</summary>
    private const int AtOnce = 4;

    /// <summary>Identities in one query: more would take longer, for all of them.</summary>
    private const int Most = 256;

    private readonly IAuthorityStore store;
    private readonly IEvidenceStore evidence;
    private readonly TimeProvider clock;
    private readonly SharedReads<ObjectKey, StoredObject?> states;
    private readonly SharedReads<ObjectKey, IdentityRecall> recalls;

    public IdentityReads(IAuthorityStore store, IEvidenceStore evidence, Predecessors predecessors, TimeProvider clock)
        : this(store, evidence, predecessors.Settled, clock, TaskScheduler.Default)
    {
    }

    internal IdentityReads(IAuthorityStore store, IEvidenceStore evidence, Func<CancellationToken, Task> settled, TimeProvider clock, TaskScheduler scheduler)
    {
        this.store = store;
        this.evidence = evidence;
        this.clock = clock;
        states = new(store.ReadAll, AtOnce, Most, scheduler);
        recalls = new(Recall, AtOnce, Most, scheduler, settled);
    }

    /// <summary>As <see cref="IAuthorityStore.Read"/>.</summary>
    public Task<StoredObject?> State(string realm, string id, CancellationToken cancellationToken) =>
        states.Read(new ObjectKey(realm, ObjectKinds.Identity, id), cancellationToken);

    /// <summary>
    /// For an activation that was handed nothing: its state and what it spent, once nothing an earlier activation decided is on its way any more
    /// (<see cref="Predecessors.Settled"/>). Call it when the directory has registered the activation.
    /// </summary>
    public Task<IdentityRecall> Recall(string realm, string id, CancellationToken cancellationToken) =>
        recalls.Read(new ObjectKey(realm, ObjectKinds.Identity, id), cancellationToken);

    public void Dispose()
    {
        states.Dispose();
        recalls.Dispose();
    }

    private async Task<ImmutableArray<IdentityRecall>> Recall(ImmutableArray<ObjectKey> keys, CancellationToken cancellationToken)
    {
        var subjects = ImmutableArray.CreateRange(keys, static key => new SubjectKey(key.Realm, EvidenceSubject.Identity(key.Id)));
        var (spending, reading) = (evidence.Spent(subjects, clock.GetUtcNow(), cancellationToken), store.ReadAll(keys, cancellationToken));
        await Task.WhenAll(spending, reading);

        var (spent, stored) = (await spending, await reading);
        var recalled = ImmutableArray.CreateBuilder<IdentityRecall>(keys.Length);
        for (var i = 0; i < keys.Length; i++)
            recalled.Add(new IdentityRecall(stored[i], spent[i]));
        return recalled.MoveToImmutable();
    }
}

/// <param name="Spent">See <see cref="IEvidenceStore.Spent"/>.</param>
public readonly record struct IdentityRecall(StoredObject? State, ImmutableArray<SpentAssertion> Spent);
