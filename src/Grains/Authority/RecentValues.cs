namespace Assay.Grains.Authority;

/// <summary>The last 1,024 values of one measurement, so that a silo can say how it is doing now. Metrics have the whole history.</summary>
public sealed class RecentValues
{
    private const int Capacity = 1024;

    private readonly Lock guard = new();
    private readonly double[] values = new double[Capacity];
    private long added;

    public void Add(double value)
    {
        lock (guard)
            values[added++ % Capacity] = value;
    }

    /// <summary>Null while there is no value.</summary>
    public Quantiles? Read()
    {
        double[] sorted;
        lock (guard)
        {
            if (added == 0)
                return null;
            sorted = values.AsSpan(0, (int)Math.Min(added, Capacity)).ToArray();
        }

        Array.Sort(sorted);
        return new Quantiles(At(0.50), At(0.99));

        double At(double quantile) => sorted[(int)Math.Min(sorted.Length - 1, quantile * sorted.Length)];
    }
}

public sealed record Quantiles(double P50, double P99);
