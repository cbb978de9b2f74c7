using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Assay.Cedar.Conformance;

/// <summary>The files of one archive, by path; read in place, nothing is unpacked.</summary>
internal sealed class Archive
{
    public const string Ending = ".tar.gz";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, byte[]> files = new(StringComparer.Ordinal);

    public static Archive Open(string path)
    {
        var archive = new Archive();
        using var packed = File.OpenRead(path);
        using var tar = new TarReader(new GZipStream(packed, CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.DataStream is not { } data)
                continue;

            using var content = new MemoryStream();
            data.CopyTo(content);
            archive.files[entry.Name] = content.ToArray();
        }

        return archive;
    }

    /// <summary>The tests: <c>N.json</c> (no other dot) that names entities. Other files of that ending are data; what is no JSON is a test that fails.</summary>
    public IEnumerable<string> Tests => Paths(".json").Where(path => !Path.GetFileNameWithoutExtension(path).Contains('.') && IsTest(path));

    public IEnumerable<string> Paths(string ending) => files.Keys.Where(path => path.EndsWith(ending, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    public bool Has(string path) => files.ContainsKey(path);

    public ReadOnlyMemory<byte> Bytes(string path) => files.TryGetValue(path, out var bytes) ? bytes : throw new InvalidDataException($"there is no file {path}");

    public string Text(string path) => Utf8.GetString(Bytes(path).Span);

    public JsonDocument Json(string path) => JsonDocument.Parse(Bytes(path), new JsonDocumentOptions { MaxDepth = 1024 });

    /// <summary>The path of a file a test names: beside the test, or from the top of the archive.</summary>
    public string Locate(string test, string file)
    {
        var beside = $"{test[..(test.LastIndexOf('/') + 1)]}{file}";
        return Has(beside) ? beside : $"{test[..(test.IndexOf('/') + 1)]}{file}";
    }

    private bool IsTest(string path)
    {
        try
        {
            using var json = Json(path);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("entities", out _);
        }
        catch (JsonException)
        {
            return true;
        }
    }
}
