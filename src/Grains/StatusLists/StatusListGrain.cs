using System.Collections.Immutable;
using System.Globalization;
using Orleans.Placement;

namespace Assay.Grains.StatusLists;

/// <summary>A door to what its silo holds. It keeps nothing, and leaves a silo that is not the one to ask.</summary>
[GrainType("status-lists"), PreferLocalPlacement, Immovable]
internal sealed class StatusListGrain(IStatusListShelf shelf) : Grain, IStatusListGrain
{
    private long shard;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        shard = long.Parse(GrainKey.Parse(this.GetPrimaryKeyString()).Name, NumberStyles.None, CultureInfo.InvariantCulture);
        return Task.CompletedTask;
    }

    public Task<bool> Stay() => Task.FromResult(IsHere());

    public Task<StatusListAnswer> Read(string list)
    {
        var answer = shelf.Read(shard, list);
        return Task.FromResult(IsHere() ? answer : StatusListAnswer.Unavailable);
    }

    public Task<ImmutableArray<string>> List()
    {
        var lists = shelf.List(shard);
        return Task.FromResult(IsHere() ? lists : []);
    }

    /// <summary>Where another silo lives and writes the shard, the next call finds the grain there.</summary>
    private bool IsHere()
    {
        if (shelf.MayHold(shard))
            return true;
        DeactivateOnIdle();
        return false;
    }
}
