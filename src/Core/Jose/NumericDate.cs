using System.Text.Json;

namespace Assay.Core.Jose;

/// <summary>Seconds since 1970-01-01T00:00:00Z, possibly fractional (RFC 7519 §2). Between 0 and the end of the year 9999.</summary>
public readonly record struct NumericDate(decimal Seconds) : IComparable<NumericDate>
{
    private const decimal EndOfTime = 253_402_300_799m;

    /// <summary>The moment, to 100 ns; what is finer is cut off.</summary>
    public DateTimeOffset ToDateTimeOffset() => DateTimeOffset.UnixEpoch.AddTicks((long)(Seconds * TimeSpan.TicksPerSecond));

    public static NumericDate From(DateTimeOffset moment) =>
        new((moment - DateTimeOffset.UnixEpoch).Ticks / (decimal)TimeSpan.TicksPerSecond);

    public int CompareTo(NumericDate other) => Seconds.CompareTo(other.Seconds);

    public static bool operator <(NumericDate left, NumericDate right) => left.Seconds < right.Seconds;

    public static bool operator >(NumericDate left, NumericDate right) => left.Seconds > right.Seconds;

    public static bool operator <=(NumericDate left, NumericDate right) => left.Seconds <= right.Seconds;

    public static bool operator >=(NumericDate left, NumericDate right) => left.Seconds >= right.Seconds;

    /// <summary>Reads the JSON number the reader stands on; false for any other token, and for numbers out of range.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, out NumericDate date)
    {
        date = default;
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDecimal(out var seconds) || seconds is < 0 or > EndOfTime)
            return false;

        date = new NumericDate(seconds);
        return true;
    }
}
