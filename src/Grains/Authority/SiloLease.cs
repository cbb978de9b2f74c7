namespace Assay.Grains.Authority;

/// <summary>
/// This silo's right to decide, by its own monotonic clock. It counts from before the query that renewed it, less a margin for clocks that
/// run at different speeds, so that it is over here before the database can find it lapsed.
/// </summary>
public sealed class SiloLease(TimeSpan life, TimeSpan margin, TimeProvider clock)
{
    private const long NotYet = long.MinValue + 1;
    private const long Ended = long.MinValue;

    private readonly long span = (long)((life - margin).TotalSeconds * clock.TimestampFrequency);
    private long until = NotYet;
    private long epoch;
    private long since;

    /// <summary>The epoch it was taken under; 0 until it was taken.</summary>
    public long Epoch => Volatile.Read(ref epoch);

    /// <summary>Whether this silo may decide now. Once over for good it never is again.</summary>
    public bool IsCurrent
    {
        get
        {
            var end = Volatile.Read(ref until);
            return end > NotYet && clock.GetTimestamp() < end;
        }
    }

    /// <summary>Time since the query that last renewed it; null before it was taken, and once it is over for good.</summary>
    public TimeSpan? Age
    {
        get
        {
            var end = Volatile.Read(ref until);
            return end > NotYet ? clock.GetElapsedTime(end - span) : null;
        }
    }

    /// <summary>How long this silo may still decide without another renewal; zero when it may not.</summary>
    public TimeSpan Left
    {
        get
        {
            var end = Volatile.Read(ref until);
            var now = clock.GetTimestamp();
            return end > NotYet && now < end ? clock.GetElapsedTime(now, end) : TimeSpan.Zero;
        }
    }

    public bool IsOver => Volatile.Read(ref until) == Ended;

    /// <summary>
    /// How long it has been renewed in good time, with half of it left or more; zero when it is not current. A renewal that came later than that says that the
    /// database was away, for others too: of them some may have lapsed by then though this one has not.
    /// </summary>
    public TimeSpan HeldFor => IsCurrent ? clock.GetElapsedTime(Volatile.Read(ref since)) : TimeSpan.Zero;

    /// <summary>To be called before the query that takes or renews the lease; the answer goes to <see cref="Begin"/> or <see cref="Extend"/>.</summary>
    public long Ask() => clock.GetTimestamp();

    /// <summary>The lease was taken: what the silo holds is as new as that query.</summary>
    public void Begin(long newEpoch, long askedAt)
    {
        if (Interlocked.CompareExchange(ref epoch, newEpoch, 0) != 0)
            throw new InvalidOperationException("a silo takes one lease in its life");
        Extend(askedAt);
    }

    /// <summary>The lease was renewed, and what that query brought has been applied.</summary>
    public void Extend(long askedAt)
    {
        var end = askedAt + span;
        var seen = Volatile.Read(ref until);
        while (seen != Ended && seen < end)
        {
            var now = clock.GetTimestamp();
            if (seen < now + (span / 2))
                Volatile.Write(ref since, now); // first, so that nobody finds it held since before the gap
            var found = Interlocked.CompareExchange(ref until, end, seen);
            if (found == seen)
                return;
            seen = found;
        }
    }

    /// <summary>It is over for good: sealed, or given up.</summary>
    public void End() => Interlocked.Exchange(ref until, Ended);
}
