namespace Assay.Client;

/// <summary>A token with the moments that matter to a cache, in ticks of the monotonic clock: a wall clock that is wrong or jumps changes none of them.</summary>
/// <param name="Token">The answer.</param>
/// <param name="AskedAt">Before it was asked for. Its life is counted from here, so it ends a little early rather than late.</param>
/// <param name="RenewAt">From here on the next caller has it renewed, and does not wait for it.</param>
/// <param name="UsableUntil">From here on nobody gets it.</param>
internal sealed record CachedToken(TokenResponse Token, long AskedAt, long RenewAt, long UsableUntil)
{
    // Late enough to save requests; early enough that an issuer can be away for a fifth of the life and nobody notices. Spread, so that
    // clients that were started together do not stay together.
    private const double RenewFrom = 0.60;
    private const double RenewSpread = 0.15;

    // What a token may still need to get there, and what the API's clock may be ahead.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    public static CachedToken From(TokenResponse token, long askedAt, TimeProvider clock)
    {
        var life = token.ExpiresIn;
        var margin = life / 4 < Margin ? life / 4 : Margin;
        var renewAfter = life * (RenewFrom + RenewSpread * Random.Shared.NextDouble());
        return new CachedToken(token, askedAt, After(askedAt, renewAfter, clock), After(askedAt, life - margin, clock));
    }

    internal static long After(long start, TimeSpan time, TimeProvider clock) => start + (long)(time.TotalSeconds * clock.TimestampFrequency);
}
