using System.Collections.Immutable;
using System.Globalization;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary>
/// <c>--fail-on lose,gain:5</c>: from how many on a replay does not pass. What could not be decided again is not known to be harmless: once there is any
/// threshold, one record left out crosses too, unless <c>left-out:n</c> allows more.
/// </summary>
internal sealed class Thresholds
{
    private const string LeftOut = "left-out";

    /// <summary>As they are typed, as the server calls them, and in a sentence about one identity and about several.</summary>
    private static readonly ImmutableArray<(string Word, string Kind, string One, string Several)> Kinds =
    [
        ("lose", "lost", "identity loses", "identities lose"),
        ("step-up", "stepUp", "identity needs a verification", "identities need a verification"),
        ("gain", "gained", "identity gains", "identities gain"),
        ("shorter", "shorter", "identity gets shorter lives", "identities get shorter lives"),
        ("longer", "longer", "identity gets longer lives", "identities get longer lives"),
    ];

    private readonly Dictionary<string, long> from;

    private Thresholds(Dictionary<string, long> from) => this.from = from;

    public static Thresholds Read(string? text)
    {
        var from = new Dictionary<string, long>(StringComparer.Ordinal);
        if (text is null)
            return new Thresholds(from);

        foreach (var part in text.Split(','))
        {
            var (word, number) = part.Trim().Split(':') switch
            {
                [var name] => (name, 1L),
                [var name, var count] when long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var least) && least > 0 => (name, least),
                _ => ("", 0L),
            };
            if ((word != LeftOut && !Kinds.Any(kind => kind.Word == word)) || !from.TryAdd(word, number))
                throw Failure.Usage($"--fail-on '{part}' is not understood.", $"Name each once, perhaps with a number from 1 on: {string.Join(", ", Kinds.Select(kind => kind.Word))}, {LeftOut}; for instance lose,gain:5.");
        }

        from.TryAdd(LeftOut, 1);
        return new Thresholds(from);
    }

    /// <summary>A sentence for each that is crossed.</summary>
    public ImmutableArray<string> Crossed(ReplayReportView report)
    {
        var crossed = ImmutableArray.CreateBuilder<string>();
        foreach (var (word, kind, one, several) in Kinds)
        {
            var found = report.Totals.FirstOrDefault(total => total.Kind == kind)?.Identities ?? 0;
            if (from.TryGetValue(word, out var least) && found >= least)
                crossed.Add($"{Say.Count(found, one, several)} (--fail-on {word}:{least})");
        }

        if (from.TryGetValue(LeftOut, out var most) && report.LeftOut.Count >= most)
            crossed.Add($"{Say.Count(report.LeftOut.Count, "record was", "records were")} left out: what they would be is not known (--fail-on {LeftOut}:{most})");
        return crossed.DrainToImmutable();
    }
}
