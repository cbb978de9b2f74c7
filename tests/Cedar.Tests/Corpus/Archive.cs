using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Assay.Cedar.Tests.Corpus;

/// <summary>The files of one archive of the corpus, by path.</summary>
internal sealed class Archive
{
    private readonly Dictionary<string, byte[]> files = new(StringComparer.Ordinal);

    /// <summary>Reads an archive, or skips the test where there is none.</summary>
    public static Archive Open(string name)
    {
        var folder = Environment.GetEnvironmentVariable("CEDAR_CORPUS");
        if (string.IsNullOrEmpty(folder))
            Assert.Skip("CEDAR_CORPUS names no folder with the Cedar conformance archives");

        var archive = new Archive();
        using var packed = File.OpenRead(Path.Combine(folder, name + ".tar.gz"));
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

    /// <summary>The test files: <c>N.json</c> beside no other meaning of that ending.</summary>
    public IEnumerable<string> Tests => files.Keys
        .Where(path => path.EndsWith(".json", StringComparison.Ordinal) && !Path.GetFileNameWithoutExtension(path).Contains('.'))
        .Order(StringComparer.Ordinal);

    /// <summary>The files whose names end so, in order.</summary>
    public IEnumerable<string> Paths(string ending) => files.Keys.Where(path => path.EndsWith(ending, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    public bool Has(string path) => files.ContainsKey(path);

    public JsonDocument Json(string path) => JsonDocument.Parse(files[path]);

    public ReadOnlyMemory<byte> Bytes(string path) => files[path];

    public string Text(string path) => Encoding.UTF8.GetString(files[path]);

    /// <summary>The path of a file that a test names, beside it or from the root of the archive.</summary>
    public string Named(string test, JsonElement json, string member)
    {
        var file = json.GetProperty(member).GetString()!;
        var beside = Beside(test, file);
        return Has(beside) ? beside : $"{test[..test.IndexOf('/', StringComparison.Ordinal)]}/{file}";
    }

    /// <summary>The path of a file named in a test, which lies beside it.</summary>
    public static string Beside(string test, string file) => $"{Path.GetDirectoryName(test)}/{file}";
}
