using System.Collections.Immutable;
using System.Globalization;
using Assay.Cedar;

namespace Assay.Core.Registry;

/// <summary>Collects what changes in one object, as lines for people, and whether any of it takes something away.</summary>
internal sealed class FieldChanges
{
    private readonly List<string> lines = [];

    public bool Narrows { get; private set; }

    public bool IsEmpty => lines.Count == 0;

    public ImmutableArray<string> Lines => [.. lines];

    public void Add(string line, bool narrows = false)
    {
        lines.Add(line);
        Narrows |= narrows;
    }

    /// <summary>A field with one value; text is quoted, nothing is shown as an absent side.</summary>
    public void Field(string name, string? before, string? after, bool narrows = false)
    {
        if (before == after)
            return;

        Add(before is null ? $"{name}: {after}" : after is null ? $"{name}: - {before}" : $"{name}: {before} → {after}", narrows);
    }

    /// <summary>A field that is a set of words; losing one takes something away.</summary>
    public void Words(string name, IEnumerable<string> before, IEnumerable<string> after)
    {
        var (old, wanted) = (before.ToHashSet(StringComparer.Ordinal), after.ToHashSet(StringComparer.Ordinal));
        foreach (var word in old.Except(wanted).Order(StringComparer.Ordinal))
            Add($"{name}: - {word}", narrows: true);
        foreach (var word in wanted.Except(old).Order(StringComparer.Ordinal))
            Add($"{name}: + {word}");
    }

    /// <summary>Attributes one by one. Only a policy knows what a changed one means, so each change counts as taking away.</summary>
    public void Attributes(RecordValue before, RecordValue after)
    {
        foreach (var name in before.Fields.Keys.Union(after.Fields.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            before.TryGetValue(name, out var old);
            after.TryGetValue(name, out var wanted);
            if (!Equals(old, wanted))
                Field($"attributes.{name}", old?.ToString(), wanted?.ToString(), narrows: true);
        }
    }

    public static string? Quoted(string? text) => text is null ? null : $"\"{text}\"";

    public static string? Span(TimeSpan? span) => span is not { } some ? null
        : some.Ticks % TimeSpan.TicksPerMinute == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{some.Ticks / TimeSpan.TicksPerMinute}m")
            : string.Create(CultureInfo.InvariantCulture, $"{some.TotalSeconds:0.###}s");

    public static string Moment(DateTimeOffset moment) => moment.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>To the second, for notes; changes are shown in full, so that no two moments look the same.</summary>
    public static string Around(DateTimeOffset moment) => moment.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Until(DateTimeOffset? end) => end is { } moment ? $" until {Moment(moment)}" : "";

    /// <summary><c>role exporter</c>, <c>team payments</c>, or the Cedar literal.</summary>
    public static string Plain(EntityUid uid) => uid.Type switch
    {
        EntityTypes.Role => $"role {uid.Id}",
        EntityTypes.Team => $"team {uid.Id}",
        EntityTypes.Api => $"api {uid.Id}",
        _ => uid.ToString(),
    };
}
