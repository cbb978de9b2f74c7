using System.Text.Json;

namespace Assay.Cedar.Conformance;

/// <summary>
/// Equality of JSON values: the order of members is free. The expected files were written by a JavaScript program, which holds numbers as
/// doubles, so an integer beyond 2^53 is equal to the double nearest to it.
/// </summary>
internal static class JsonSame
{
    private const long LargestExact = 1L << 53;
    private const int MaxDepth = 1 << 20;

    /// <summary>Where two JSON texts first differ, or null.</summary>
    public static string? Difference(string expected, string actual)
    {
        using var one = JsonDocument.Parse(expected, new JsonDocumentOptions { MaxDepth = MaxDepth });
        using var other = JsonDocument.Parse(actual, new JsonDocumentOptions { MaxDepth = MaxDepth });
        return Difference("$", one.RootElement, other.RootElement);
    }

    /// <summary>Whether it holds an integer that its writer may have rounded.</summary>
    public static bool IsRounded(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Any(member => IsRounded(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().Any(IsRounded),
        JsonValueKind.Number => !(element.TryGetInt64(out var number) && number is > -LargestExact and < LargestExact),
        _ => false,
    };

    private static string? Difference(string place, JsonElement expected, JsonElement actual)
    {
        if (expected.ValueKind != actual.ValueKind)
            return Say(place, expected, actual);

        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                return Members(place, expected, actual);
            case JsonValueKind.Array:
                var (left, right) = (expected.EnumerateArray().ToArray(), actual.EnumerateArray().ToArray());
                return left.Length != right.Length
                    ? Say(place, expected, actual)
                    : left.Select((item, i) => Difference($"{place}[{i}]", item, right[i])).FirstOrDefault(difference => difference is not null);
            case JsonValueKind.Number:
                var isExact = expected.TryGetInt64(out var x) & actual.TryGetInt64(out var y) && x is > -LargestExact and < LargestExact;
                return (isExact ? x == y : expected.GetDouble().Equals(actual.GetDouble())) ? null : Say(place, expected, actual);
            case JsonValueKind.String:
                return expected.GetString() == actual.GetString() ? null : Say(place, expected, actual);
            default:
                return null;
        }
    }

    private static string? Members(string place, JsonElement expected, JsonElement actual)
    {
        var left = expected.EnumerateObject().ToDictionary(member => member.Name, member => member.Value, StringComparer.Ordinal);
        var right = actual.EnumerateObject().ToDictionary(member => member.Name, member => member.Value, StringComparer.Ordinal);
        if (!left.Keys.ToHashSet().SetEquals(right.Keys))
            return Say(place, expected, actual);

        return left.Select(member => Difference($"{place}.{member.Key}", member.Value, right[member.Key])).FirstOrDefault(difference => difference is not null);
    }

    private static string Say(string place, JsonElement expected, JsonElement actual) => $"{place}: expected {Short(expected)}, got {Short(actual)}";

    private static string Short(JsonElement element)
    {
        const int Longest = 200;
        var text = element.GetRawText();
        return text.Length <= Longest ? text : text[..Longest] + "…";
    }
}
