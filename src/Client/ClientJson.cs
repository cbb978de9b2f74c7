using System.Text.Json.Serialization;

namespace Assay.Client;

/// <summary>RFC 8414 §2, as far as it is needed here.</summary>
internal sealed record MetadataJson(
    [property: JsonPropertyName("issuer")] string? Issuer,
    [property: JsonPropertyName("token_endpoint")] string? TokenEndpoint);

/// <summary>RFC 6749 §5.1, and what Assay adds to it.</summary>
internal sealed record GrantJson(
    [property: JsonPropertyName("access_token")] string? AccessToken,
    [property: JsonPropertyName("token_type")] string? TokenType,
    [property: JsonPropertyName("expires_in")] long ExpiresIn,
    [property: JsonPropertyName("scope")] string? Scope,
    [property: JsonPropertyName("step_up")] string?[]? StepUp);

/// <summary>RFC 6749 §5.2, and what Assay adds to it.</summary>
internal sealed record RefusalJson(
    [property: JsonPropertyName("error")] string? Error,
    [property: JsonPropertyName("error_description")] string? Description,
    [property: JsonPropertyName("step_up")] string?[]? StepUp,
    [property: JsonPropertyName("decision_id")] string? DecisionId);

[JsonSourceGenerationOptions(AllowDuplicateProperties = false)]
[JsonSerializable(typeof(MetadataJson))]
[JsonSerializable(typeof(GrantJson))]
[JsonSerializable(typeof(RefusalJson))]
internal sealed partial class ClientJson : JsonSerializerContext;
