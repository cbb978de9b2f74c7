namespace Assay.Client;

/// <summary>How long to wait before asking again. What is drawn at random keeps clients apart that failed together.</summary>
internal static class Backoff
{
    /// <summary>The longest wait that an answer can ask for: a proxy's mistake silences nobody for a day.</summary>
    public static readonly TimeSpan LongestAskedFor = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan WidestSpread = TimeSpan.FromSeconds(15);

    /// <summary>
    /// After so many failures in a row, 1 or more: 1, 2, 4 … seconds up to <paramref name="longest"/>, or longer if the issuer asks for it, and up to half as
    /// much again, 15 s at most.
    /// </summary>
    public static TimeSpan After(int failures, TimeSpan? retryAfter, TimeSpan longest)
    {
        var step = TimeSpan.FromSeconds(1L << Math.Min(failures - 1, 20));
        var pause = step < longest ? step : longest;
        if (retryAfter is { } asked && asked > pause)
            pause = asked < LongestAskedFor ? asked : LongestAskedFor;

        var spread = pause / 2 < WidestSpread ? pause / 2 : WidestSpread;
        return pause + spread * Random.Shared.NextDouble();
    }
}
