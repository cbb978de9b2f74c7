using System.Text.Json.Serialization;

namespace Assay.Client;

/// <summary>RFC 8414 §2, as far as it is needed here.</summary>
internal sealed record MetadataJson(
    [property: JsonPropertyName("issuer")] string? Issuer,
    [property: JsonPropertyName("token_endpoint")] string? TokenEndpoint);

/// <summary>RFC 6749 §5.1.</summary>
internal sealed record GrantJson(
    [property: JsonPropertyName("access_token")] string? AccessToken,
    [property: JsonPropertyName("token_type")] string? TokenType,
    [property: JsonPropertyName("expires_in")] long ExpiresIn,
    [property: JsonPropertyName("scope")] string? Scope);

/// <summary>RFC 6749 §5.2.</summary>
internal sealed record RefusalJson(
    [property: JsonPropertyName("error")] string? Error,
    [property: JsonPropertyName("error_description")] string? Description);

[JsonSourceGenerationOptions(AllowDuplicateProperties = false)]
[JsonSerializable(typeof(MetadataJson))]
[JsonSerializable(typeof(GrantJson))]
[JsonSerializable(typeof(RefusalJson))]
internal sealed partial class ClientJson : JsonSerializerContext;
