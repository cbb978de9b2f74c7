using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;

namespace Assay.Silo.Storage.Postgres;

/// <param name="Version">1, 2, … without gaps.</param>
internal sealed record SchemaScript(int Version, string Name, string Sql);

/// <summary>
/// The scripts in <c>Schema/NNNN-name.sql</c>, in the order of their numbers. One that was released is never changed: the next change is the next script.
/// </summary>
internal static class PostgresSchema
{
    public static ImmutableArray<SchemaScript> Scripts { get; } = Load(typeof(PostgresSchema).Assembly);

    private static ImmutableArray<SchemaScript> Load(Assembly assembly)
    {
        const string folder = "Schema/";
        var scripts = ImmutableArray.CreateBuilder<SchemaScript>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(resource);
            var version = int.Parse(name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture);
            if (version != scripts.Count + 1)
                throw new InvalidOperationException($"the schema scripts have a gap before {name}");
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            scripts.Add(new SchemaScript(version, name, reader.ReadToEnd()));
        }

        return scripts.DrainToImmutable();
    }
}
