using System.Collections.Immutable;
using Microsoft.Extensions.Options;

namespace Assay.Grains.Authority;

/// <summary>
/// Finds silos that have lost the database and that the others still reach. Such a silo decides nothing, and as long as it counts as alive the
/// identities that live on it are refused everywhere.
/// </summary>
public sealed class LapsedSilos(IAuthorityStore store, SiloLease own, IOptions<AuthorityOptions> options)
{
    /// <summary>
    /// Seals those whose lease has lapsed, and answers the addresses of all that are sealed, by whomever: whichever of them still counts as a member
    /// is to be declared dead. Nobody is judged before this silo has renewed its own lease in good time for a whole lease's life: after an outage
    /// everybody's has lapsed, or some silos' have, and who could not renew in the time that this one could has a trouble of its own. Safe to repeat.
    /// </summary>
    public async Task<ImmutableArray<string>> Seal(CancellationToken cancellationToken)
    {
        if (own.HeldFor < options.Value.LeaseLife)
            return [];

        var silos = await store.Silos(cancellationToken);
        var asOf = silos.FirstOrDefault(silo => silo.Epoch == own.Epoch)?.RenewedAt;
        var ended = ImmutableArray.CreateBuilder<string>();
        foreach (var silo in silos)
        {
            if (silo.Seal is not null || (silo.Epoch != own.Epoch && silo.LapsesAt < asOf && await store.SealIfLapsed(silo.Epoch, cancellationToken) is not null))
                ended.Add(silo.Place.Address);
        }

        return ended.DrainToImmutable();
    }
}
