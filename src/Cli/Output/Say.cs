using System.Globalization;
using System.Text;
using Spectre.Console;

namespace Assay.Cli.Output;

/// <summary>Values as people read them.</summary>
internal static class Say
{
    /// <summary>Data as markup: neither markup nor terminal control sequences in it take effect.</summary>
    public static string Data(string? text) => text is null ? "" : Markup.Escape(Plain(text));

    public static string Dim(string? text) => string.IsNullOrEmpty(text) ? "" : $"[dim]{Data(text)}[/]";

    /// <summary>Text without characters that a terminal obeys, or that reorder what is read.</summary>
    public static string Plain(string text)
    {
        if (!text.Any(IsObeyed))
            return text;

        var safe = new StringBuilder(text.Length + 8);
        foreach (var character in text)
            safe.Append(IsObeyed(character) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}") : character.ToString());
        return safe.ToString();
    }

    /// <summary><c>12 s ago</c>, <c>in 3 min</c>, <c>now</c>.</summary>
    public static string When(DateTimeOffset time, DateTimeOffset now)
    {
        var away = time - now;
        return away.Duration() < TimeSpan.FromSeconds(1) ? "now" : away > TimeSpan.Zero ? $"in {Span(away)}" : $"{Span(-away)} ago";
    }

    /// <summary>A span in its largest fitting unit.</summary>
    public static string Span(TimeSpan span) => span.Duration() switch
    {
        { TotalSeconds: < 1 } => Number(span.TotalMilliseconds, "ms"),
        { TotalSeconds: < 100 } => Number(span.TotalSeconds, "s"),
        { TotalMinutes: < 100 } => Number(span.TotalMinutes, "min"),
        { TotalHours: < 48 } => Number(span.TotalHours, "h"),
        _ => Number(span.TotalDays, "d"),
    };

    /// <summary><c>1,234,567</c></summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Enough of a hash or thumbprint to tell it apart.</summary>
    public static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;

    /// <summary><c>Assay::Role::"x"</c> is <c>x</c> and <c>Assay::Team::"x"</c> is <c>team:x</c>, as <c>member add</c> takes them.</summary>
    public static string Group(string uid)
    {
        if (!Cedar.EntityUid.TryParse(uid, out var group))
            return uid;
        return group.Type switch
        {
            "Assay::Role" => group.Id,
            "Assay::Team" => $"team:{group.Id}",
            _ => uid,
        };
    }

    public static string List(IEnumerable<string> items, string none = "-") => string.Join(", ", items) is { Length: > 0 } list ? list : none;

    /// <summary><c>12,431</c></summary>
    public static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary><c>1 record</c>, <c>12,431 records</c></summary>
    public static string Count(long count, string one, string several) => $"{Number(count)} {(count == 1 ? one : several)}";

    private static string Number(double value, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{(Math.Abs(value) < 10 ? Math.Round(value, 1) : Math.Round(value))} {unit}");

    // Controls (C0, C1), and the characters that change the direction or join invisibly.
    private static bool IsObeyed(char character) =>
        char.IsControl(character) && character != '\t' || character is '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
