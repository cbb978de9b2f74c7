using System.Collections.Immutable;

namespace Assay.Cedar.Oracle.Generation;

/// <summary>A way from a variable to something inside it.</summary>
/// <param name="Text">The expression.</param>
/// <param name="Type">What it gives.</param>
/// <param name="Guards">What must hold so that it is there, in order.</param>
internal sealed record Way(string Text, TypeModel Type, ImmutableArray<string> Guards)
{
    private const int MostPaths = 150;
    private const int MostSteps = 4;

    /// <summary>Every way a policy can go, shorter ones first.</summary>
    public static List<Way> All(SchemaModel schema, IEnumerable<Way> roots)
    {
        var paths = roots.ToList();
        var end = 0;
        for (var steps = 0; steps < MostSteps; steps++)
        {
            var start = end;
            end = paths.Count;
            for (var i = start; i < end && paths.Count < MostPaths; i++)
                paths.AddRange(paths[i].Steps(schema));
        }

        return paths;
    }

    private IEnumerable<Way> Steps(SchemaModel schema)
    {
        var entity = Type.Kind == TypeKind.Entity ? schema.Types.FirstOrDefault(type => type.Name == Type.Name) : null;
        var fields = entity?.Fields ?? (Type.Kind == TypeKind.Record ? Type.Fields : []);
        foreach (var field in fields)
            yield return new Way(Words.Access(Text, field.Name), field.Type, field.IsRequired ? Guards : Guards.Add($"{Text} has {Words.Attribute(field.Name)}"));

        if (entity?.Tags is { } tags)
            yield return new Way($"{Text}.getTag(\"n\")", tags, Guards.Add($"{Text}.hasTag(\"n\")"));
    }
}
