using System.Text;
using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Oracle.Generation;

/// <summary>Makes texts that are almost decimals, addresses, moments and durations, and policies that read them.</summary>
internal sealed class LiteralMaker(Choices choices)
{
    private static readonly string[] Pieces =
    [
        "0", "1", "9", "10", "255", "256", "01", "-", "+", ".", ":", "::", "/", "/0", "/32", "/33", "/128", "/129", "/08", "T", "Z", "z", " ", "d", "h", "m", "s", "ms", "e5",
        "ffff", "FFFF", "00000", "12345", "%eth0", "[", "é", "\u0661", "2024", "-02", "-29", "-30", "24:00:00", "23:59:60", ".5", ".12345", "+0000", "-2400", "+0060", "\\n",
    ];

    public string Policy()
    {
        var (function, seeds) = choices.Of<(string, string[])>(
            ("decimal", ["1.5", "-0.0001", "922337203685477.5807", "-922337203685477.5808", "0.0", "12.34", "922337203685477.5808"]),
            ("ip", ["10.0.0.1", "10.0.0.0/8", "::1", "ffff:1:2:3:4:5:6:7", "::ffff:1.2.3.4", "1::2/64", "1:2:3:4:5:6:7::", "::", "224.0.0.1/4", "2001:DB8::"]),
            ("datetime", ["2024-10-15", "2024-02-29", "2023-02-29", "2024-10-15T11:35:00Z", "2024-10-15T11:35:00.123Z", "2024-10-15T11:35:00+0100", "2024-10-15T11:35:00.123-2359", "0000-01-01", "9999-12-31T23:59:59.999-2359"]),
            ("duration", ["1d2h3m4s5ms", "-1d", "0ms", "9223372036854775807ms", "-9223372036854775808ms", "106751991167d", "1h1m", "153722867280912m", "1d1ms"]));
        var (one, other) = (Literal(function, seeds), Literal(function, seeds));
        var condition = function switch
        {
            "decimal" => choices.Of($"{one} == {other}", $"{one}.lessThan({other})", $"{one} == {one}"),
            "ip" => choices.Of($"{one} == {other}", $"{one}.isInRange({other})", $"{one}.isLoopback()", $"{one}.isMulticast()", $"{one}.isIpv4()", $"{one} == {one}"),
            "datetime" => choices.Of($"{one} < {other}", $"{one}.toDate() == {other}", $"{one}.toTime() < duration(\"12h\")", $"{one}.durationSince({other}) < duration(\"0ms\")", $"{one} == {one}"),
            _ => choices.Of($"{one} < {other}", $"{one}.toDays() == {other}.toHours()", $"{one}.toSeconds() < 0", $"datetime(\"1970-01-01\").offset({one}) < datetime(\"2000-01-01\")", $"{one} == {one}"),
        };
        return $"permit(principal, action, resource) when {{ {condition} }};";
    }

    private string Literal(string function, string[] seeds)
    {
        var text = new StringBuilder(choices.Of(seeds.AsSpan()));
        for (var i = choices.Of(0, 1, 1, 2); i > 0; i--)
        {
            var at = choices.Below(text.Length + 1);
            switch (choices.Below(3))
            {
                case 0:
                    text.Insert(at, choices.Of(Pieces.AsSpan()));
                    break;
                case 1 when at < text.Length:
                    text.Remove(at, 1);
                    break;
                case 2 when at < text.Length:
                    var digit = choices.Of("0", "1", "5", "9", "a", "-");
                    text.Remove(at, 1).Insert(at, digit);
                    break;
            }
        }

        return $"{function}(\"{text}\")";
    }
}
