using System.Text.Json;
using System.Text.Json.Serialization;

namespace Assay.Client.Events;

/// <summary>SSF 1.0 §7.1, as far as it is needed here.</summary>
internal sealed record TransmitterJson(
    [property: JsonPropertyName("issuer")] string? Issuer,
    [property: JsonPropertyName("jwks_uri")] string? KeysAddress,
    [property: JsonPropertyName("configuration_endpoint")] string? Streams,
    [property: JsonPropertyName("add_subject_endpoint")] string? AddSubject);

/// <summary>RFC 7517 §4 and §5, public members alone.</summary>
internal sealed record KeySetJson([property: JsonPropertyName("keys")] KeyJson?[]? Keys);

internal sealed record KeyJson(
    [property: JsonPropertyName("kid")] string? KeyId,
    [property: JsonPropertyName("kty")] string? Type,
    [property: JsonPropertyName("use")] string? Use,
    [property: JsonPropertyName("alg")] string? Algorithm,
    [property: JsonPropertyName("crv")] string? Curve,
    [property: JsonPropertyName("x")] string? X,
    [property: JsonPropertyName("y")] string? Y,
    [property: JsonPropertyName("n")] string? Modulus,
    [property: JsonPropertyName("e")] string? Exponent);

/// <summary>RFC 7515 §4.1. <paramref name="Critical"/> is of no shape that is known: that it is there is enough.</summary>
internal sealed record SetHeaderJson(
    [property: JsonPropertyName("alg")] string? Algorithm,
    [property: JsonPropertyName("kid")] string? KeyId,
    [property: JsonPropertyName("typ")] string? Type,
    [property: JsonPropertyName("crit")] JsonElement? Critical);

/// <summary>SSF 1.0 §8.1.1.</summary>
internal sealed record StreamWishJson(
    [property: JsonPropertyName("delivery")] DeliveryJson Delivery,
    [property: JsonPropertyName("events_requested")] string[] Requested,
    [property: JsonPropertyName("description")] string Description);

internal sealed record StreamJson([property: JsonPropertyName("stream_id")] string? Id, [property: JsonPropertyName("delivery")] DeliveryJson? Delivery);

internal sealed record DeliveryJson([property: JsonPropertyName("method")] string? Method, [property: JsonPropertyName("endpoint_url")] string? Endpoint = null);

/// <summary>SSF 1.0 §8.1.3.2.</summary>
internal sealed record NewSubjectJson([property: JsonPropertyName("stream_id")] string StreamId, [property: JsonPropertyName("subject")] SubjectJson Subject);

/// <summary>RFC 9493: <c>iss_sub</c>, <c>opaque</c>, and <c>complex</c> of SSF 1.0 §3.</summary>
internal sealed record SubjectJson(
    [property: JsonPropertyName("format")] string Format,
    [property: JsonPropertyName("iss")] string? Issuer = null,
    [property: JsonPropertyName("sub")] string? Subject = null,
    [property: JsonPropertyName("id")] string? Id = null,
    [property: JsonPropertyName("tenant")] SubjectJson? Tenant = null);

/// <summary>RFC 8936 §2.2.</summary>
internal sealed record PollJson(
    [property: JsonPropertyName("maxEvents")] int Most,
    [property: JsonPropertyName("returnImmediately")] bool ReturnsImmediately,
    [property: JsonPropertyName("ack")] IReadOnlyList<string> Taken,
    [property: JsonPropertyName("setErrs")] IReadOnlyDictionary<string, SetErrorJson>? Refused);

internal sealed record SetErrorJson([property: JsonPropertyName("err")] string Error, [property: JsonPropertyName("description")] string Description);

/// <summary>RFC 8936 §2.3.</summary>
internal sealed record PollAnswerJson([property: JsonPropertyName("sets")] Dictionary<string, string?>? Sets);

[JsonSourceGenerationOptions(AllowDuplicateProperties = false, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TransmitterJson))]
[JsonSerializable(typeof(KeySetJson))]
[JsonSerializable(typeof(SetHeaderJson))]
[JsonSerializable(typeof(StreamWishJson))]
[JsonSerializable(typeof(StreamJson))]
[JsonSerializable(typeof(NewSubjectJson))]
[JsonSerializable(typeof(PollJson))]
[JsonSerializable(typeof(PollAnswerJson))]
internal sealed partial class EventJson : JsonSerializerContext;
