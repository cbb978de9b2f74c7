using System.Text.Json;

namespace Assay.Cedar.Tests.Corpus;

public sealed class EntityParsingCorpusTests
{
    // These fail upstream only because a schema says what must stand there; without one the text is well-formed.
    private static readonly string[] NeedSchema =
    [
        "bad-entity-ref-non-string-id", "bad-entity-ref-non-string-type", "missing-required-attr", "record-non-record", "set-non-set",
    ];

    [Fact]
    public void Entities_are_read_or_refused_by_a_schema_as_officially()
    {
        var archive = Archive.Open("entity-parsing");
        var expected = new Dictionary<string, bool>();
        var actual = new Dictionary<string, bool>();

        foreach (var test in archive.Tests)
        {
            using var json = archive.Json(test);
            using var parsing = archive.Json(Path.ChangeExtension(test, ".parsing.json"));
            using var entities = archive.Json(EntitiesOf(test, json));
            var schema = Schema.Parse(archive.Text(Archive.Beside(test, json.RootElement.GetProperty("schema").GetString()!)), test).Schema!;
            expected[test] = IsSuccess(parsing.RootElement.GetProperty("allEntities"));
            actual[test] = IsRead(() => CedarJson.ReadEntities(entities.RootElement, schema));
            foreach (var entity in entities.RootElement.EnumerateArray())
            {
                var uid = entity.GetProperty("uid");
                var name = $"{uid.GetProperty("type").GetString()}::{uid.GetProperty("id").GetString()}";
                expected[$"{test}, {name}"] = IsSuccess(parsing.RootElement.GetProperty("perEntity").GetProperty(name));
                actual[$"{test}, {name}"] = IsRead(() => CedarJson.ReadEntity(entity, schema));
            }
        }

        Assert.Equal(expected, actual);
        Assert.Contains(false, expected.Values);
    }

    [Fact]
    public void Entities_that_need_no_schema_are_read_or_refused_as_officially()
    {
        var archive = Archive.Open("entity-parsing");
        var expected = new Dictionary<string, bool>();
        var actual = new Dictionary<string, bool>();

        foreach (var test in archive.Tests.Where(path => !NeedSchema.Contains(Path.GetFileNameWithoutExtension(path))))
        {
            using var json = archive.Json(test);
            using var parsing = archive.Json(Path.ChangeExtension(test, ".parsing.json"));
            expected[test] = IsSuccess(parsing.RootElement.GetProperty("allEntities"));
            actual[test] = IsRead(() => CedarJson.ReadEntities(archive.Bytes(EntitiesOf(test, json))));
        }

        Assert.Equal(expected, actual);
        Assert.Contains(false, expected.Values);
    }

    private static string EntitiesOf(string test, JsonDocument json) => Archive.Beside(test, json.RootElement.GetProperty("entities").GetString()!);

    private static bool IsSuccess(JsonElement parsing) => parsing.GetProperty("success").GetBoolean();

    private static bool IsRead(Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (CedarDataException)
        {
            return false;
        }
    }
}
