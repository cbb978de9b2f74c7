using System.Text.Json.Serialization;

namespace Assay.Client;

/// <summary>RFC 8414 §2, as far as it is needed here, and what Assay adds to it.</summary>
internal sealed record MetadataJson(
    [property: JsonPropertyName("issuer")] string? Issuer,
    [property: JsonPropertyName("token_endpoint")] string? TokenEndpoint,
    [property: JsonPropertyName("token_batch_endpoint")] string? TokenBatchEndpoint);

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

/// <summary>What the batch endpoint answers: in the order of the requests.</summary>
internal sealed record BatchJson([property: JsonPropertyName("responses")] BatchAnswerJson?[]? Responses);

/// <summary>One answer of several: the members of a grant or of a refusal, and what is elsewhere in the status line and in a header.</summary>
internal sealed record BatchAnswerJson(
    [property: JsonPropertyName("status")] int Status,
    [property: JsonPropertyName("access_token")] string? AccessToken,
    [property: JsonPropertyName("token_type")] string? TokenType,
    [property: JsonPropertyName("expires_in")] long ExpiresIn,
    [property: JsonPropertyName("scope")] string? Scope,
    [property: JsonPropertyName("error")] string? Error,
    [property: JsonPropertyName("error_description")] string? Description,
    [property: JsonPropertyName("decision_id")] string? DecisionId,
    [property: JsonPropertyName("step_up")] string?[]? StepUp,
    [property: JsonPropertyName("retry_after")] int? RetryAfter)
{
    [JsonIgnore]
    public GrantJson Grant => new(AccessToken, TokenType, ExpiresIn, Scope, StepUp);

    [JsonIgnore]
    public RefusalJson Refusal => new(Error, Description, StepUp, DecisionId);
}

[JsonSourceGenerationOptions(AllowDuplicateProperties = false)]
[JsonSerializable(typeof(MetadataJson))]
[JsonSerializable(typeof(GrantJson))]
[JsonSerializable(typeof(RefusalJson))]
[JsonSerializable(typeof(BatchJson))]
internal sealed partial class ClientJson : JsonSerializerContext;
