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
    /// <summary>The changes the ring needs now. <paramref name="create"/> makes a fresh announced key.</summary>
    public ImmutableArray<SigningKey> Tend(ImmutableArray<SigningKey> ring, DateTimeOffset now, Func<SigningKey> create)
    {
        var changed = new Changes(ring);

        if (SignsNowOrLater(changed.Keys, now) is null)
        {
            // Nobody can hold a key set without the founding keys: until they existed the JWKS endpoint answered 503.
            if (ring.IsEmpty)
                changed.Put(create() with { AnnouncedAt = now, ActivatesAt = now });
            else if (Standby(changed.Keys) is { } successor)
                changed.Put(successor with { ActivatesAt = Earliest(changed.Keys, successor, now) });
        }

        if (Standby(changed.Keys) is null)
            changed.Put(create() with { AnnouncedAt = now });

        if (LastToSign(changed.Keys, now) is { ActivatesAt: { } since, RetiresAt: null } current && Standby(changed.Keys) is { } next
            && Later(since + RotationPeriod, Earliest(changed.Keys, next, now)) is var handover && handover <= now + Lead)
        {
            HandOver(changed, current, next, handover);
            changed.Put(create() with { AnnouncedAt = now });
        }

        return changed.Written;
    }

    /// <summary>Brings the next rotation forward: to now when the standby has been announced for long enough, else to when it will have been.</summary>
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

        var standby = Standby(changed.Keys) ?? create() with { AnnouncedAt = now };
        next = standby with { ActivatesAt = Earliest(changed.Keys, standby, now) };
        if (current is null)
            changed.Put(next);
        else
            HandOver(changed, current, standby, Earliest(changed.Keys, standby, now));
        changed.Put(create() with { AnnouncedAt = now });
        return changed.Written;
    }

    /// <summary>Takes a key out at once. The standby follows as soon as it may sign: an announced one may as a rule at once.</summary>
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

    /// <summary>
    /// The first key and the standby that was announced with it, in one change: every key set that was ever served holds both. Only the first key
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

    private static SigningKey? Standby(ImmutableArray<SigningKey> ring)
    {
        SigningKey? oldest = null;
        foreach (var key in ring)
        {
            if (key is { ActivatesAt: null, WithdrawnAt: null } && (oldest is null || key.AnnouncedAt < oldest.AnnouncedAt))
                oldest = key;
        }

        return oldest;
    }

    private static SigningKey? SignsNowOrLater(ImmutableArray<SigningKey> ring, DateTimeOffset now)
    {
        foreach (var key in ring)
        {
            if (key is { ActivatesAt: not null, WithdrawnAt: null } && (key.RetiresAt is not { } end || end > now))
                return key;
        }

        return null;
    }

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
