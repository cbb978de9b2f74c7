using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Assay.Cli.Output;

/// <summary>JSON as the admin API speaks it: lowerCamelCase, names for enumerations, absent instead of null.</summary>
internal static class JsonForm
{
    public static JsonSerializerOptions Web { get; } = Of(null);

    public static JsonSerializerOptions Of(JsonSerializerOptions? basis) => new(basis ?? new JsonSerializerOptions())
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}
