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
        var (name, drift) = (Array.IndexOf(lines[0].Split('\t'), "name"), Array.IndexOf(lines[0].Split('\t'), "validator_drift"));
        if (name < 0 || drift < 0)
            throw new InvalidDataException($"{path} has no columns name and validator_drift");

        foreach (var columns in lines.Skip(1).Select(line => line.Split('\t')))
        {
            manifest.tests.Add(columns[name]);
            if (columns[drift] == "1")
                manifest.drifting.Add(columns[name]);
        }

        return manifest;
    }

    public bool Has(string test) => tests.Contains(Path.GetFileNameWithoutExtension(test));

    /// <summary>
    /// Engine 4.10, which wrote the expectation, refuses a policy of this test because no action applies to its head, and 4.13.0 only warns.
    /// This library does as 4.13.0, so what is expected of such a test is that it validates.
    /// </summary>
    public bool HasDrifted(string test) => drifting.Contains(Path.GetFileNameWithoutExtension(test));
}
