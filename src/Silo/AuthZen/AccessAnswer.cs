using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Assay.Silo.AuthZen;

/// <summary>An answer to one question (AuthZEN 1.0 §5.5). Its context has members of our own.</summary>
internal sealed record AccessAnswer(bool IsPermitted)
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }; // served as application/json with nosniff

    /// <summary>Why not, in a word; null for a permit.</summary>
    public string? Reason { get; init; }

    /// <summary>How long the caller may rely on a permit; null for a denial.</summary>
    public TimeSpan? MaxLifetime { get; init; }

    /// <summary>Verifications that would turn a denial into a permit.</summary>
    public ImmutableArray<string> StepUp { get; init; } = [];

    /// <summary>In the words of the policies, of those that the caller may see.</summary>
    public ImmutableArray<string> Reasons { get; init; } = [];

    /// <summary>Only for who may read evidence.</summary>
    public ImmutableArray<string> Policies { get; init; } = [];

    /// <summary>Only for who may read evidence.</summary>
    public ImmutableArray<string> Errors { get; init; } = [];

    /// <summary>What is wrong with the question, where others were asked with it.</summary>
    public AccessRefusal? Refusal { get; init; }

    public static AccessAnswer Denied(string reason) => new(false) { Reason = reason };

    public static AccessAnswer Wrong(AccessRefusal refusal) => new(false) { Refusal = refusal };

    public static ReadOnlyMemory<byte> Write(AccessAnswer answer) => Write(json => answer.WriteTo(json));

    public static ReadOnlyMemory<byte> Write(ImmutableArray<AccessAnswer> answers) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("evaluations"u8);
        foreach (var answer in answers)
            answer.WriteTo(json);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(body, Plain))
            write(json);
        return body.WrittenMemory;
    }

    private void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteBoolean("decision"u8, IsPermitted);
        json.WriteStartObject("context"u8);
        if (Reason is not null)
            json.WriteString("reason"u8, Reason);
        if (MaxLifetime is { } life)
            json.WriteNumber("max_lifetime"u8, (int)life.TotalSeconds);
        WriteList(json, "step_up"u8, StepUp);
        WriteList(json, "reasons"u8, Reasons);
        WriteList(json, "policies"u8, Policies);
        WriteList(json, "errors"u8, Errors);
        if (Refusal is { } refusal)
        {
            json.WriteStartObject("error"u8);
            json.WriteNumber("status"u8, refusal.Status);
            json.WriteString("message"u8, refusal.Message);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, ReadOnlySpan<byte> name, ImmutableArray<string> items)
    {
        if (items.IsEmpty)
            return;
        json.WriteStartArray(name);
        foreach (var item in items)
            json.WriteStringValue(item);
        json.WriteEndArray();
    }
}
