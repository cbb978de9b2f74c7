namespace Assay.Silo.ClientAuthentication;

/// <summary>
/// Failed authentications are counted and sampled, not recorded one by one: whoever is not known to be a client cannot fill the evidence log, nor
/// this one. A line names a client only when there is one of that name: what else came as a name may be a secret in the wrong place.
/// </summary>
internal sealed class AuthenticationFailures(AssayMetrics metrics, TimeProvider clock, ILogger<AuthenticationFailures> log)
{
    public const int LinesPerInterval = 10;
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock guard = new();
    private long? began;
    private int lines;
    private long leftOut;

    /// <param name="registered">The client that it was tried for, when it is registered; null when it is not, or nobody knows.</param>
    public void Count(string method, string reason, string? registered, string address)
    {
        metrics.AuthenticationFailed(method, reason);

        long before;
        lock (guard)
        {
            if (began is not { } start || clock.GetElapsedTime(start) >= Interval)
            {
                began = clock.GetTimestamp();
                lines = 0;
            }

            if (++lines > LinesPerInterval)
            {
                leftOut++;
                return;
            }

            before = leftOut;
            leftOut = 0;
        }

        if (before == 0)
            Log.AuthenticationFailed(log, method, reason, registered ?? "unknown", address);
        else
            Log.AuthenticationFailedAmongOthers(log, method, reason, registered ?? "unknown", address, before);
    }
}
