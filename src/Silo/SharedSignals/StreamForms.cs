using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Assay.Core.SharedSignals;
using Assay.Grains.SharedSignals;

namespace Assay.Silo.SharedSignals;

/// <summary>Streams as receivers see them (SSF 1.0 §8.1.1).</summary>
internal sealed record StreamConfiguration(
    string StreamId,
    string Iss,
    string Aud,
    ImmutableArray<string> EventsSupported,
    ImmutableArray<string>? EventsRequested,
    ImmutableArray<string> EventsDelivered,
    StreamDeliveryMethod Delivery,
    int MinVerificationInterval,
    string? Description);

/// <param name="EndpointUrl">Where we push to, or where the receiver polls. What it wants in <c>Authorization</c> is not shown again.</param>
internal sealed record StreamDeliveryMethod(string Method, string EndpointUrl);

internal sealed record StreamStatusAnswer(string StreamId, string Status, string? Reason);

/// <param name="Sets">Tokens by their <c>jti</c> (RFC 8936 §2.3).</param>
internal sealed record PollAnswer(Dictionary<string, string> Sets, [property: JsonPropertyName("moreAvailable")] bool? MoreAvailable);

/// <summary>What a receiver asks for when it polls (RFC 8936 §2.2).</summary>
internal sealed record PollQuestion(int MaxEvents, bool ReturnImmediately, ImmutableArray<string> Taken, ImmutableArray<RefusedEvent> Refused);

/// <summary>What a receiver says of its stream, as far as it said it.</summary>
/// <param name="Method">Null when the delivery is not spoken of.</param>
internal sealed record StreamWish(
    string? StreamId, ImmutableArray<string>? Requested, string? Method, string? Endpoint, string? Authorization, bool HasDescription, string? Description);

/// <summary>Reads and writes the bodies of the stream API. Members nobody knows are left alone, as SSF 1.0 asks; those that are known have to be right.</summary>
internal static class StreamForms
{
    public const string PushMethod = "urn:ietf:rfc:8935";
    public const string PollMethod = "urn:ietf:rfc:8936";

    private const int MostRequested = 64;
    private const int MostTypeLength = 256;
    private const int MostDescription = 255;
    private const int MostAuthorization = 2_048;
    private const int MostNames = 1_000;
    private const int MostNameLength = 256;

    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // served as application/json with nosniff, never inside HTML
    };

    /// <summary>Null, with what is wrong, when it cannot be read.</summary>
    public static StreamWish? ReadWish(JsonElement json, out string? fault)
    {
        try
        {
            fault = null;
            var (method, endpoint, authorization) = ReadDelivery(json);
            return new StreamWish(
                Text(json, "stream_id", MostNameLength), ReadRequested(json), method, endpoint, authorization,
                json.TryGetProperty("description", out _), Text(json, "description", MostDescription));
        }
        catch (FormatException wrong)
        {
            fault = wrong.Message;
            return null;
        }
    }

    /// <summary>What the receiver says of members that are ours to say must be what we say; the first that is not.</summary>
    public static string? Contradiction(JsonElement json, StreamConfiguration present)
    {
        var ours = JsonSerializer.SerializeToElement(present, Options);
        foreach (var name in new[] { "iss", "aud", "events_supported", "events_delivered", "min_verification_interval" })
        {
            if (json.TryGetProperty(name, out var said) && !JsonElement.DeepEquals(said, ours.GetProperty(name)))
                return $"{name} is the transmitter's to say; leave it out, or as it is";
        }

        return null;
    }

    public static PollQuestion? ReadPoll(JsonElement json, out string? fault)
    {
        try
        {
            fault = null;
            Require(json.ValueKind == JsonValueKind.Object, "the body must be an object");
            var most = StreamLimits.MostOut;
            if (json.TryGetProperty("maxEvents", out var max))
            {
                Require(max.ValueKind == JsonValueKind.Number && max.TryGetInt32(out most) && most >= 0, "maxEvents must be a whole number, 0 or more");
                most = Math.Min(most, StreamLimits.MostOut);
            }

            var atOnce = false;
            if (json.TryGetProperty("returnImmediately", out var now))
            {
                Require(now.ValueKind is JsonValueKind.True or JsonValueKind.False, "returnImmediately must be true or false");
                atOnce = now.GetBoolean();
            }

            return new PollQuestion(most, atOnce, Texts(json, "ack", MostNames, MostNameLength) ?? [], ReadErrors(json));
        }
        catch (FormatException wrong)
        {
            fault = wrong.Message;
            return null;
        }
    }

    public static string? Text(JsonElement json, string name, int most)
    {
        Require(json.ValueKind == JsonValueKind.Object, "the body must be an object");
        if (!json.TryGetProperty(name, out var member))
            return null;
        Require(member.ValueKind == JsonValueKind.String && member.GetString()!.Length <= most, $"{name} must be a string of {most} characters at most");
        return member.GetString();
    }

    private static (string? Method, string? Endpoint, string? Authorization) ReadDelivery(JsonElement json)
    {
        Require(json.ValueKind == JsonValueKind.Object, "the body must be an object");
        if (!json.TryGetProperty("delivery", out var delivery))
            return (null, null, null);
        Require(delivery.ValueKind == JsonValueKind.Object, "delivery must be an object");
        var method = Text(delivery, "method", MostNameLength);
        Require(method is PushMethod or PollMethod, $"delivery.method must be {PushMethod} or {PollMethod}");
        var authorization = Text(delivery, "authorization_header", MostAuthorization);
        Require(authorization is null || authorization.All(static c => c is >= ' ' and <= '~'), "delivery.authorization_header must be printable ASCII");
        Require(authorization is null || method == PushMethod, "delivery.authorization_header is for push");
        return (method, Text(delivery, "endpoint_url", 2_048), authorization);
    }

    private static ImmutableArray<string>? ReadRequested(JsonElement json)
    {
        var requested = Texts(json, "events_requested", MostRequested, MostTypeLength);
        Require(requested is not { IsEmpty: true }, "events_requested must not be empty; leave it out to ask for all");
        return requested?.Distinct().ToImmutableArray();
    }

    private static ImmutableArray<string>? Texts(JsonElement json, string name, int most, int mostLength)
    {
        if (!json.TryGetProperty(name, out var member))
            return null;
        Require(
            member.ValueKind == JsonValueKind.Array && member.GetArrayLength() <= most
            && member.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String && item.GetString()!.Length <= mostLength),
            $"{name} must be a list of {most} strings at most, of {mostLength} characters each");
        return [.. member.EnumerateArray().Select(item => item.GetString()!)];
    }

    private static ImmutableArray<RefusedEvent> ReadErrors(JsonElement json)
    {
        if (!json.TryGetProperty("setErrs", out var errors))
            return [];
        Require(errors.ValueKind == JsonValueKind.Object && errors.EnumerateObject().Count() <= MostNames, $"setErrs must be an object of {MostNames} members at most");
        var refused = ImmutableArray.CreateBuilder<RefusedEvent>();
        foreach (var member in errors.EnumerateObject())
        {
            Require(SetError.TryRead(member.Value, out var error, out var description), "each of setErrs must be an object with err");
            refused.Add(new RefusedEvent(member.Name, error, description));
        }

        return refused.DrainToImmutable();
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
            throw new FormatException(otherwise);
    }
}
