namespace Assay.Silo.SharedSignals;

/// <summary>How long to wait before the next try.</summary>
internal static class Backoff
{
    /// <summary>Doubles with each failure up to the longest; half of it is left to chance, so that those who failed together do not come back together.</summary>
    /// <param name="failures">In a row; 1 or more.</param>
    /// <param name="asked">How long the other side asked for; it counts up to the longest.</param>
    /// <param name="chance">0 to 1.</param>
    public static TimeSpan After(int failures, TimeSpan first, TimeSpan longest, TimeSpan? asked, double chance)
    {
        var doubled = failures > 30 ? longest : first * Math.Pow(2, failures - 1);
        var bounded = doubled < longest ? doubled : longest;
        var wait = bounded * (0.5 + (chance / 2));
        return asked is { } wish && wish > wait ? wish < longest ? wish : longest : wait;
    }
}
