using System.Collections.Immutable;

namespace Assay.Grains.Authority;

/// <summary>
/// What an activation that was handed nothing waits for before it trusts the evidence: that nothing an earlier activation of the same identity has
/// decided can still be on its way out of any silo. See <c>docs/decisions/0013-predecessors.md</c>.
/// </summary>
public sealed class Predecessors : IDisposable
{
    private readonly Lock guard = new();
    private readonly Dictionary<string, Task> endings = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource over = new();
    private readonly IMembershipTable membership;
    private readonly ISiloAddress self;
    private readonly IAuthorityStore store;
    private readonly Narrowing narrowing;
    private readonly SharedRun<Members> looks;
    private readonly SharedRun<long> barriers;

    public Predecessors(IMembershipTable membership, ISiloAddress self, IAuthorityStore store, Narrowing narrowing)
    {
        this.membership = membership;
        this.self = self;
        this.store = store;
        this.narrowing = narrowing;
        looks = new SharedRun<Members>(Look);
        barriers = new SharedRun<long>(Barrier);
    }

    /// <summary>
    /// Call it when the directory has registered the activation. Costs a read of the membership table that all who ask at that moment share; waits, a
    /// lease's life at most, for each silo that died and is not known to have ended, and for an acknowledgement of every silo while
    /// one is stopping. Throws when the database cannot be reached. Safe to repeat.
    /// </summary>
    public async Task Settled(CancellationToken cancellationToken)
    {
        // The table itself, and read after the registration: whatever any silo has seen of the others' ends was written there before.
        var members = await looks.Next().WaitAsync(cancellationToken);
        foreach (var address in members.Dead)
            await End(address).WaitAsync(cancellationToken);

        // A silo that stops drops what it cannot hand over, and is still to be heard of.
        if (members.IsOneStopping)
            await barriers.Next().WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        over.Cancel();
        over.Dispose();
    }

    private async Task<Members> Look()
    {
        var table = await membership.ReadAllAsync(over.Token);
        var dead = ImmutableArray.CreateBuilder<string>();
        var isOneStopping = false;
        foreach (var (member, _) in table.Members)
        {
            if (member.Status is SiloStatus.ShuttingDown or SiloStatus.Stopping)
                isOneStopping = true;
            else if (member.Status == SiloStatus.Dead && member.SiloAddress.ToParsableString() is var address && address != self.Address && !HasEnded(address))
                dead.Add(address);
        }

        return new Members(dead.DrainToImmutable(), isOneStopping);
    }

    private bool HasEnded(string address)
    {
        lock (guard)
            return endings.TryGetValue(address, out var ending) && ending.IsCompletedSuccessfully;
    }

    /// <summary>An end is for good, so one wait for it serves everybody; one that failed is begun again.</summary>
    private Task End(string address)
    {
        lock (guard)
        {
            if (!endings.TryGetValue(address, out var ending) || ending.IsFaulted || ending.IsCanceled)
            {
                using (ExecutionContext.SuppressFlow())
                    endings[address] = ending = Task.Run(() => AwaitEnd(address));
            }

            return ending;
        }
    }

    private async Task AwaitEnd(string address)
    {
        // Null: it died before it took a lease, and decided nothing.
        if (await store.Condemn(address, over.Token) is { } epoch)
            await narrowing.Ended(epoch, over.Token);
    }

    /// <summary>Every silo has acknowledged a number that is newer than all that was decided before: nothing of that is on its way.</summary>
    private async Task<long> Barrier()
    {
        var number = await store.Mark("an identity moved while a silo stops", over.Token);
        await narrowing.Everywhere(number, over.Token);
        return number;
    }

    private sealed record Members(ImmutableArray<string> Dead, bool IsOneStopping);
}
