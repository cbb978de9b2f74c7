using System.Collections;
using System.Globalization;
using System.Reflection;
using Assay.Cedar;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Assay.Grains.Policies;
using Assay.Grains.SharedSignals;
using Assay.Silo.Collectors;
using Assay.Silo.Interconnect;
using Assay.Silo.StatusLists;
using Assay.Silo.Transparency;

namespace Assay.Silo.Hosting;

/// <summary>Every setting a silo has. One that is misspelt would otherwise be as if nobody had made it, and a bound that somebody relies on would not hold.</summary>
internal static class KnownSettings
{
    public const string Usage = """
        Assay.Silo [--data <folder>] [--url <url>] [--http2-url <url>] [--issuer <url>] [--bundle <folder>|none] [--postgres <connection string>] [--Assay:<setting> <value>]
            runs a silo: alone, with SQLite in its data folder, or as one of a cluster over a PostgreSQL database
        Assay.Silo migrate --postgres <connection string>
            brings the database to the schema of this program
        Assay.Silo recover [--checkpoint <file>] [settings of a silo]
            after an older copy of the database was put in its place, and before any silo starts
        Assay.Silo reindex [settings of a silo]
            makes the index of the evidence in a data folder anew from the records

        Settings also come from the environment (Assay__Url, ASSAY_DATA, ASSAY_KEK_FILE, ASSAY_POSTGRES) and from appsettings.json. README.md lists them.
        """;

    private static readonly string[] HelpOptions = ["--help", "-h", "-?"];

    /// <summary>The short names, and what each stands for.</summary>
    public static readonly Dictionary<string, string> Short = new()
    {
        ["--data"] = "Assay:Data", ["--url"] = "Assay:Url", ["--http2-url"] = "Assay:Http2Url", ["--issuer"] = "Assay:Issuer", ["--bundle"] = "Assay:Bundle", ["--postgres"] = "Assay:Postgres",
    };

    private static readonly (string Section, Type Options)[] Sections =
    [
        (ServerOptions.Section, typeof(ServerOptions)), (AuthorityOptions.Section, typeof(AuthorityOptions)), (EvidenceOptions.Section, typeof(EvidenceOptions)),
        (DecisionOptions.Section, typeof(DecisionOptions)), (PolicyOptions.Section, typeof(PolicyOptions)), (KeyOptions.Section, typeof(KeyOptions)), (EventOptions.Section, typeof(EventOptions)),
        (LogOptions.Section, typeof(LogOptions)), (StatusListOptions.Section, typeof(StatusListOptions)), (ClusterSettings.Section, typeof(ClusterSettings)),
        (InterconnectOptions.Section, typeof(InterconnectOptions)),
    ];

    public static bool IsHelp(string[] args) => args is ["help", ..] || args.Any(HelpOptions.Contains);

    /// <exception cref="InvalidOperationException">A word or a setting means nothing; the message names each.</exception>
    public static void RefuseOthers(string[] args, IConfiguration configuration)
    {
        var faults = new List<string>();
        CheckWords(args, faults);
        Check(configuration, faults);
        if (faults.Count > 0)
            throw new InvalidOperationException(string.Join("\n       ", faults));
    }

    /// <summary>A fault for each word of the command line that is no option and no option's value, for each short option that there is not, and for one without its value.</summary>
    public static void CheckWords(string[] args, List<string> faults)
    {
        for (var i = 0; i < args.Length; i++)
        {
            var word = args[i];
            if (!word.StartsWith("--", StringComparison.Ordinal))
            {
                faults.Add($"'{word}' is neither a command nor an option; --help shows them.");
                continue;
            }

            var end = word.IndexOf('=', StringComparison.Ordinal);
            var name = end < 0 ? word : word[..end];
            if (!Short.ContainsKey(name) && !name.Contains(':', StringComparison.Ordinal) && !IsOfTheHost(name[2..]))
                faults.Add($"There is no option {name}{DidYouMean.Hint(name, Short.Keys)}; --help shows them.");
            if (end < 0 && ++i == args.Length)
                faults.Add($"{name} needs a value.");
        }
    }

    /// <summary>A fault for each setting below <c>Assay</c>, wherever it was made, that there is not.</summary>
    public static void Check(IConfiguration configuration, List<string> faults)
    {
        var known = Sections.SelectMany(section => Names(section.Section, section.Options)).Append(OtlpTarget.Setting).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in configuration.GetSection(ServerOptions.Section).AsEnumerable())
        {
            // A variable of the environment that is named ASSAY is somebody else's.
            if (value is not null && name != ServerOptions.Section && !known.Contains(WithoutPlaces(name)))
                faults.Add($"There is no setting {name}{DidYouMean.Hint(name, known)}.");
        }
    }

    private static IEnumerable<string> Names(string section, Type options)
    {
        foreach (var property in options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            var name = $"{section}:{property.Name}";
            if (property.PropertyType.IsGenericType && property.PropertyType.IsAssignableTo(typeof(IList)))
            {
                foreach (var below in Names(name, property.PropertyType.GetGenericArguments()[0]))
                    yield return below;
            }
            else
            {
                yield return name;
            }
        }
    }

    /// <summary><c>Assay:Log:Witnesses:0:Url</c> is <c>Assay:Log:Witnesses:Url</c>.</summary>
    private static string WithoutPlaces(string name) =>
        string.Join(':', name.Split(':').Where(part => !int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _)));

    // What ASP.NET Core and OpenTelemetry read by names without a section.
    private static bool IsOfTheHost(string name) =>
        name.StartsWith("OTEL_", StringComparison.Ordinal) || name.ToUpperInvariant() is "ENVIRONMENT" or "CONTENTROOT" or "APPLICATIONNAME" or "ALLOWEDHOSTS";
}
