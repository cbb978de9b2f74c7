using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Assay.Grains.Authority;

/// <summary>
/// Keeps this silo's view as new as its lease: joins, renews, applies what a renewal brought, waits until nothing older is on its way out, and
/// acknowledges. One loop, so that a silo that cannot do one of these lapses instead of holding others up.
/// </summary>
internal sealed class FeedFollower(
    IAuthorityStore store,
    ISnapshotLoader loader,
    IEnumerable<ISnapshotListener> listeners,
    SiloLease lease,
    SiloView view,
    DecisionGate gate,
    ISiloAddress address,
    IOptions<AuthorityOptions> options,
    TimeProvider clock,
    ILogger<FeedFollower> log,
    ISiloReport? report = null,
    AuthorityMeter? meter = null)
{
    private readonly AuthorityOptions settings = options.Value;
    private readonly ISnapshotListener[] listeners = [.. listeners];
    private readonly Bell bell = new(clock);
    private Renewal? unapplied;
    private long applied;
    private long acknowledged;

    /// <summary>Takes the lease and reads everything once. After this the silo may decide.</summary>
    public async Task Join(CancellationToken cancellationToken)
    {
        var asked = lease.Ask();
        var askedAt = clock.GetUtcNow();
        var grant = await store.Join(new SiloPlace(settings.Slot, address.Address), settings.LeaseLife, cancellationToken);
        view.Swap(await loader.Load(null, [], grant.Head, askedAt, cancellationToken));
        gate.Begin(grant.Head);
        applied = acknowledged = grant.Head;
        lease.Begin(grant.Epoch, asked);
        meter?.Heard(grant.Head, []);
        meter?.HasApplied(applied);
        meter?.HasAcknowledged(acknowledged);
        Log.Joined(log, settings.Slot, grant.Epoch, grant.Head);
    }

    /// <summary>Follows the feed until cancelled, or until the lease is over for good.</summary>
    public async Task Follow(CancellationToken cancellationToken)
    {
        using var news = store.Listen(about =>
        {
            if (about == AuthorityNews.Feed)
                bell.Ring();
        });
        while (!cancellationToken.IsCancellationRequested)
        {
            var wait = settings.PollEvery;
            try
            {
                await Step(cancellationToken);
                if (lease.IsOver)
                    return;
                if (lease.IsCurrent)
                    wait = settings.RenewEvery; // else what was applied is from too long ago: ask again soon
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                Log.CannotFollow(log, fault, lease.Epoch, lease.IsCurrent);
            }

            await WaitForNews(wait, cancellationToken);
        }
    }

    private async Task Step(CancellationToken cancellationToken)
    {
        // While something cannot be applied the lease is not renewed either: it lapses, is sealed, and a narrowing call need not wait for us.
        if (unapplied is null && !await Renew(cancellationToken))
            return;

        if (unapplied is { } renewal)
            await Apply(renewal, cancellationToken);

        if (applied > acknowledged)
        {
            var number = applied;
            await gate.Acknowledge(number, settings.DrainTimeout, cancellationToken);
            await store.Acknowledge(lease.Epoch, number, cancellationToken);
            acknowledged = number;
            meter?.HasAcknowledged(number);
        }
    }

    private async Task<bool> Renew(CancellationToken cancellationToken)
    {
        var asked = lease.Ask();
        var askedAt = clock.GetUtcNow();
        switch (await store.Renew(lease.Epoch, applied, Report(), settings.LeaseLife, cancellationToken))
        {
            case LeaseRenewal.Renewed renewed when renewed.Head < applied:
                lease.End(); // what this silo holds is of a history that the database does not have any more
                Log.WentBack(log, lease.Epoch, applied, renewed.Head);
                return false;
            case LeaseRenewal.Renewed renewed:
                unapplied = new Renewal(renewed.Head, renewed.Entries, asked, askedAt);
                meter?.Heard(renewed.Head, renewed.Entries);
                return true;
            case LeaseRenewal.Condemned:
                lease.End();
                meter?.WasCondemned();
                Log.Condemned(log, lease.Epoch, address.Address);
                return false;
            default:
                lease.End();
                Log.Sealed(log, lease.Epoch);
                return false;
        }
    }

    /// <summary>Whatever is wrong with a report, the lease is renewed.</summary>
    private string? Report()
    {
        try
        {
            return report?.Write() is { Length: <= SiloReport.MaxLength } written ? written : null;
        }
        catch (Exception fault)
        {
            Log.NoReport(log, fault, lease.Epoch);
            return null;
        }
    }

    private async Task Apply(Renewal renewal, CancellationToken cancellationToken)
    {
        var next = await loader.Load(view.Newest, renewal.Entries, renewal.Head, renewal.AskedAt, cancellationToken);
        view.Raise(renewal.Entries);
        view.Swap(next);
        if (renewal.Entries.Length > 0)
        {
            foreach (var listener in listeners)
                await listener.Changed(next, renewal.Entries, cancellationToken);
        }

        applied = renewal.Head;
        unapplied = null;
        meter?.HasApplied(applied);
        lease.Extend(renewal.Asked);
    }

    private async Task WaitForNews(TimeSpan atMost, CancellationToken cancellationToken)
    {
        try
        {
            await bell.Wait(atMost, cancellationToken);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private sealed record Renewal(long Head, ImmutableArray<FeedEntry> Entries, long Asked, DateTimeOffset AskedAt);
}
