using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>Writes values and entities in their JSON form.</summary>
internal static class JsonValueWriter
{
    public static void Write(Utf8JsonWriter writer, Value value)
    {
        switch (value)
        {
            case BoolValue truth: writer.WriteBooleanValue(truth.Value); break;
            case LongValue number: writer.WriteNumberValue(number.Value); break;
            case StringValue text: writer.WriteStringValue(text.Value); break;
            case EntityValue entity: WriteReference(writer, entity.Value); break;
            case SetValue set: WriteSet(writer, set); break;
            case RecordValue record: WriteRecord(writer, record); break;
            case DecimalValue number: WriteExtension(writer, "decimal", number.Text); break;
            case IpValue address: WriteExtension(writer, "ip", address.Text); break;
            case DurationValue span: WriteExtension(writer, "duration", span.Text); break;
            case DatetimeValue { Text: { } text }: WriteExtension(writer, "datetime", text); break;
            case DatetimeValue moment: WriteDistant(writer, moment); break;
            default: throw new UnreachableException();
        }
    }

    public static void Write(Utf8JsonWriter writer, Entity entity)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("uid");
        WriteUid(writer, entity.Uid);
        writer.WritePropertyName("attrs");
        WriteRecord(writer, entity.Attributes);
        writer.WriteStartArray("parents");
        foreach (var parent in entity.Parents)
            WriteUid(writer, parent);

        writer.WriteEndArray();
        if (entity.Tags.Count > 0)
        {
            writer.WritePropertyName("tags");
            WriteRecord(writer, entity.Tags);
        }

        writer.WriteEndObject();
    }

    private static void WriteReference(Utf8JsonWriter writer, EntityUid uid)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("__entity");
        WriteUid(writer, uid);
        writer.WriteEndObject();
    }

    public static void WriteUid(Utf8JsonWriter writer, EntityUid uid)
    {
        writer.WriteStartObject();
        writer.WriteString("type", uid.Type);
        writer.WriteString("id", uid.Id);
        writer.WriteEndObject();
    }

    private static void WriteSet(Utf8JsonWriter writer, SetValue set)
    {
        writer.WriteStartArray();
        foreach (var element in set.Span)
            Write(writer, element);

        writer.WriteEndArray();
    }

    private static void WriteRecord(Utf8JsonWriter writer, RecordValue record)
    {
        if (record.Count == 1 && record.FieldNames[0] is "__entity" or "__extn" or "__expr")
            throw new CedarDataException($"a record whose only field is {record.FieldNames[0]} cannot be written: it would read back as something else");

        writer.WriteStartObject();
        for (var i = 0; i < record.Count; i++)
        {
            writer.WritePropertyName(record.FieldNames[i]);
            Write(writer, record.FieldValues[i]);
        }

        writer.WriteEndObject();
    }

    private static void WriteExtension(Utf8JsonWriter writer, string function, string argument)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("__extn");
        writer.WriteString("fn", function);
        writer.WriteString("arg", argument);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    // The datetime constructor knows years 0000 to 9999 only; everything else is a distance from the epoch.
    private static void WriteDistant(Utf8JsonWriter writer, DatetimeValue moment)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("__extn");
        writer.WriteString("fn", "offset");
        writer.WriteStartArray("args");
        WriteExtension(writer, "datetime", "1970-01-01");
        WriteExtension(writer, "duration", string.Create(CultureInfo.InvariantCulture, $"{moment.Milliseconds}ms"));
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
