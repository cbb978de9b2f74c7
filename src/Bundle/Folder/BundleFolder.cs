using System.Text;
using Assay.Bundle.Yaml;
using Assay.Cedar;

namespace Assay.Bundle.Folder;

/// <summary>
/// The files of a bundle folder, each with its text. Knows what may lie where; what it does not know is a fault, because a policy in a
/// misspelt folder would silently not be in force.
/// </summary>
internal sealed class BundleFolder
{
    public const int MostFiles = 10_000;
    public const int LargestYaml = 256 * 1024;
    public const int LargestPolicy = 1024 * 1024;
    public const int LargestBundle = 32 * 1024 * 1024;

    private static readonly Dictionary<string, string[]> Folders = new(StringComparer.Ordinal)
    {
        ["identities"] = [".yaml"],
        ["apis"] = [".yaml"],
        ["policies"] = [".cedar"],
        ["keys"] = [".jwk", ".json"],
        ["tests"] = [".yaml"],
    };

    private static readonly Dictionary<string, string> Singular = new(StringComparer.Ordinal)
    {
        ["policy"] = "policies",
        ["identity"] = "identities",
        ["api"] = "apis",
        ["key"] = "keys",
        ["test"] = "tests",
    };

    private static readonly string[] RootFiles = ["bundle.yaml", "roles.yaml", "teams.yaml", "links.yaml", "schema.cedarschema"];
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly string real;
    private readonly FaultList faults;
    private long total;

    private BundleFolder(string real, FaultList faults) => (this.real, this.faults) = (real, faults);

    /// <summary>The folder's own name, links followed.</summary>
    public string Name => Path.GetFileName(real);

    /// <summary>Files by their path in the folder, with <c>/</c>; only those a reader knows what to do with.</summary>
    public SortedDictionary<string, string> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>A file that belongs here could not be read: what it declares is unknown.</summary>
    public HashSet<string> Unreadable { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads the whole folder. Null, with a fault, when there is none.</summary>
    public static BundleFolder? Read(string folder, FaultList faults)
    {
        if (!Directory.Exists(folder))
        {
            faults.Add(folder, File.Exists(folder) ? "this is a file; a bundle is a folder" : "there is no such folder");
            return null;
        }

        if (RealPath.Of(folder) is not { } real)
        {
            faults.Add(folder, "its symbolic links go round in a circle");
            return null;
        }

        var result = new BundleFolder(real, faults);
        try
        {
            result.ReadRoot();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            faults.Add(folder, $"the folder cannot be read: {exception.Message}");
        }

        return result;
    }

    /// <summary>All file paths in one subfolder, sorted.</summary>
    public IEnumerable<string> In(string folder) => Files.Keys.Where(path => path.StartsWith(folder + "/", StringComparison.Ordinal));

    private void ReadRoot()
    {
        var any = false;
        foreach (var (path, isFolder) in Entries(real, ""))
        {
            any = true;
            if (isFolder)
                ReadSubfolder(path);
            else if (RootFiles.Contains(path))
                ReadFile(path);
            else
                faults.Add(path, UnknownFile(path));
        }

        if (!any)
            faults.Add("bundle.yaml", "the folder has nothing in it that a bundle is made of; it needs identities/, apis/ or policies/");
    }

    private void ReadSubfolder(string folder)
    {
        if (folder == "issuers")
        {
            faults.Add(folder, "trusted issuers are not read by this version; take the folder out, or what it declares would silently not hold");
            return;
        }

        if (!Folders.TryGetValue(folder, out var endings))
        {
            faults.Add(folder, $"unknown folder{DidYouMean.Hint(Singular.GetValueOrDefault(folder, folder), Folders.Keys)}; a bundle has identities/, apis/, policies/, keys/ and tests/");
            return;
        }

        foreach (var (path, isFolder) in Entries(Path.Combine(real, folder), folder + "/"))
        {
            if (isFolder)
                faults.Add(path, $"a folder in {folder}/ is not read; put its files into {folder}/ itself");
            else if (endings.Contains(Path.GetExtension(path)))
                ReadFile(path);
            else
                faults.Add(path, $"a file in {folder}/ must end in {string.Join(" or ", endings)}{(Path.GetExtension(path) == ".yml" && endings[0] == ".yaml" ? "; rename it" : "; rename it or take it out")}");
        }
    }

    private static string UnknownFile(string path) => path switch
    {
        "signals.yaml" => "signal sources are not read by this version; take the file out, or what it declares would silently not hold",
        _ when Path.GetExtension(path) == ".cedar" => "a policy lies in policies/; move it there",
        _ => $"unknown file{DidYouMean.Hint(path, RootFiles)}; here lie {string.Join(", ", RootFiles)}, identities/, apis/, policies/, keys/ and tests/ (Markdown files are skipped)",
    };

    // Dot files (also Kubernetes' ..data) and Markdown are not the bundle's business.
    private IEnumerable<(string Path, bool IsFolder)> Entries(string folder, string prefix)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            if (entry.Name.StartsWith('.') || entry.Extension.Equals(".md", StringComparison.OrdinalIgnoreCase))
                continue;

            var path = prefix + entry.Name;
            var target = RealPath.Of(entry.FullName);
            if (target is null || !RealPath.IsWithin(target, real))
                faults.Add(path, "this symbolic link leads out of the bundle's folder; copy the file into it");
            else if (Directory.Exists(target))
                yield return (path, true);
            else if (File.Exists(target))
                yield return (path, false);
            else
                faults.Add(path, "this symbolic link leads nowhere");
        }
    }

    private void ReadFile(string path)
    {
        if (Files.Count >= MostFiles)
        {
            if (Unreadable.Add(path) && Files.Count == MostFiles)
                faults.Add(path, $"the bundle has more than {MostFiles} files; split it into several");
            return;
        }

        if (ReadText(path) is { } text)
            Files.Add(path, text);
        else
            Unreadable.Add(path);
    }

    private string? ReadText(string path)
    {
        var largest = path.EndsWith(".yaml", StringComparison.Ordinal) ? LargestYaml : LargestPolicy;
        byte[] bytes;
        try
        {
            using var file = new FileStream(Path.Combine(real, path), FileMode.Open, FileAccess.Read, FileShare.Read);
            if (file.Length > largest)
            {
                faults.Add(path, $"the file is larger than {largest / 1024} KiB; split it");
                return null;
            }

            bytes = new byte[file.Length];
            file.ReadExactly(bytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            faults.Add(path, $"the file cannot be read: {exception.Message}");
            return null;
        }

        total += bytes.Length;
        if (total > LargestBundle)
        {
            faults.Add(path, $"with this file the bundle is larger than {LargestBundle / 1024 / 1024} MiB; split it into several");
            return null;
        }

        return Decode(path, bytes);
    }

    private string? Decode(string path, byte[] bytes)
    {
        var content = bytes.AsSpan();
        if (content.StartsWith(Encoding.UTF8.Preamble))
            content = content[Encoding.UTF8.Preamble.Length..];

        try
        {
            return StrictUtf8.GetString(content);
        }
        catch (DecoderFallbackException exception)
        {
            var good = content[..Math.Clamp(exception.Index, 0, content.Length)];
            var line = good.Count((byte)'\n') + 1;
            var column = Encoding.UTF8.GetCharCount(good[(good.LastIndexOf((byte)'\n') + 1)..]) + 1;
            faults.Add(new FilePosition(path, line, column), "this is not UTF-8; save the file as UTF-8");
            return null;
        }
    }
}
