namespace Assay.Cedar.Tests.Corpus;

public sealed class EntityParsingCorpusTests
{
    // These fail upstream only because a schema says what must stand there; without one the text is well-formed.
    private static readonly string[] NeedSchema =
    [
        "bad-entity-ref-non-string-id", "bad-entity-ref-non-string-type", "missing-required-attr", "record-non-record", "set-non-set",
    ];

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
            expected[test] = parsing.RootElement.GetProperty("allEntities").GetProperty("success").GetBoolean();
            actual[test] = IsRead(archive.Bytes(Archive.Beside(test, json.RootElement.GetProperty("entities").GetString()!)));
        }

        Assert.Equal(expected, actual);
        Assert.Contains(false, expected.Values);
    }

    private static bool IsRead(ReadOnlyMemory<byte> entities)
    {
        try
        {
            return CedarJson.ReadEntities(entities).Count > 0;
        }
        catch (CedarDataException)
        {
            return false;
        }
    }
}
