using System.Text;
using Assay.Cedar;

namespace Assay.Silo.Admin.Wire;

/// <summary>Spans as people and Cedar write them: <c>90s</c>, <c>1h30m</c>, <c>2d</c>.</summary>
internal static class SpanText
{
    public static bool TryRead(string text, out TimeSpan span)
    {
        span = default;
        if (!Value.TryDuration(text, out var duration) || duration.Milliseconds is < 0 or > 315_360_000_000)
            return false;
        span = TimeSpan.FromMilliseconds(duration.Milliseconds);
        return true;
    }

    public static string Write(TimeSpan span)
    {
        var text = new StringBuilder();
        Append(text, span.Days, "d");
        Append(text, span.Hours, "h");
        Append(text, span.Minutes, "m");
        Append(text, span.Seconds, "s");
        Append(text, span.Milliseconds, "ms");
        return text.Length == 0 ? "0s" : text.ToString();
    }

    private static void Append(StringBuilder text, int count, string unit)
    {
        if (count != 0)
            text.Append(count).Append(unit);
    }
}
