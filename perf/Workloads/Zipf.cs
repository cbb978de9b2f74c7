namespace Assay.Workloads;

/// <summary>
/// Numbers from 0 on, each with a chance that falls with its rank to the power of an exponent: a few ask all the time, most hardly ever. By rejection-inversion
/// (W. Hörmann and G. Derflinger, ACM TOMACS 6(3), 1996), in constant time and memory. Safe for any number of threads.
/// </summary>
public sealed class Zipf
{
    private readonly int count;
    private readonly double exponent;
    private readonly double lowest;
    private readonly double highest;
    private readonly double near;

    /// <param name="count">How many numbers; 1 at least.</param>
    /// <param name="exponent">More than 0. With 1, the second is half as likely as the first.</param>
    public Zipf(int count, double exponent = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exponent);
        (this.count, this.exponent) = (count, exponent);
        lowest = Integral(1.5) - 1;
        highest = Integral(count + 0.5);
        near = 2 - Inverse(Integral(2.5) - Weight(2));
    }

    public int Next(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        while (true)
        {
            var u = highest + random.NextDouble() * (lowest - highest);
            var x = Inverse(u);
            var k = Math.Clamp((int)(x + 0.5), 1, count);
            if (k - x <= near || u >= Integral(k + 0.5) - Weight(k))
                return k - 1;
        }
    }

    private double Weight(double x) => Math.Exp(-exponent * Math.Log(x));

    private double Integral(double x)
    {
        var log = Math.Log(x);
        return Ratio((1 - exponent) * log) * log;
    }

    private double Inverse(double x)
    {
        var t = Math.Max(x * (1 - exponent), -1);
        return Math.Exp(LogRatio(t) * x);
    }

    // (e^x - 1) / x and log(1 + x) / x, also where x is next to nothing
    private static double Ratio(double x) => Math.Abs(x) > 1e-8 ? (Math.Exp(x) - 1) / x : 1 + x / 2 * (1 + x / 3);

    private static double LogRatio(double x) => Math.Abs(x) > 1e-8 ? Math.Log(1 + x) / x : 1 - x * (0.5 - x / 3);
}
