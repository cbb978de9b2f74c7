using Assay.Grains.Authority;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Hosting;

/// <summary>
/// Declares dead the members whose lease has lapsed although the database is there: cut off from it alone they still answer probes, and the
/// identities that live on them would be refused until they are back. Declared dead, they end and are started again.
/// </summary>
internal sealed class LapsedMembers(
    LapsedSilos lapsed, IClusterMembershipService membership, IOptions<AuthorityOptions> options, TimeProvider clock, ILogger<LapsedMembers> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.RenewEvery, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await Look(stoppingToken);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task Look(CancellationToken cancellationToken)
    {
        try
        {
            var sealedOnes = await lapsed.Seal(cancellationToken);
            if (sealedOnes.IsEmpty)
                return;
            foreach (var (address, member) in membership.CurrentSnapshot.Members)
            {
                if (member.Status is not (SiloStatus.Dead or SiloStatus.None) && sealedOnes.Contains(address.ToParsableString()))
                {
                    Log.DeclaredDead(log, member.Name, address);
                    await membership.TryKill(address);
                }
            }
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            Log.CannotLook(log, fault.Message);
        }
    }
}
