namespace Assay.Bundle.Yaml;

/// <summary>Where each part of the declarations stands: <c>identities[3].memberships[0]</c> → file, line, column.</summary>
internal sealed class Places
{
    private readonly Dictionary<string, FilePosition> places = new(StringComparer.Ordinal);

    public void Set(string where, FilePosition at) => places[where] = at;

    /// <summary>The place itself; null when it was not written.</summary>
    public FilePosition? Exactly(string where) => places.TryGetValue(where, out var at) ? at : null;

    /// <summary>The place itself, or the nearest part around it that is known.</summary>
    public FilePosition? Find(string where)
    {
        while (true)
        {
            if (places.TryGetValue(where, out var at))
                return at;

            var end = where.LastIndexOfAny(['.', '[']);
            if (end < 0)
                return null;

            where = where[..end];
        }
    }
}
