using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Assay.Cedar;

namespace Assay.Bundle.Yaml;

/// <summary>
/// The keys of one mapping, read by name and type. Keys nobody knows are faults from the start; a value of the wrong type is one when it is
/// read, and reads as absent.
/// </summary>
internal sealed partial class Fields
{
    private readonly YamlMap map;
    private readonly string noun;
    private readonly string where;
    private readonly Source source;

    private Fields(YamlMap map, string noun, string where, Source source) => (this.map, this.noun, this.where, this.source) = (map, noun, where, source);

    /// <summary>Opens a mapping. Null, with a fault, when the node is none.</summary>
    /// <param name="noun">What it describes, with its article: <c>an identity</c>.</param>
    /// <param name="where">Its place in the declarations.</param>
    /// <param name="known">The keys it may have.</param>
    /// <param name="hints">What to say of a key that people may well expect here.</param>
    /// <param name="mainKey">The key that a single word in place of the mapping was probably meant for.</param>
    public static Fields? Open(
        YamlNode node, string noun, string where, Source source, ReadOnlySpan<string> known, IReadOnlyDictionary<string, string>? hints = null,
        string? mainKey = null)
    {
        source.Places.Set(where, node.At);
        string[] names = [.. known];
        if (node is not YamlMap map)
        {
            var instead = mainKey is not null && node is YamlScalar { Meaning: ScalarMeaning.Text } word ? $"; write '{mainKey}: {word.Value}'" : "";
            source.Faults.Add(node.At, $"{noun} is a mapping with the keys {string.Join(", ", names)}, not {node.Description}{instead}");
            return null;
        }

        foreach (var (key, _) in map.Entries)
        {
            if (names.Contains(key.Value))
                continue;

            source.Faults.Add(key.At, hints?.GetValueOrDefault(key.Value) is { } hint
                ? $"'{key.Value}' has no place in {noun}: {hint}"
                : $"unknown key '{key.Value}' in {noun}{DidYouMean.Hint(key.Value, names)}; known are {string.Join(", ", names)}");
        }

        return new Fields(map, noun, where, source);
    }

    public FilePosition At => map.At;

    /// <summary>The value of a key; null when the key is absent, or, with a fault, when it has no value.</summary>
    public YamlNode? Node(string name)
    {
        foreach (var (key, value) in map.Entries)
        {
            if (key.Value != name)
                continue;

            source.Places.Set($"{where}.{name}", value.At);
            if (value is not YamlScalar { Meaning: ScalarMeaning.Nothing })
                return value;

            source.Faults.Add(key.At, $"'{name}' has no value; give it one, or take the key out");
            return null;
        }

        return null;
    }

    public bool Has(string name) => map.Entries.Any(entry => entry.Key.Value == name);

    public string? Text(string name) => Node(name) is { } node ? TextOf(node, $"'{name}'") : null;

    /// <summary>Text that must be there.</summary>
    public string? RequiredText(string name)
    {
        if (!Has(name))
            source.Faults.Add(map.At, $"{noun} needs '{name}'");
        return Text(name);
    }

    public int? Number(string name)
    {
        if (Node(name) is not { } node)
            return null;

        if (node is YamlScalar { Meaning: ScalarMeaning.Integer } scalar && int.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number;

        source.Faults.Add(node.At, $"'{name}' must be a whole number without quotes, not {node.Description}");
        return null;
    }

    /// <summary>A span of time: <c>90s</c>, <c>5m</c>, <c>1h</c>.</summary>
    public TimeSpan? Span(string name)
    {
        if (Node(name) is not { } node)
            return null;

        var text = (node as YamlScalar)?.Value ?? "";
        if (SpanForm().IsMatch(text))
        {
            var amount = long.Parse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture);
            return TimeSpan.FromSeconds(amount * text[^1] switch { 'h' => 3600, 'm' => 60, _ => 1 });
        }

        var hint = node is YamlScalar { Meaning: ScalarMeaning.Integer } && text[0] != '-' ? $"; for seconds write {text}s" : "";
        source.Faults.Add(node.At, $"'{name}' must be a span of time such as 90s, 5m or 1h, not {node.Description}{hint}");
        return null;
    }

    /// <summary>A moment (RFC 3339), in UTC.</summary>
    public DateTimeOffset? Moment(string name)
    {
        if (Node(name) is not { } node)
            return null;

        var text = (node as YamlScalar)?.Value ?? "";
        if (MomentForm().IsMatch(text) &&
            DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment))
            return moment.ToUniversalTime();

        var hint = DayForm().IsMatch(text) ? $"; write {text}T00:00:00Z" : NoOffsetForm().IsMatch(text) ? $"; say which time zone: {text}Z" : "";
        source.Faults.Add(node.At, $"'{name}' must be a moment such as 2027-01-31T00:00:00Z, not {node.Description}{hint}");
        return null;
    }

    /// <summary>The items of a list; none when the key is absent.</summary>
    public ImmutableArray<YamlNode> List(string name, string example)
    {
        if (Node(name) is not { } node)
            return [];

        if (node is YamlList list)
            return list.Items;

        source.Faults.Add(node.At, $"'{name}' must be a list, not {node.Description}; write for instance {example}");
        return [];
    }

    /// <summary>The texts of a list; null when the key is absent.</summary>
    public ImmutableArray<string>? Texts(string name, string example)
    {
        if (!Has(name))
            return null;

        var texts = ImmutableArray.CreateBuilder<string>();
        foreach (var item in List(name, example))
        {
            if (TextOf(item, $"an item of '{name}'") is not { } text)
                continue;

            source.Places.Set($"{where}.{name}[{texts.Count}]", item.At);
            texts.Add(text);
        }

        return texts.DrainToImmutable();
    }

    public string? TextOf(YamlNode node, string subject)
    {
        if (node is YamlScalar { Meaning: ScalarMeaning.Text } scalar)
            return scalar.Value;

        var quotes = node is YamlScalar { Meaning: not ScalarMeaning.Nothing } other ? $"; if it is meant as text, put it in quotes: \"{other.Value}\"" : "";
        source.Faults.Add(node.At, $"{subject} must be text, not {node.Description}{quotes}");
        return null;
    }

    [GeneratedRegex(@"\A[1-9][0-9]{0,7}[smh]\z")]
    private static partial Regex SpanForm();

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?(Z|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex MomentForm();

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z")]
    private static partial Regex DayForm();

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?\z")]
    private static partial Regex NoOffsetForm();
}

/// <summary>What every reader of a part reports to.</summary>
internal sealed record Source(FaultList Faults, Places Places);
