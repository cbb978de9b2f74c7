using System.Globalization;
using System.Text.Json;

namespace Assay.Cedar.Tests.Corpus;

public sealed class ConformanceCorpusTests(ITestOutputHelper output)
{
    private const int Shown = 10;

    [Theory]
    [InlineData("corpus", 10_000, 0)]
    [InlineData("validation", 20, 5)]
    public void Every_entity_and_request_conforms_or_not_as_officially(string name, int atLeast, int refusedAtLeast)
    {
        var archive = Archive.Open(name);
        var (count, refused) = (0, 0);
        var differences = new List<string>();

        foreach (var path in archive.Paths(".validation.json"))
        {
            var test = path.Replace(".validation", "", StringComparison.Ordinal);
            using var json = archive.Json(test);
            using var golden = archive.Json(path);
            using var entities = archive.Json(Archive.Beside(test, json.RootElement.GetProperty("entities").GetString()!));
            var schema = SchemaOf(archive, test, json.RootElement);

            var answers = entities.RootElement.EnumerateArray().Select(entity => (Name(entity), Refusal(() => CedarJson.ReadEntity(entity, schema))))
                .Concat(json.RootElement.GetProperty("requests").EnumerateArray().Select((request, i) => ($"{i}", Refusal(() => Check(request, schema)))));
            foreach (var (what, refusal) in answers)
            {
                count++;
                refused += refusal is null ? 0 : 1;
                if (IsOfficial(golden.RootElement, what) != (refusal is null))
                    differences.Add($"{test}, {what}: {refusal ?? "conforms"}");
            }
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {count - differences.Count} of {count} agree, {refused} do not conform"));
        Assert.True(differences.Count == 0, string.Join('\n', differences.Take(Shown)));
        Assert.True(count >= atLeast, $"{name} holds only {count} entities and requests");
        Assert.True(refused >= refusedAtLeast, $"only {refused} do not conform");
    }

    [Theory]
    [InlineData("corpus", 1_000)]
    [InlineData("corpus-4.9", 1_000)]
    [InlineData("corpus-4.8", 1_000)]
    public void All_entities_and_requests_of_a_generated_test_conform_together(string name, int atLeast)
    {
        var archive = Archive.Open(name);
        var count = 0;
        var differences = new List<string>();

        foreach (var test in archive.Tests)
        {
            using var json = archive.Json(test);
            var schema = SchemaOf(archive, test, json.RootElement);
            count++;
            var entities = archive.Bytes(Archive.Beside(test, json.RootElement.GetProperty("entities").GetString()!));
            if (Refusal(() => CedarJson.ReadEntities(entities, schema)) is { } refusal)
                differences.Add($"{test}: {refusal}");

            differences.AddRange(json.RootElement.GetProperty("requests").EnumerateArray().Select(request => Refusal(() => Check(request, schema))).OfType<string>());
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences.Take(Shown)));
        Assert.True(count >= atLeast, $"{name} holds only {count} tests");
    }

    private static Schema SchemaOf(Archive archive, string test, JsonElement json)
    {
        var path = Archive.Beside(test, json.GetProperty("schema").GetString()!);
        var parse = Schema.Parse(archive.Text(path), path);
        return parse.Schema ?? throw new InvalidDataException(string.Join('\n', parse.Faults));
    }

    private static void Check(JsonElement json, Schema schema)
    {
        var action = Uid(json.GetProperty("action"));
        var request = new Request(Uid(json.GetProperty("principal")), action, Uid(json.GetProperty("resource")), CedarJson.ReadContext(json.GetProperty("context"), schema, action));
        if (schema.Validate(request) is { IsEmpty: false } faults)
            throw new CedarDataException(string.Join("; ", faults));
    }

    private static string? Refusal(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (CedarDataException exception)
        {
            return exception.Message;
        }
    }

    private static bool IsOfficial(JsonElement golden, string what) =>
        golden.GetProperty("entityValidation").GetProperty("perEntity").TryGetProperty(what, out var entity)
            ? !entity.TryGetProperty("errors", out _)
            : golden.GetProperty("requestValidation")[int.Parse(what, CultureInfo.InvariantCulture)] is var request
              && request.GetProperty("strict").GetBoolean()
              && request.GetProperty("permissive").GetBoolean();

    private static string Name(JsonElement entity)
    {
        var uid = entity.GetProperty("uid");
        if (uid.TryGetProperty("__entity", out var inner))
            uid = inner;

        return $"{uid.GetProperty("type").GetString()}::{uid.GetProperty("id").GetString()}";
    }

    private static EntityUid Uid(JsonElement uid) => new(uid.GetProperty("type").GetString()!, uid.GetProperty("id").GetString()!);
}
