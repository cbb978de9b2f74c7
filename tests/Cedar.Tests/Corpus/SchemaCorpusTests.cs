using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Assay.Cedar.Tests.Corpus;

public sealed class SchemaCorpusTests(ITestOutputHelper output)
{
    private const string Ending = ".cedarschema";
    private const int Shown = 10;

    [Theory]
    [InlineData("corpus", 1_000)]
    [InlineData("corpus-4.9", 1_000)]
    [InlineData("corpus-4.8", 1_000)]
    [InlineData("handwritten", 1)]
    [InlineData("validation", 20)]
    [InlineData("entity-parsing", 1)]
    public void Every_schema_resolves_and_says_the_same_however_it_is_written(string name, int atLeast)
    {
        var archive = Archive.Open(name);

        Check(archive.Paths(Ending), atLeast, path =>
        {
            var fragment = Fragment(SchemaFragment.Parse(archive.Text(path), path));
            var json = fragment.ToJson();
            var fromJson = Fragment(SchemaFragment.FromJson(Encoding.UTF8.GetBytes(json), path));

            AssertSame(json, Fragment(SchemaFragment.Parse(fragment.ToCedar(), path)).ToJson());
            AssertSame(json, fromJson.ToJson());
            AssertSame(json, Fragment(SchemaFragment.Parse(fromJson.ToCedar(), path)).ToJson());
            Assert.Equal(SchemaText.Of(Schema.Of([fragment]).Schema!), SchemaText.Of(Schema.Of([fromJson]).Schema!));
        });
    }

    [Fact]
    public void Every_schema_becomes_the_official_json_and_back()
    {
        var archive = Archive.Open("corpus");

        Check(archive.Paths(Ending), 1_000, path =>
        {
            var official = archive.Text(path + ".json");
            var text = Fragment(SchemaFragment.FromJson(archive.Bytes(path + ".json"), path)).ToCedar();

            AssertSame(official, Fragment(SchemaFragment.Parse(archive.Text(path), path)).ToJson());
            AssertSame(official, Fragment(SchemaFragment.Parse(text, path)).ToJson());
        });
    }

    private void Check(IEnumerable<string> paths, int atLeast, Action<string> check)
    {
        var count = 0;
        var differences = new List<string>();
        foreach (var path in paths)
        {
            count++;
            try
            {
                check(path);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                differences.Add($"{path}: {exception.Message}");
            }
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count - differences.Count} of {count} schemas agree"));
        Assert.True(differences.Count == 0, string.Join('\n', differences.Take(Shown)));
        Assert.True(count >= atLeast, $"only {count} schemas");
    }

    private static SchemaFragment Fragment(SchemaFragmentParse parse) =>
        parse.Fragment ?? throw new InvalidDataException(string.Join('\n', parse.Faults));

    private static void AssertSame(string expected, string actual)
    {
        using var left = JsonDocument.Parse(expected);
        using var right = JsonDocument.Parse(actual);
        if (!JsonElement.DeepEquals(left.RootElement, right.RootElement))
            throw new InvalidDataException($"expected {expected}, got {actual}");
    }
}
