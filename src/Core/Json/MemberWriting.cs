using System.Collections.Immutable;
using System.Text.Json;
using Assay.Cedar;

namespace Assay.Core.Json;

/// <summary>Writes members that may be absent; <see cref="StrictObject"/> reads them back.</summary>
internal static class MemberWriting
{
    public static void WriteText(this Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
            json.WriteString(name, text);
    }

    public static void WriteMoment(this Utf8JsonWriter json, string name, DateTimeOffset? moment)
    {
        if (moment is { } value)
            json.WriteString(name, StrictObject.Format(value));
    }

    public static void WriteSpan(this Utf8JsonWriter json, string name, TimeSpan? span)
    {
        if (span is { } value)
            json.WriteString(name, StrictObject.Format(value));
    }

    public static void WriteRecord(this Utf8JsonWriter json, string name, RecordValue record)
    {
        if (record.Count == 0)
            return;

        json.WritePropertyName(name);
        CedarJson.WriteValue(json, record);
    }

    public static void WriteTexts(this Utf8JsonWriter json, string name, ImmutableArray<string> texts)
    {
        if (texts.IsDefaultOrEmpty)
            return;

        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    public static void WriteUids(this Utf8JsonWriter json, string name, ImmutableArray<EntityUid> uids)
    {
        if (uids.IsDefaultOrEmpty)
            return;

        json.WriteStartArray(name);
        foreach (var uid in uids)
            json.WriteStringValue(uid.ToString());
        json.WriteEndArray();
    }

    public static void WriteObjects<T>(this Utf8JsonWriter json, string name, ImmutableArray<T> items, Action<Utf8JsonWriter, T> writeMembers)
    {
        if (items.IsDefaultOrEmpty)
            return;

        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            writeMembers(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
