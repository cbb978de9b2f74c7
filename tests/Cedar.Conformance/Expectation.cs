using System.Text.Json;

namespace Assay.Cedar.Conformance;

/// <summary>One request of a test and what its decision must be.</summary>
/// <param name="Request">The request.</param>
/// <param name="Answer">Decision, determining policies and policies in error, each set in order.</param>
internal sealed record Expectation(Request Request, string Answer)
{
    public static Expectation Read(JsonElement json, Schema schema)
    {
        var isValidated = !json.TryGetProperty("validateRequest", out var validate) || validate.GetBoolean();
        return new Expectation(
            isValidated ? ReadRequest(json, schema) : ReadAny(json, schema),
            Show(json.GetProperty("decision").GetString()!, Ids(json, "reason"), Ids(json, "errors")));
    }

    /// <summary>Reads a request by a schema, to which it must conform.</summary>
    public static Request ReadRequest(JsonElement json, Schema schema)
    {
        var request = Read(json, CedarJson.ReadContext(json.GetProperty("context"), schema, Uid(json, "action")));
        return schema.Validate(request) is { IsEmpty: false } faults ? throw new CedarDataException(string.Join("; ", faults)) : request;
    }

    /// <summary>Reads a request that need not conform: by the schema as far as that says what the context is.</summary>
    private static Request ReadAny(JsonElement json, Schema schema)
    {
        try
        {
            return Read(json, CedarJson.ReadContext(json.GetProperty("context"), schema, Uid(json, "action")));
        }
        catch (CedarDataException)
        {
            return Read(json, CedarJson.ReadContext(json.GetProperty("context")));
        }
    }

    private static Request Read(JsonElement json, RecordValue context) => new(Uid(json, "principal"), Uid(json, "action"), Uid(json, "resource"), context);

    public static string Show(AuthorizationResult result) => Show(
        result.Decision == Decision.Allow ? "allow" : "deny",
        result.Reasons.Select(policy => policy.Id),
        result.Errors.Select(error => error.Policy.Id));

    private static string Show(string decision, IEnumerable<string> reasons, IEnumerable<string> errors) =>
        $"{decision} by [{string.Join(", ", reasons.Order(StringComparer.Ordinal))}], errors in [{string.Join(", ", errors.Order(StringComparer.Ordinal))}]";

    private static EntityUid Uid(JsonElement json, string name)
    {
        var uid = json.GetProperty(name);
        return new EntityUid(uid.GetProperty("type").GetString()!, uid.GetProperty("id").GetString()!);
    }

    private static IEnumerable<string> Ids(JsonElement json, string name) => json.GetProperty(name).EnumerateArray().Select(id => id.GetString()!);
}
