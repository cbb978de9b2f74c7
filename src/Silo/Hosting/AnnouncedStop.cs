using Assay.Grains.Authority;

namespace Assay.Silo.Hosting;

/// <summary>
/// Holds an orderly stop until the membership table says that this silo stops. Only then may it drop identities that it cannot hand over: whoever
/// takes them up sees that there is something to wait for. A silo that cannot say so, the database being away, ends as if it had been killed.
/// </summary>
internal sealed class AnnouncedStop(ISiloStatusOracle membership, ISiloEnd end, TimeProvider clock) : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>In the stage in which membership writes the new status, and before the one in which identities are dropped.</summary>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(AnnouncedStop), ServiceLifecycleStage.BecomeActive, static _ => Task.CompletedTask, Stop);

    private async Task Stop(CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        while (!membership.CurrentStatus.IsTerminating())
        {
            if (clock.GetElapsedTime(started) > Patience)
                end.AtOnce("The database does not take down that this silo stops. It ends without handing anything over.");
            await Task.Delay(LookEvery, clock, CancellationToken.None);
        }
    }
}
