namespace Assay.Bundle.Folder;

/// <summary>Where a path leads when every symbolic link on its way is followed.</summary>
internal static class RealPath
{
    private const int MostLinks = 40;

    /// <summary>The absolute path without links; null when links go round in a circle.</summary>
    public static string? Of(string path)
    {
        var links = 0;
        var rest = new Stack<string>(Parts(Path.GetFullPath(path)));
        var root = Path.GetPathRoot(Path.GetFullPath(path))!;
        var real = root;
        while (rest.TryPop(out var part))
        {
            if (part is "." or "")
                continue;

            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? root;
                continue;
            }

            var next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MostLinks)
                return null;

            if (Path.IsPathRooted(target))
                real = root;
            foreach (var step in Parts(target))
                rest.Push(step);
        }

        return real;
    }

    /// <summary>Whether a path that <see cref="Of"/> gave lies in a folder that it gave.</summary>
    public static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    // Last part first, as they are pushed.
    private static IEnumerable<string> Parts(string path) =>
        path[(Path.GetPathRoot(path) ?? "").Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse();
}
