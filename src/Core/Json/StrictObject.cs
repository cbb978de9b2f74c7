using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Assay.Cedar;

namespace Assay.Core.Json;

/// <summary>
/// One JSON object, read member by member. Every read checks the type; <see cref="End"/> refuses members nobody asked for. A member that is
/// <c>null</c> is of the wrong type: absent members are left out. Faults are <see cref="FormatException"/>s that say where
/// (<c>identity.memberships[2].group</c>) and what would be right; they quote names, never values.
/// </summary>
internal sealed class StrictObject
{
    private const string MomentFormat = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'";

    private readonly JsonElement element;
    private readonly Place place;
    private readonly string[] read; // names of members that are there and were asked for
    private int reads;

    /// <param name="kind">What the whole document is, for faults.</param>
    public StrictObject(JsonElement element, string kind)
        : this(element, new Place(null, kind))
    {
    }

    private StrictObject(JsonElement element, Place place)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw Wrong(place, "an object", element);

        (this.element, this.place) = (element, place);
        read = new string[element.GetPropertyCount()];
    }

    /// <summary>How a moment is written: UTC, to 100 ns.</summary>
    public static string Format(DateTimeOffset moment) => moment.UtcDateTime.ToString(MomentFormat, CultureInfo.InvariantCulture);

    /// <summary>Reads what <see cref="Format(DateTimeOffset)"/> writes, and nothing else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset moment) => DateTimeOffset.TryParseExact(
        text, MomentFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out moment);

    /// <summary>How a span of time is written: <c>[d.]hh:mm:ss[.fffffff]</c>.</summary>
    public static string Format(TimeSpan span) => span.ToString("c", CultureInfo.InvariantCulture);

    public string Text(string name) => OptionalText(name) ?? throw Missing(name);

    public string? OptionalText(string name) => Find(name) is { } member ? TextOf(member, At(name)) : null;

    /// <summary>A text that many objects have in common: held once (<see cref="TextPool"/>).</summary>
    public string? OptionalSharedText(string name) => OptionalText(name) is { } text ? TextPool.Of(text) : null;

    public long Long(string name) => OptionalLong(name) ?? throw Missing(name);

    public long? OptionalLong(string name) =>
        Find(name) is not { } member ? null
        : member.ValueKind == JsonValueKind.Number && member.TryGetInt64(out var number) ? number
        : throw Wrong(At(name), "a whole number", member);

    public int Int(string name) => OptionalInt(name) ?? throw Missing(name);

    public int? OptionalInt(string name) =>
        Find(name) is not { } member ? null
        : member.ValueKind == JsonValueKind.Number && member.TryGetInt32(out var number) ? number
        : throw Wrong(At(name), "a whole number", member);

    /// <summary>False when absent.</summary>
    public bool Flag(string name) =>
        Find(name) is { } member
        && (member.ValueKind is JsonValueKind.True or JsonValueKind.False ? member.GetBoolean() : throw Wrong(At(name), "true or false", member));

    public DateTimeOffset Moment(string name) => OptionalMoment(name) ?? throw Missing(name);

    public DateTimeOffset? OptionalMoment(string name) =>
        OptionalText(name) is not { } text ? null
        : TryParse(text, out var moment) ? moment
        : throw Bad(name, "expected a moment in UTC like 2026-01-31T12:00:00Z");

    public TimeSpan? OptionalSpan(string name) =>
        OptionalText(name) is not { } text ? null
        : TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var span) ? span
        : throw Bad(name, "expected a span of time like 00:05:00");

    /// <summary>Milliseconds since 1970.</summary>
    public DateTimeOffset UnixMilliseconds(string name)
    {
        var milliseconds = Long(name);
        return milliseconds is >= -62_135_596_800_000 and <= 253_402_300_799_999
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : throw Bad(name, "outside the years 1 to 9999");
    }

    public TimeSpan Milliseconds(string name) => OptionalMilliseconds(name) ?? throw Missing(name);

    public TimeSpan? OptionalMilliseconds(string name) =>
        OptionalLong(name) is not { } milliseconds ? null
        : Math.Abs((decimal)milliseconds) <= TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMillisecond ? TimeSpan.FromMilliseconds(milliseconds)
        : throw Bad(name, "too long a span of time");

    public EntityUid Uid(string name) => UidOf(Text(name), At(name));

    /// <summary>An entity that many objects name: its texts are held once (<see cref="TextPool"/>).</summary>
    public EntityUid SharedUid(string name)
    {
        var uid = Uid(name);
        return new EntityUid(TextPool.Of(uid.Type), TextPool.Of(uid.Id));
    }

    public EntityUid? OptionalUid(string name) => OptionalText(name) is { } text ? UidOf(text, At(name)) : null;

    /// <summary>One of a closed set of words.</summary>
    public T Word<T>(string name, Words<T> words)
        where T : struct, Enum => words.TryFind(Text(name), out var value) ? value : throw Bad(name, $"expected one of {words}");

    /// <summary>A Cedar record; absent means empty.</summary>
    public RecordValue Record(string name)
    {
        if (Find(name) is not { } member)
            return RecordValue.Empty;

        try
        {
            return CedarJson.ReadContext(member);
        }
        catch (CedarDataException exception)
        {
            throw new FormatException($"{At(name)}: {exception.Message}", exception);
        }
    }

    /// <summary>An object, read to its end.</summary>
    public T Object<T>(string name, Func<StrictObject, T> read)
        where T : class => OptionalObject(name, read) ?? throw Missing(name);

    /// <summary>An object, read to its end; null when absent.</summary>
    public T? OptionalObject<T>(string name, Func<StrictObject, T> read)
        where T : class => Find(name) is { } member ? Whole(member, At(name), read) : null;

    /// <summary>A list of objects, each read to its end; absent means empty.</summary>
    public ImmutableArray<T> Objects<T>(string name, Func<StrictObject, T> readItem) => List(name, readItem, static (item, place, readItem) => Whole(item, place, readItem));

    /// <summary>A list of texts; absent means empty.</summary>
    public ImmutableArray<string> Texts(string name) => List(name, 0, static (item, place, _) => TextOf(item, place));

    /// <summary>As <see cref="Texts"/>, each held once (<see cref="TextPool"/>).</summary>
    public ImmutableArray<string> SharedTexts(string name) => List(name, 0, static (item, place, _) => TextPool.Of(TextOf(item, place)));

    /// <summary>A list of entity names; absent means empty.</summary>
    public ImmutableArray<EntityUid> Uids(string name) => List(name, 0, static (item, place, _) => UidOf(TextOf(item, place), place));

    /// <summary>Refuses members that were not read.</summary>
    public void End()
    {
        if (reads == read.Length)
            return;

        foreach (var member in element.EnumerateObject())
        {
            if (!read.AsSpan(0, reads).Contains(member.Name))
                throw new FormatException($"{place}: the member \"{member.Name}\" is not known here");
        }
    }

    /// <summary>What to throw for a member of the right type and the wrong content.</summary>
    public FormatException Bad(string name, string message) => new($"{At(name)}: {message}");

    private static T Whole<T>(JsonElement element, Place place, Func<StrictObject, T> read)
    {
        var members = new StrictObject(element, place);
        var value = read(members);
        members.End();
        return value;
    }

    private ImmutableArray<T> List<T, TState>(string name, TState state, Func<JsonElement, Place, TState, T> readItem)
    {
        if (Find(name) is not { } member)
            return [];

        if (member.ValueKind != JsonValueKind.Array)
            throw Wrong(At(name), "a list", member);

        var items = ImmutableArray.CreateBuilder<T>(member.GetArrayLength());
        foreach (var item in member.EnumerateArray())
            items.Add(readItem(item, At(name) with { Index = items.Count }, state));

        return items.MoveToImmutable();
    }

    private JsonElement? Find(string name)
    {
        if (!element.TryGetProperty(name, out var member))
            return null;
        if (!read.AsSpan(0, reads).Contains(name))
            read[reads++] = name;
        return member;
    }

    private Place At(string name) => new(this, name);

    private FormatException Missing(string name) => new($"{place}: the member \"{name}\" is missing");

    private static string TextOf(JsonElement item, Place place)
    {
        if (item.ValueKind != JsonValueKind.String)
            throw Wrong(place, "a string", item);

        try
        {
            return item.GetString()!;
        }
        catch (InvalidOperationException exception) // an escape that names half a surrogate pair
        {
            throw new FormatException($"{place}: not valid Unicode", exception);
        }
    }

    private static EntityUid UidOf(string text, Place place) =>
        EntityUid.TryParse(text, out var uid) ? uid : throw new FormatException($"{place}: expected an entity like Assay::Role::\"name\"");

    private static FormatException Wrong(Place place, string expected, JsonElement found) =>
        new($"{place}: expected {expected}, found {found.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            JsonValueKind.String => "a string",
            JsonValueKind.Number => "a number of another kind",
            JsonValueKind.Null => "null",
            _ => "true or false",
        }}");

    /// <summary>Where in a document something stands. It becomes text only when there is a fault to tell.</summary>
    /// <param name="Outer">The object it is a member of; null for a whole document, whose name is its kind.</param>
    private readonly record struct Place(StrictObject? Outer, string Name)
    {
        /// <summary>In a list, which one; else -1.</summary>
        public int Index { get; init; } = -1;

        public override string ToString()
        {
            var path = Outer is null ? Name : $"{Outer.place}.{Name}";
            return Index < 0 ? path : string.Create(CultureInfo.InvariantCulture, $"{path}[{Index}]");
        }
    }
}
