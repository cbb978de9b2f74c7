using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Assay.Cedar;

/// <summary>A moment in milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.</summary>
public sealed class DatetimeValue : Value
{
    internal const long MillisecondsPerDay = 86_400_000;

    // Years 0000 to 9999, which the constructor can write.
    private const long FirstWritable = -62_167_219_200_000;
    private const long LastWritable = 253_402_300_799_999;

    internal DatetimeValue(long milliseconds) => Milliseconds = milliseconds;

    /// <summary>Milliseconds since the Unix epoch.</summary>
    public long Milliseconds { get; }

    /// <inheritdoc/>
    public override string TypeName => "datetime";

    internal static bool TryParse(string text, [NotNullWhen(true)] out DatetimeValue? value, out string reason)
    {
        value = null;
        reason = "it is not of the form 2024-10-15 or 2024-10-15T11:35:00Z, with .000 before and +0100 instead of Z if wanted";
        var rest = text.AsSpan();
        if (!TryNumber(ref rest, 4, out var year) || !TryChar(ref rest, '-') ||
            !TryNumber(ref rest, 2, out var month) || !TryChar(ref rest, '-') || !TryNumber(ref rest, 2, out var day))
            return false;

        long time = 0, offset = 0;
        if (!rest.IsEmpty && !TryTimeAndOffset(rest, out time, out offset))
            return false;

        reason = "a part of it is out of range";
        if (month is < 1 or > 12 || day < 1 || day > DaysInMonth(year, month) || time < 0)
            return false;

        value = new DatetimeValue((DaysFromEpoch(year, month, day) * MillisecondsPerDay) + time - offset);
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(Value? other) => other is DatetimeValue value && value.Milliseconds == Milliseconds;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(4, Milliseconds);

    /// <inheritdoc/>
    public override string ToString() => Text is { } text
        ? $"datetime(\"{text}\")"
        : string.Create(CultureInfo.InvariantCulture, $"datetime(\"1970-01-01\").offset(duration(\"{Milliseconds}ms\"))");

    /// <summary>What the constructor takes, or null outside the years it can write.</summary>
    internal string? Text
    {
        get
        {
            if (Milliseconds is < FirstWritable or > LastWritable)
                return null;

            var time = TimeOfDay(Milliseconds);
            var (year, month, day) = DateOf((Milliseconds - time) / MillisecondsPerDay);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{year:0000}-{month:00}-{day:00}T{time / 3_600_000:00}:{time / 60_000 % 60:00}:{time / 1000 % 60:00}.{time % 1000:000}Z");
        }
    }

    /// <summary>Milliseconds since midnight UTC, never negative.</summary>
    internal static long TimeOfDay(long milliseconds)
    {
        var rest = milliseconds % MillisecondsPerDay;
        return rest < 0 ? rest + MillisecondsPerDay : rest;
    }

    private static bool TryTimeAndOffset(ReadOnlySpan<char> rest, out long time, out long offset)
    {
        (time, offset) = (0, 0);
        if (!TryChar(ref rest, 'T') || !TryNumber(ref rest, 2, out var hour) || !TryChar(ref rest, ':') ||
            !TryNumber(ref rest, 2, out var minute) || !TryChar(ref rest, ':') || !TryNumber(ref rest, 2, out var second))
            return false;

        var millisecond = 0;
        if (TryChar(ref rest, '.') && !TryNumber(ref rest, 3, out millisecond))
            return false;

        time = hour < 24 && minute < 60 && second < 60 ? (((((hour * 60L) + minute) * 60) + second) * 1000) + millisecond : -1;
        if (TryChar(ref rest, 'Z'))
            return rest.IsEmpty;

        var sign = TryChar(ref rest, '+') ? 1 : TryChar(ref rest, '-') ? -1 : 0;
        if (sign == 0 || !TryNumber(ref rest, 2, out var hours) || !TryNumber(ref rest, 2, out var minutes) || !rest.IsEmpty)
            return false;

        if (hours > 23 || minutes > 59)
            time = -1;

        offset = sign * ((hours * 60L) + minutes) * 60_000;
        return true;
    }

    private static bool TryNumber(ref ReadOnlySpan<char> rest, int digits, out int number)
    {
        number = 0;
        if (rest.Length < digits || rest[..digits].ContainsAnyExceptInRange('0', '9'))
            return false;

        number = int.Parse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
        rest = rest[digits..];
        return true;
    }

    private static bool TryChar(ref ReadOnlySpan<char> rest, char expected)
    {
        if (rest.IsEmpty || rest[0] != expected)
            return false;

        rest = rest[1..];
        return true;
    }

    // The framework's calendar begins at year 1 and Cedar's at year 0, so the proleptic Gregorian calendar is computed here,
    // in cycles of 400 years (146,097 days) that begin on a 1 March.
    private static long DaysFromEpoch(int year, int month, int day)
    {
        var shifted = month <= 2 ? year - 1 : year;
        var cycle = shifted >= 0 ? shifted / 400 : -1;
        var yearOfCycle = shifted - (cycle * 400);
        var dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9)) + 2) / 5) + day - 1;
        return (cycle * 146_097L) + (yearOfCycle * 365) + (yearOfCycle / 4) - (yearOfCycle / 100) + dayOfYear - 719_468;
    }

    private static (int Year, int Month, int Day) DateOf(long days)
    {
        days += 719_468;
        var cycle = (days >= 0 ? days : days - 146_096) / 146_097;
        var dayOfCycle = (int)(days - (cycle * 146_097));
        var yearOfCycle = (dayOfCycle - (dayOfCycle / 1460) + (dayOfCycle / 36_524) - (dayOfCycle / 146_096)) / 365;
        var dayOfYear = dayOfCycle - ((365 * yearOfCycle) + (yearOfCycle / 4) - (yearOfCycle / 100));
        var shiftedMonth = ((5 * dayOfYear) + 2) / 153;
        var day = dayOfYear - (((153 * shiftedMonth) + 2) / 5) + 1;
        var month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
        return ((int)((cycle * 400) + yearOfCycle + (month <= 2 ? 1 : 0)), month, day);
    }

    private static int DaysInMonth(int year, int month) => month switch
    {
        2 => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28,
        4 or 6 or 9 or 11 => 30,
        _ => 31,
    };
}
