using System.Text.Json;

namespace Assay.Cedar.Tests.Corpus;

public sealed class HandwrittenCorpusTests
{
    [Fact]
    public void Requests_whose_context_only_a_schema_explains_get_the_official_answer()
    {
        var archive = Archive.Open("handwritten");
        var expected = new List<string>();
        var actual = new List<string>();

        foreach (var test in archive.Tests.Where(path => path.StartsWith("handwritten/tests/", StringComparison.Ordinal)))
        {
            using var json = archive.Json(test);
            var schema = Schema.Parse(Named(archive, json, "schema"), test).Schema!;
            var policies = PolicySet.Parse(Named(archive, json, "policies"), test).Set!;
            var entities = CedarJson.ReadEntities(Named(archive, json, "entities"), schema);
            foreach (var request in json.RootElement.GetProperty("requests").EnumerateArray())
            {
                var place = $"{test}: {request.GetProperty("description").GetString()}";
                expected.Add($"{place} {request.GetProperty("decision").GetString()} {Ids(request, "reason")} {Ids(request, "errors")}");
                actual.Add($"{place} {Answer(request, schema, policies, entities)}");
            }
        }

        Assert.Equal(expected, actual);
        Assert.True(expected.Count >= 10, $"only {expected.Count} requests");
    }

    private static string Answer(JsonElement json, Schema schema, PolicySet policies, Entities entities)
    {
        var action = Uid(json, "action");
        var request = new Request(Uid(json, "principal"), action, Uid(json, "resource"), CedarJson.ReadContext(json.GetProperty("context"), schema, action));
        Assert.Empty(schema.Validate(request));

        var result = Authorizer.Authorize(policies, request, entities);
        return $"{(result.Decision == Decision.Allow ? "allow" : "deny")} {Joined(result.Reasons.Select(policy => policy.Id))} {Joined(result.Errors.Select(error => error.Policy.Id))}";
    }

    private static string Named(Archive archive, JsonDocument json, string name) => archive.Text($"handwritten/{json.RootElement.GetProperty(name).GetString()}");

    private static EntityUid Uid(JsonElement request, string name) =>
        request.GetProperty(name) is var uid ? new EntityUid(uid.GetProperty("type").GetString()!, uid.GetProperty("id").GetString()!) : default;

    private static string Ids(JsonElement request, string name) => Joined(request.GetProperty(name).EnumerateArray().Select(id => id.GetString()!));

    private static string Joined(IEnumerable<string> ids) => $"[{string.Join(' ', ids.Order(StringComparer.Ordinal))}]";
}
