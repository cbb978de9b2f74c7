namespace Assay.Client;

/// <summary>
/// The time that dates assertions: this machine's, put right by the issuer's <c>Date</c> when the issuer does not take what it dates. An issuer refuses assertions from
/// the future, and says no more than <c>invalid_client</c>.
/// </summary>
internal sealed class IssuerClock(TimeProvider clock)
{
    // Half of what the issuer tolerates: what is smaller is not why it refused.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    // Whoever can set the Date header must not get assertions that are good tomorrow.
    private static readonly TimeSpan Farthest = TimeSpan.FromMinutes(5);

    private long correction; // ticks

    public DateTimeOffset Now => clock.GetUtcNow() + Correction;

    public TimeSpan Correction => new(Volatile.Read(ref correction));

    /// <summary>Compares what was sent with an answer's <c>Date</c>. True when assertions are dated otherwise from now on, so that asking again is worth it.</summary>
    public bool Learn(DateTimeOffset? answered)
    {
        if (answered is not { } date)
            return false;

        var ahead = date - clock.GetUtcNow();
        if (ahead.Duration() > Farthest || (ahead - Correction).Duration() <= Tolerance)
            return false;

        Volatile.Write(ref correction, ahead.Duration() <= Tolerance ? 0 : ahead.Ticks);
        ClientTelemetry.ClockCorrected();
        return true;
    }
}
