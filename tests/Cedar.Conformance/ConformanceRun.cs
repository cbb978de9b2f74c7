namespace Assay.Cedar.Conformance;

/// <summary>
/// Reads every archive of a folder and holds this library against what it expects. Which checks a test gets depends on what it brings along
/// (requests, goldens, a schema), never on names.
/// </summary>
internal static class ConformanceRun
{
    private const int Shown = 10;

    /// <summary>Reports on each archive, then the first differences, then the sum.</summary>
    /// <returns>0 when there was something to check and all of it agrees, else 1.</returns>
    public static int Run(string folder, TextWriter output)
    {
        var total = new Tally();
        try
        {
            foreach (var path in Directory.GetFiles(folder, "*" + Archive.Ending).Order(StringComparer.Ordinal))
                total.Add(RunArchive(path, output));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            output.WriteLine($"cannot read {folder}: {exception.Message}");
        }

        if (total.Differences.Count > 0)
            output.WriteLine($"the first {Math.Min(Shown, total.Differences.Count)} of {total.Differences.Count} differences:");

        foreach (var difference in total.Differences.Take(Shown))
            output.WriteLine($"  {difference}");

        if (total.Passed + total.Failed == 0)
            output.WriteLine($"nothing to check was found in {folder}");

        output.WriteLine($"{total.Passed} passed, {total.Failed} failed");
        return total is { Passed: > 0, Failed: 0 } ? 0 : 1;
    }

    private static Tally RunArchive(string path, TextWriter output)
    {
        var tally = new Tally();
        var name = Path.GetFileName(path)[..^Archive.Ending.Length];
        var tests = 0;
        tally.Try("archive", name, () =>
        {
            var archive = Archive.Open(path);
            var manifest = Manifest.Open(Path.ChangeExtension(Path.ChangeExtension(path, null), ".manifest.tsv"));
            string[] present = [.. archive.Tests];
            tests = present.Length;
            if (manifest.Missing(present) is > 0 and var missing)
                tally.Note("tests of the manifest that are not in the archive", missing);

            foreach (var test in present)
            {
                tally.Try("test", test, () => new TestChecks(archive, test, manifest, tally).Run());
            }

            foreach (var schema in archive.Paths(SchemaChecks.Ending))
                SchemaChecks.Run(archive, schema, tally);

            if (tests == 0)
                throw new InvalidDataException("holds no test");
        });
        output.WriteLine($"{name}: {tests} tests; {tally}");
        return tally;
    }
}
