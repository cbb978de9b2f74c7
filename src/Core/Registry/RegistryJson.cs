using System.Text.Json;
using System.Text.Json.Serialization;
using Assay.Cedar;
using Assay.Core.Policies;

namespace Assay.Core.Registry;

/// <summary>
/// Objects at rest and between silos: versioned UTF-8 JSON, read strictly. An unknown or repeated member, a missing one or a wrong type is a
/// <see cref="FormatException"/> that names the place, because guessing at rest is guessing about rights.
/// </summary>
public static class RegistryJson
{
    /// <summary>The version of the encoding, written as <c>v</c>.</summary>
    public const int Version = 1;

    public static ReadOnlyMemory<byte> Write(Identity identity) => Wrap(identity, RegistryJsonContext.Default.EnvelopeIdentity);

    public static ReadOnlyMemory<byte> Write(Group group) => Wrap(group, RegistryJsonContext.Default.EnvelopeGroup);

    public static ReadOnlyMemory<byte> Write(Api api) => Wrap(api, RegistryJsonContext.Default.EnvelopeApi);

    public static ReadOnlyMemory<byte> Write(SigningKey key) => Wrap(key, RegistryJsonContext.Default.EnvelopeSigningKey);

    public static ReadOnlyMemory<byte> Write(PolicyDocument document) => Wrap(document, RegistryJsonContext.Default.EnvelopePolicyDocument);

    public static ReadOnlyMemory<byte> Write(PolicyPointer pointer) => Wrap(pointer, RegistryJsonContext.Default.EnvelopePolicyPointer);

    public static Identity ReadIdentity(ReadOnlySpan<byte> json) => Unwrap(json, RegistryJsonContext.Default.EnvelopeIdentity);

    public static Group ReadGroup(ReadOnlySpan<byte> json) => Unwrap(json, RegistryJsonContext.Default.EnvelopeGroup);

    public static Api ReadApi(ReadOnlySpan<byte> json) => Unwrap(json, RegistryJsonContext.Default.EnvelopeApi);

    public static SigningKey ReadSigningKey(ReadOnlySpan<byte> json) => Unwrap(json, RegistryJsonContext.Default.EnvelopeSigningKey);

    public static PolicyDocument ReadPolicyDocument(ReadOnlySpan<byte> json) => Unwrap(json, RegistryJsonContext.Default.EnvelopePolicyDocument);

    public static PolicyPointer ReadPolicyPointer(ReadOnlySpan<byte> json) => Unwrap(json, RegistryJsonContext.Default.EnvelopePolicyPointer);

    private static byte[] Wrap<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<Envelope<T>> type) =>
        JsonSerializer.SerializeToUtf8Bytes(new Envelope<T>(Version, value), type);

    private static T Unwrap<T>(ReadOnlySpan<byte> json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<Envelope<T>> type)
    {
        Envelope<T>? envelope;
        try
        {
            envelope = JsonSerializer.Deserialize(json, type);
        }
        catch (Exception fault) when (fault is JsonException or CedarDataException or NotSupportedException)
        {
            throw new FormatException($"not a valid {typeof(T).Name}: {fault.Message}", fault);
        }

        if (envelope is null || envelope.Value is null)
            throw new FormatException($"not a valid {typeof(T).Name}: null");
        return envelope.V == Version
            ? envelope.Value
            : throw new FormatException($"this {typeof(T).Name} is in encoding {envelope.V}, and this program reads {Version}");
    }
}

/// <param name="V">The version of the encoding.</param>
internal sealed record Envelope<T>(int V, T Value);

/// <summary>Which policy set is in force in a domain.</summary>
/// <param name="Active">The content hash of the set in force.</param>
/// <param name="Previous">The sets before it, newest first.</param>
public sealed record PolicyPointer(string Active, System.Collections.Immutable.ImmutableArray<string> Previous);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    MaxDepth = 128,
    Converters = [typeof(EntityUidConverter), typeof(RecordValueConverter)])]
[JsonSerializable(typeof(Envelope<Identity>))]
[JsonSerializable(typeof(Envelope<Group>))]
[JsonSerializable(typeof(Envelope<Api>))]
[JsonSerializable(typeof(Envelope<SigningKey>))]
[JsonSerializable(typeof(Envelope<PolicyDocument>))]
[JsonSerializable(typeof(Envelope<PolicyPointer>))]
internal sealed partial class RegistryJsonContext : JsonSerializerContext;

/// <summary>An entity identifier as Cedar writes it: <c>Assay::Role::"auditor"</c>.</summary>
public sealed class EntityUidConverter : JsonConverter<EntityUid>
{
    public override EntityUid Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && EntityUid.TryParse(reader.GetString(), out var uid)
            ? uid
            : throw new JsonException("expected an entity such as Assay::Role::\"auditor\"");

    public override void Write(Utf8JsonWriter writer, EntityUid value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>A Cedar record in Cedar's own JSON form.</summary>
public sealed class RecordValueConverter : JsonConverter<RecordValue>
{
    public override RecordValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return CedarJson.ReadValue(document.RootElement) as RecordValue ?? throw new JsonException("expected a record");
    }

    public override void Write(Utf8JsonWriter writer, RecordValue value, JsonSerializerOptions options) => CedarJson.WriteValue(writer, value);
}
