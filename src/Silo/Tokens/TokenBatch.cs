using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Assay.Grains.Identities;
using Assay.Silo.ClientAuthentication;

namespace Assay.Silo.Tokens;

/// <summary>
/// The body of a batch request: one proof (<c>client_assertion_type</c> and <c>client_assertion</c>, or none where HTTP Basic is used) and what tokens are
/// wanted (<c>requests</c>, each with <c>resource</c> and <c>scope</c> as at the token endpoint). What is not known or comes twice is refused, with its place.
/// </summary>
internal sealed class TokenBatch
{
    public const int MaxBodyBytes = 256 * 1024;
    public const int MaxRequests = 256;

    private const string NotJson = "the body is not JSON";

    private string? assertionType;
    private ReadOnlyMemory<byte> assertion;

    /// <summary>In the order of the request; null where a scope is malformed.</summary>
    public ImmutableArray<Wanted?> Requests { get; private set; } = [];

    /// <summary>What is wrong with the body, for <c>error_description</c>; null when it could be read.</summary>
    public string? Fault { get; private set; }

    public bool IsTooLarge { get; private set; }

    public PresentedProof ProofWith(string? authorization) => new(authorization, null, default, assertionType, assertion);

    public static async ValueTask<TokenBatch> Read(HttpRequest request, CancellationToken cancellationToken)
    {
        var batch = new TokenBatch();
        if (!IsJson(request.ContentType))
        {
            batch.Fault = "the body must be application/json";
            return batch;
        }

        if (await RequestBody.ReadWhole(request, MaxBodyBytes, cancellationToken) is not { } body)
        {
            batch.IsTooLarge = true;
            return batch;
        }

        try
        {
            batch.Fault = batch.Parse(new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 8 }));
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException) // the latter for text that is not UTF-8
        {
            batch.Fault = fault is JsonException { LineNumber: { } line, BytePositionInLine: { } column } ? $"{NotJson}: line {line + 1}, byte {column + 1}" : NotJson;
        }

        request.BodyReader.AdvanceTo(body.End);
        return batch;
    }

    private static bool IsJson(string? contentType)
    {
        const string expected = "application/json";
        return contentType is not null
            && contentType.StartsWith(expected, StringComparison.OrdinalIgnoreCase)
            && (contentType.Length == expected.Length || contentType[expected.Length] is ';' or ' ');
    }

    /// <summary>The first fault, null when there is none. Reads to the end either way, so that nothing follows what was understood.</summary>
    private string? Parse(Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
            return "the body must be a JSON object";

        string? fault = null;
        var hasRequests = false;
        while (fault is null && json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("client_assertion_type"u8))
                fault = assertionType is not null ? "client_assertion_type is repeated" : Text(ref json, "client_assertion_type", out assertionType);
            else if (json.ValueTextEquals("client_assertion"u8))
                fault = assertion.IsEmpty ? TakeAssertion(ref json) : "client_assertion is repeated";
            else if (json.ValueTextEquals("requests"u8))
                fault = hasRequests ? "requests is repeated" : TakeRequests(ref json);
            else
                fault = $"'{Shown(json.GetString()!)}' is not a member of a batch request";
            hasRequests |= !Requests.IsEmpty;
        }

        while (fault is null && json.Read())
        {
            // throws when something follows
        }

        return fault ?? (hasRequests ? null : "requests is missing");
    }

    private string? TakeAssertion(ref Utf8JsonReader json)
    {
        if (Text(ref json, "client_assertion", out var text) is { } fault)
            return fault;
        assertion = Encoding.UTF8.GetBytes(text!);
        return assertion.IsEmpty ? "client_assertion is empty" : null;
    }

    private string? TakeRequests(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray)
            return "requests must be an array";

        var requests = ImmutableArray.CreateBuilder<Wanted?>();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (requests.Count == MaxRequests)
                return $"requests has more than {MaxRequests} elements";
            if (TakeRequest(ref json, requests.Count, out var wanted) is { } fault)
                return fault;
            requests.Add(wanted);
        }

        Requests = requests.DrainToImmutable();
        return Requests.IsEmpty ? "requests is empty" : null;
    }

    private static string? TakeRequest(ref Utf8JsonReader json, int place, out Wanted? wanted)
    {
        wanted = null;
        if (json.TokenType != JsonTokenType.StartObject)
            return $"requests[{place}] must be an object";

        string? resource = null, scope = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string? fault;
            if (json.ValueTextEquals("resource"u8))
                fault = resource is null ? Text(ref json, $"requests[{place}].resource", out resource) : $"requests[{place}].resource is repeated";
            else if (json.ValueTextEquals("scope"u8))
                fault = scope is null ? Text(ref json, $"requests[{place}].scope", out scope) : $"requests[{place}].scope is repeated";
            else
                fault = $"requests[{place}]: '{Shown(json.GetString()!)}' is not a member of a request";
            if (fault is not null)
                return fault;
        }

        // An empty value counts as omitted, as it does in a form (RFC 6749 §3.2).
        if (ScopeList.TryParse(scope is "" ? null : scope, out var scopes))
            wanted = new Wanted(resource is "" ? null : resource, scopes);
        return null;
    }

    private static string? Text(ref Utf8JsonReader json, string name, out string? text)
    {
        json.Read();
        text = json.TokenType == JsonTokenType.String ? json.GetString() : null;
        return text is null ? $"{name} must be a string" : null;
    }

    private static string Shown(string name) => name.Length <= 40 ? name : name[..40];
}
