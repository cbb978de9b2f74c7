using System.Collections.Immutable;
using Assay.Core.Registry;

namespace Assay.Grains.Keys;

/// <summary>
/// When keys are announced, sign, retire and leave: pure arithmetic over absolute times, so that a restart at any point finds the ring as it was.
/// </summary>
/// <param name="AnnounceTime">A key signs only after it has been published for this long.</param>
/// <param name="RotationPeriod">How long a key signs.</param>
/// <param name="PublicationLag">How long after its commit the slowest silo that may still answer publishes a key: the life of a lease.</param>
/// <param name="Afterlife">How long a key stays published after it signed last: the longest token life, the skew, and the lag.</param>
internal sealed record KeyRingSchedule(TimeSpan AnnounceTime, TimeSpan RotationPeriod, TimeSpan PublicationLag, TimeSpan Afterlife)
{
    /// <summary>One to take over, and one that can follow at once when the first is compromised as soon as it signs.</summary>
    private const int Standbys = 2;

    /// <summary>The changes the ring needs now. <paramref name="create"/> makes a fresh announced key.</summary>
    public ImmutableArray<SigningKey> Tend(ImmutableArray<SigningKey> ring, DateTimeOffset now, Func<SigningKey> create)
    {
        var changed = new Changes(ring);

        if (!ring.Any(key => key.StateAt(now) == KeyState.Active))
        {
            // Nobody can hold a key set without the founding keys: until they existed the JWKS endpoint answered 503.
            if (ring.IsEmpty)
                changed.Put(create() with { AnnouncedAt = now, ActivatesAt = now });
            else if ((LastToSign(ring, now) ?? Standby(ring)) is { } successor && Earliest(ring, successor, now) is var at && successor.ActivatesAt != at)
                changed.Put(successor with { ActivatesAt = at });
        }

        Announce(changed, now, create);

        if (LastToSign(changed.Keys, now) is { ActivatesAt: { } since, RetiresAt: null } current && Standby(changed.Keys) is { } next
            && Later(since + RotationPeriod, EarliestWithReserve(changed.Keys, now)) is var handover && handover <= now + Lead)
        {
            HandOver(changed, current, next, handover);
            Announce(changed, now, create);
        }

        return changed.Written;
    }

    /// <summary>Brings the next rotation forward: to now when the standbys have been announced for long enough, else to when they will have been.</summary>
    public ImmutableArray<SigningKey> Rotate(ImmutableArray<SigningKey> ring, DateTimeOffset now, Func<SigningKey> create, out SigningKey next)
    {
        var changed = new Changes(ring);
        var current = LastToSign(changed.Keys, now);

        // A hand-over that is already planned but not yet due stays the next one.
        if (current?.ActivatesAt > now)
        {
            next = current;
            return [];
        }

        Announce(changed, now, create);
        var standby = Standby(changed.Keys)!;
        var at = current is null ? Earliest(changed.Keys, standby, now) : EarliestWithReserve(changed.Keys, now);
        next = standby with { ActivatesAt = at };
        if (current is null)
            changed.Put(next);
        else
            HandOver(changed, current, standby, at);
        Announce(changed, now, create);
        return changed.Written;
    }

    /// <summary>
    /// Takes a key out at once. A standby follows at once, as no rotation takes the last one that may; only after another key was taken out less than the announce
    /// time ago it waits until it has been announced for so long.
    /// </summary>
    public ImmutableArray<SigningKey> Withdraw(ImmutableArray<SigningKey> ring, string keyId, DateTimeOffset now, Func<SigningKey> create)
    {
        var changed = new Changes(ring);
        foreach (var key in ring)
        {
            if (key.KeyId == keyId)
                changed.Put(key with { WithdrawnAt = now });
        }

        foreach (var key in Tend(changed.Keys, now, create))
            changed.Put(key);
        return changed.Written;
    }

    /// <summary>
    /// Takes a key in again that was withdrawn at a moment; none when it is not that withdrawal any more. One that signed, or was to sign, becomes a standby and is
    /// published anew for the announce time: in the meantime others took its work, and nobody holds a set with it. One that had retired keeps its times.
    /// </summary>
    public static ImmutableArray<SigningKey> Restore(ImmutableArray<SigningKey> ring, string keyId, DateTimeOffset withdrawnAt, DateTimeOffset now)
    {
        foreach (var key in ring)
        {
            if (key.KeyId != keyId || key.WithdrawnAt != withdrawnAt)
                continue;
            var restored = key with { WithdrawnAt = null };
            return restored.StateAt(withdrawnAt) is KeyState.Retiring or KeyState.Retired
                ? [restored]
                : [restored with { AnnouncedAt = now, ActivatesAt = null, RetiresAt = null, RemovedAt = null }];
        }

        return [];
    }

    /// <summary>When the ring next needs tending.</summary>
    public DateTimeOffset NextTending(ImmutableArray<SigningKey> ring, DateTimeOffset now)
    {
        if (LastToSign(ring, now) is not { ActivatesAt: { } since, RetiresAt: null })
            return now;
        var due = since + RotationPeriod - Lead;
        return due > now ? due : now;
    }

    /// <summary>A hand-over is written down this long before it happens, so that every silo knows of it in time.</summary>
    private TimeSpan Lead => PublicationLag + PublicationLag;

    private DateTimeOffset Earliest(ImmutableArray<SigningKey> ring, SigningKey key, DateTimeOffset now) =>
        IsFounding(ring, key) ? now : Later(now, key.AnnouncedAt + AnnounceTime + PublicationLag);

    /// <summary>When a standby may sign and another could follow it at once.</summary>
    private DateTimeOffset EarliestWithReserve(ImmutableArray<SigningKey> ring, DateTimeOffset now)
    {
        var earliest = now;
        foreach (var key in ring.Where(IsStandby).OrderBy(key => key.AnnouncedAt).Take(Standbys))
            earliest = Later(earliest, Earliest(ring, key, now));
        return earliest;
    }

    private static void Announce(Changes changed, DateTimeOffset now, Func<SigningKey> create)
    {
        for (var missing = Standbys - changed.Keys.Count(IsStandby); missing > 0; missing--)
            changed.Put(create() with { AnnouncedAt = now });
    }

    /// <summary>
    /// The first key and the standbys that were announced with it, in one change: every key set that was ever served holds them all. Only the first key
    /// signs from the moment it is announced, so it marks that change.
    /// </summary>
    private static bool IsFounding(ImmutableArray<SigningKey> ring, SigningKey key)
    {
        foreach (var first in ring)
        {
            if (first.ActivatesAt == first.AnnouncedAt && first.AnnouncedAt == key.AnnouncedAt)
                return true;
        }

        return false;
    }

    private void HandOver(Changes changed, SigningKey current, SigningKey next, DateTimeOffset at)
    {
        changed.Put(current with { RetiresAt = at, RemovedAt = at + Afterlife });
        changed.Put(next with { ActivatesAt = at });
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static bool IsStandby(SigningKey key) => key is { ActivatesAt: null, WithdrawnAt: null };

    private static SigningKey? Standby(ImmutableArray<SigningKey> ring) => ring.Where(IsStandby).MinBy(key => key.AnnouncedAt);

    /// <summary>The key whose signing begins last: the one that the next hand-over retires.</summary>
    private static SigningKey? LastToSign(ImmutableArray<SigningKey> ring, DateTimeOffset now)
    {
        SigningKey? last = null;
        foreach (var key in ring)
        {
            if (key is { ActivatesAt: not null, WithdrawnAt: null } && (key.RetiresAt is not { } end || end > now)
                && (last is null || key.ActivatesAt > last.ActivatesAt))
                last = key;
        }

        return last;
    }

    private sealed class Changes(ImmutableArray<SigningKey> ring)
    {
        private readonly HashSet<string> touched = new(StringComparer.Ordinal);

        public ImmutableArray<SigningKey> Keys { get; private set; } = ring;

        public ImmutableArray<SigningKey> Written => [.. Keys.Where(key => touched.Contains(key.KeyId))];

        public void Put(SigningKey key)
        {
            touched.Add(key.KeyId);
            for (var i = 0; i < Keys.Length; i++)
            {
                if (Keys[i].KeyId == key.KeyId)
                {
                    Keys = Keys.SetItem(i, key);
                    return;
                }
            }

            Keys = Keys.Add(key);
        }
    }
}
