using Microsoft.Extensions.Options;

namespace Assay.Grains.Authority;

/// <summary>The second half of a narrowing call: waits until its change holds everywhere.</summary>
public sealed class Narrowing(
    IAuthorityStore store, SiloLease own, IOptions<AuthorityOptions> options, TimeProvider clock, AuthorityMeter? meter = null)
{
    /// <summary>
    /// Completes when no silo lets out anything decided before feed number <paramref name="number"/>: each has acknowledged it, or is sealed and
    /// lapsed. Usually milliseconds; as long as a lease when a silo is gone. Throws when the store cannot be read or the wait is cancelled: the
    /// change is then durable but not known to hold everywhere. Safe to repeat.
    /// </summary>
    public async Task Everywhere(long number, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var everywhere = false;
        try
        {
            await Until(() => IsEverywhere(number, cancellationToken), cancellationToken);
            everywhere = true;
        }
        finally
        {
            meter?.Narrowed(clock.GetElapsedTime(started), everywhere);
        }
    }

    /// <summary>
    /// Completes when the silo of that epoch has ended and nothing it decided can leave through any other silo any more: what it spent and what
    /// left is in the evidence. Whoever takes over its work starts from there.
    /// </summary>
    public async Task Ended(long epoch, CancellationToken cancellationToken)
    {
        long? number = null;
        await Until(async () => (number = await store.SealIfLapsed(epoch, cancellationToken)) is not null, cancellationToken);
        await Everywhere(number!.Value, cancellationToken);
    }

    private async Task<bool> IsEverywhere(long number, CancellationToken cancellationToken)
    {
        var everywhere = true;
        foreach (var silo in await store.Leases(cancellationToken))
        {
            if (silo.Acknowledged >= number)
                continue;

            // Our own lease is never sealed from here: this silo is alive enough to renew it, and being sealed ends a silo.
            if (silo.Epoch == own.Epoch || await store.SealIfLapsed(silo.Epoch, cancellationToken) is null)
                everywhere = false;
        }

        return everywhere;
    }

    private async Task Until(Func<Task<bool>> done, CancellationToken cancellationToken)
    {
        var bell = new Bell(clock);
        using var news = store.Listen(about =>
        {
            if (about == AuthorityNews.Leases)
                bell.Ring();
        }); // before the first look, so that nothing is missed between look and wait
        while (!await done())
            await bell.Wait(options.Value.PollEvery, cancellationToken);
    }
}
