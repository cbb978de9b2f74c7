namespace Assay.Grains.Identities;

/// <summary>A rate limit with a burst of one second's worth. Not thread-safe: a grain's turn is.</summary>
internal struct TokenBucket
{
    private double tokens;
    private long last;

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
