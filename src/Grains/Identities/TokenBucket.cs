namespace Assay.Grains.Identities;

/// <summary>A rate limit with a burst of one second's worth. Not thread-safe: a grain's turn is.</summary>
internal struct TokenBucket
{
    private double tokens;
    private long last;

    /// <summary>What was left when it was last asked.</summary>
    public readonly double Left => tokens;

    /// <summary>Goes on from what another one had left.</summary>
    public void Resume(double left, long now)
    {
        tokens = left;
        last = now;
    }

    /// <summary>Takes one; false when the rate is used up, with the time until one comes back.</summary>
    public bool TryTake(int perSecond, long now, long frequency, out TimeSpan retryAfter)
    {
        if (last == 0)
            tokens = perSecond;
        else
            tokens = Math.Min(perSecond, tokens + (now - last) / (double)frequency * perSecond);
        last = now;

        if (tokens >= 1)
        {
            tokens -= 1;
            retryAfter = TimeSpan.Zero;
            return true;
        }

        retryAfter = TimeSpan.FromSeconds((1 - tokens) / perSecond);
        return false;
    }
}
