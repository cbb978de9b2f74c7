using System.Globalization;

namespace Assay.Cedar.Conformance;

/// <summary>What is known of the tests of a generated archive beside what they say themselves.</summary>
internal sealed class Manifest
{
    private readonly HashSet<string> drifting = new(StringComparer.Ordinal);
    private readonly HashSet<string> tests = new(StringComparer.Ordinal);

    /// <summary>Reads a manifest; an archive without one has nothing to know.</summary>
    public static Manifest Open(string path)
    {
        var manifest = new Manifest();
        if (!File.Exists(path))
            return manifest;

        var lines = File.ReadAllLines(path);
        var header = lines.Length == 0 ? [] : lines[0].Split('\t');
        var (name, drift) = (Array.IndexOf(header, "name"), Array.IndexOf(header, "validator_drift"));
        if (name < 0 || drift < 0)
            throw new InvalidDataException($"{path} has no columns name and validator_drift");

        foreach (var (i, line) in lines.Index().Skip(1).Where(line => line.Item.Length > 0))
        {
            var columns = line.Split('\t');
            if (columns.Length != header.Length)
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{path}:{i + 1} has {columns.Length} columns, its first line {header.Length}"));

            manifest.tests.Add(columns[name]);
            if (columns[drift] == "1")
                manifest.drifting.Add(columns[name]);
        }

        return manifest;
    }

    /// <summary>How many of its tests are not among those of the archive.</summary>
    public int Missing(IEnumerable<string> present) => tests.Except(present.Select(test => Path.GetFileNameWithoutExtension(test)), StringComparer.Ordinal).Count();

    /// <summary>
    /// Engine 4.10, which wrote the expectation, refuses a policy of this test because no action applies to its head, and 4.13.0 only warns.
    /// This library does as 4.13.0, so what is expected of such a test is that it validates.
    /// </summary>
    public bool HasDrifted(string test) => drifting.Contains(Path.GetFileNameWithoutExtension(test));
}
