namespace Assay.Client.Tests.Documentation;

/// <summary>The files of the repository that these tests are about.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    /// <summary>Debug or Release, as these tests were built: bin/configuration/framework.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>Where a project beside these tests was built.</summary>
    public static string Output(string project) => Path.Combine(Root, project, "bin", Configuration, new DirectoryInfo(AppContext.BaseDirectory).Name);

    /// <summary>Its text, with line feeds.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path)).ReplaceLineEndings("\n");

    /// <summary>Every page, as a path from the root: also those that come with the packages and the samples.</summary>
    public static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(Root, "*.md")
            .Concat(new[] { "docs", "samples", "src", "perf", "tests" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.md", SearchOption.AllDirectories)))
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(folder => folder is "bin" or "obj" or "node_modules"))
            .Order(StringComparer.Ordinal);

    private static string Find()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "Cluster.sln")))
            at = at.Parent ?? throw new InvalidOperationException("the tests do not run from a checkout");
        return at.FullName;
    }
}
