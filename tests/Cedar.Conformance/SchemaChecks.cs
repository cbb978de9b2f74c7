namespace Assay.Cedar.Conformance;

/// <summary>Schemas: both syntaxes are read and resolve, and the Cedar syntax becomes the expected JSON.</summary>
internal static class SchemaChecks
{
    public const string Ending = ".cedarschema";

    public static void Run(Archive archive, string path, Tally tally)
    {
        var json = path + ".json";
        tally.Check("schemas", path, () =>
        {
            Resolve(Read(archive, path));
            return null;
        });
        if (!archive.Has(json))
            return;

        tally.Check("schemas to JSON", path, () => JsonSame.Difference(archive.Text(json), Read(archive, path).ToJson()));
        tally.Check("schemas from JSON", json, () =>
        {
            var fragment = ReadJson(archive, json);
            Resolve(fragment);
            return JsonSame.Difference(archive.Text(json), fragment.ToJson());
        });
    }

    public static SchemaFragment Read(Archive archive, string path) => Sound(SchemaFragment.Parse(archive.Text(path), path));

    public static SchemaFragment ReadJson(Archive archive, string path) => Sound(SchemaFragment.FromJson(archive.Bytes(path), path));

    public static Schema Resolve(SchemaFragment fragment)
    {
        var resolved = Schema.Of([fragment]);
        return resolved.Schema ?? throw new InvalidDataException(string.Join("; ", resolved.Faults));
    }

    private static SchemaFragment Sound(SchemaFragmentParse parse) => parse.Fragment ?? throw new InvalidDataException(string.Join("; ", parse.Faults));
}
