using System.Globalization;

namespace Assay.Local;

/// <summary>The options of a command, as <c>--name value</c>.</summary>
internal sealed class Settings
{
    public const string Usage = """
        usage:
          load prepare --silos <url,…> --admin-key <bootstrap.jwk> --identities 10000 [--secrets 100] [--issuer <url>] [--admin assay-bootstrap] --out population.json
              makes the population in a cluster that serves nobody: its policy set is replaced
          load run <workload,…|all> --population population.json --silos <url,…> [--rate 500] [--seconds 30] [--warmup 10] [--callers 64] [--connections 256]
              [--in-flight 4096] [--http2 true] [--batch 64] [--victim <pid>] [--start '<command>'] [--p99 <ms>] [--out <folder>]
              --callers: a closed loop, for the greatest rate. Exit code 0 when all limits hold, 1 when not, 2 when it could not be run
          load bodies secret|key|batch --population population.json --count 1000 [--identities 100] [--life 300] [--scope load:read] [--batch 64] --out <file>
          load bodies pem --key <key.pem> --kid c1 --audience <url> --prefix worker- --identities 100 --count 1000 [--life 300] --scope orders.read --out <file>
              request bodies for other load generators, one a line; assertions in them are for one use
          load list
        """;

    private readonly Dictionary<string, string> given = new(StringComparer.Ordinal);

    public Settings(ReadOnlySpan<string> options, params ReadOnlySpan<string> known)
    {
        for (var i = 0; i < options.Length; i += 2)
        {
            if (!options[i].StartsWith("--", StringComparison.Ordinal) || !known.Contains(options[i][2..]))
                throw new UsageException($"'{options[i]}' is not an option of this command");
            given[options[i][2..]] = i + 1 < options.Length ? options[i + 1] : throw new UsageException($"{options[i]} needs a value");
        }
    }

    public IReadOnlyDictionary<string, string> Given => given;

    public string Text(string name) => given.GetValueOrDefault(name) ?? throw new UsageException($"--{name} is missing");

    public string Text(string name, string otherwise) => given.GetValueOrDefault(name) ?? otherwise;

    public bool Has(string name) => given.ContainsKey(name);

    public int Whole(string name, int otherwise, int least, int most) =>
        !given.TryGetValue(name, out var text) ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number
        : throw new UsageException($"--{name}: '{text}' is not a whole number from {least} to {most}");

    public double? Number(string name) =>
        !given.TryGetValue(name, out var text) ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
        : throw new UsageException($"--{name}: '{text}' is not a number above 0");

    public Uri[] Silos() => [.. Text("silos").Split(',').Select(text => Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var url) ? url : throw new UsageException($"--silos: '{text}' is no URL"))];
}

internal sealed class UsageException(string message) : Exception(message);
