using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Assay.Core.Evidence;

namespace Assay.Silo.Collectors;

/// <summary>
/// Records as one OTLP request in JSON (OpenTelemetry protocol 1.x, <c>ExportLogsServiceRequest</c>): the record as it is stored is the body, what one searches by are attributes.
/// </summary>
internal sealed class OtlpRecords : IDisposable
{
    private const int Information = 9;
    private const int Warning = 13;

    private readonly ArrayBufferWriter<byte> buffer = new(64 * 1024);
    private readonly Utf8JsonWriter json;

    public OtlpRecords(string node)
    {
        json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartArray("resourceLogs"u8);
        json.WriteStartObject();
        json.WriteStartObject("resource"u8);
        json.WriteStartArray("attributes"u8);
        Attribute("service.name", "assay");
        Attribute("service.instance.id", node);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("scopeLogs"u8);
        json.WriteStartObject();
        json.WriteStartObject("scope"u8);
        json.WriteString("name"u8, "Assay.Evidence");
        json.WriteEndObject();
        json.WriteStartArray("logRecords"u8);
    }

    public int Count { get; private set; }

    /// <param name="encoded">As it is stored.</param>
    public void Add(EvidenceRecord record, ReadOnlySpan<byte> encoded)
    {
        var isRefused = record.Kind is EvidenceKind.Denial or EvidenceKind.Refusal;
        var nanoseconds = (record.Time.ToUnixTimeMilliseconds() * 1_000_000L).ToString(CultureInfo.InvariantCulture); // 64 bits are text in OTLP's JSON
        json.WriteStartObject();
        json.WriteString("timeUnixNano"u8, nanoseconds);
        json.WriteString("observedTimeUnixNano"u8, nanoseconds);
        json.WriteNumber("severityNumber"u8, isRefused ? Warning : Information);
        json.WriteString("severityText"u8, isRefused ? "WARN"u8 : "INFO"u8);
        json.WriteString("eventName"u8, "assay.evidence");
        json.WriteStartObject("body"u8);
        json.WriteString("stringValue"u8, encoded);
        json.WriteEndObject();
        json.WriteStartArray("attributes"u8);
        Attribute("assay.kind", record.Kind.ToString().ToLowerInvariant());
        Attribute("assay.shard", record.Shard);
        Attribute("assay.position", record.Position);
        Attribute("assay.jti", record.JwtId);
        Attribute("assay.client_id", record.Input?.ClientId);
        Attribute("assay.resource", record.Input?.Resource);
        Attribute("assay.error", record.Error);
        Attribute("assay.actor", record.Admin?.Actor);
        Attribute("assay.action", record.Admin?.Action);
        json.WriteEndArray();
        json.WriteEndObject();
        Count++;
    }

    /// <summary>The whole request. Nothing is added after it.</summary>
    public ReadOnlyMemory<byte> End()
    {
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    public void Dispose() => json.Dispose();

    private void Attribute(string key, string? value)
    {
        if (value is null)
            return;
        json.WriteStartObject();
        json.WriteString("key"u8, key);
        json.WriteStartObject("value"u8);
        json.WriteString("stringValue"u8, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Attribute(string key, long value)
    {
        json.WriteStartObject();
        json.WriteString("key"u8, key);
        json.WriteStartObject("value"u8);
        json.WriteString("intValue"u8, value.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
