using System.Globalization;

namespace Assay.Cli.Connecting;

/// <summary>Spans and moments as people type them: <c>8h</c>, <c>90s</c>, <c>1d12h</c>, <c>2026-12-01T00:00:00Z</c>.</summary>
internal static class Moment
{
    public static DateTimeOffset? ExpiryFrom(string? text, DateTimeOffset now, string option)
    {
        if (text is null)
            return null;
        if (Span(text) is { } span)
            return span > TimeSpan.Zero && span <= TimeSpan.FromDays(3650) ? now + span : throw Wrong(text, option);
        return PointInTime(text) is { } time && time > now ? time : throw Wrong(text, option);
    }

    public static DateTimeOffset? SinceFrom(string? text, DateTimeOffset now, string option)
    {
        if (text is null)
            return null;
        return Span(text) is { } span && span <= TimeSpan.FromDays(3650) ? now - span : PointInTime(text) ?? throw Wrong(text, option);
    }

    /// <summary>A moment, or a span from now on.</summary>
    public static DateTimeOffset? FutureOrPastFrom(string? text, DateTimeOffset now, string option)
    {
        if (text is null)
            return null;
        return Span(text) is { } span && span <= TimeSpan.FromDays(3650) ? now + span : PointInTime(text) ?? throw Wrong(text, option);
    }

    public static string? HalfLifeFrom(string? text, string option) =>
        text is null || Span(text) is { } span && span > TimeSpan.Zero ? text : throw Wrong(text, option);

    private static DateTimeOffset? PointInTime(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;

    // Days, hours, minutes, seconds: each at most once, in this order.
    private static TimeSpan? Span(string text)
    {
        var rest = text.AsSpan();
        var total = TimeSpan.Zero;
        var order = "dhms".AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            var unit = digits is < 1 or > 7 ? -1 : order.IndexOf(rest[digits]);
            if (unit < 0)
                return null;

            var count = int.Parse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            total += order[unit] switch
            {
                'd' => TimeSpan.FromDays(count),
                'h' => TimeSpan.FromHours(count),
                'm' => TimeSpan.FromMinutes(count),
                _ => TimeSpan.FromSeconds(count),
            };
            order = order[(unit + 1)..];
            rest = rest[(digits + 1)..];
        }

        return text.Length == 0 ? null : total;
    }

    private static Failure Wrong(string text, string option) =>
        Failure.Usage($"{option} '{text}' is not a time that fits.", "Write a span such as 90s, 30m, 8h or 2d, or a moment such as 2026-12-01T00:00:00Z.");
}
