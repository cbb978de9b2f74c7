using System.Globalization;

namespace Assay.Baseline;

/// <summary>What is measured, for how long, and where its files lie.</summary>
/// <param name="Silo">The published silo.</param>
/// <param name="Bundle">The bundle whose API, roles and policies are used; its identities are replaced by generated ones.</param>
/// <param name="Work">Emptied at the start: bundle, data folder, key-encryption key.</param>
/// <param name="Output">Gets one JSON line per measured phase; null for none.</param>
/// <param name="Beside">Another published silo, of before a change for instance, to be measured in the same rounds; empty for none.</param>
/// <param name="Only">Targets whose names hold this text; empty for all.</param>
/// <param name="Silos">For scaling: how many silos, one measurement each; 8 at most.</param>
/// <param name="Postgres">For scaling: connects to a server with empty databases named one, two, three …</param>
/// <param name="Postmaster">For scaling: that server's first process.</param>
internal sealed record Settings(
    string Silo, string Bundle, string Work, int Rounds, TimeSpan Phase, TimeSpan WarmUp, int[] Concurrency, string? Output, int[] Silos, string Postgres, int Postmaster, string Only,
    string Beside)
{
    public const string Usage = "[--rounds 3] [--seconds 3] [--warmup 10] [--concurrency 16,64] [--only text] [--beside <published silo>] [--output results.jsonl]";

    public static Settings From(string[] options)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < options.Length; i += 2)
        {
            if (options[i] is not ("--silo" or "--bundle" or "--work" or "--rounds" or "--seconds" or "--warmup" or "--concurrency" or "--output" or "--only" or "--beside"
                or "--silos" or "--postgres" or "--postmaster"))
                throw new InvalidOperationException($"'{options[i]}' is not an option. {Usage}");
            given[options[i]] = i + 1 < options.Length ? options[i + 1] : throw new InvalidOperationException($"{options[i]} needs a value. {Usage}");
        }

        return new Settings(
            Needed("--silo"),
            Needed("--bundle"),
            Needed("--work"),
            Number("--rounds", 3, 1, 1000),
            TimeSpan.FromSeconds(Number("--seconds", 3, 1, 60)),
            TimeSpan.FromSeconds(Number("--warmup", 10, 0, 600)),
            [.. given.GetValueOrDefault("--concurrency", "16,64").Split(',').Select(one => Whole("--concurrency", one, 1, 4096))],
            given.GetValueOrDefault("--output"),
            [.. given.GetValueOrDefault("--silos", "1,2,3").Split(',').Select(one => Whole("--silos", one, 1, 8))],
            given.GetValueOrDefault("--postgres", ""),
            Number("--postmaster", 0, 1, int.MaxValue),
            given.GetValueOrDefault("--only", ""),
            given.GetValueOrDefault("--beside", ""));

        string Needed(string name) => given.GetValueOrDefault(name) ?? throw new InvalidOperationException($"{name} is missing");
        int Number(string name, int otherwise, int least, int most) => given.TryGetValue(name, out var text) ? Whole(name, text, least, most) : otherwise;
    }

    /// <summary>Nothing is left of an earlier run.</summary>
    public void BeginAnew()
    {
        if (Directory.Exists(Work))
            Directory.Delete(Work, recursive: true);
        if (Output is not null)
            File.Delete(Output);
    }

    private static int Whole(string name, string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new InvalidOperationException($"{name}: '{text}' is not a whole number from {least} to {most}");
}
