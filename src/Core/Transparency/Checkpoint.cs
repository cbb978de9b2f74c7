using System.Globalization;

namespace Assay.Core.Transparency;

/// <summary>How far a shard had come: <paramref name="Size"/> records under <paramref name="Root"/>.</summary>
/// <param name="IsSealed">It never grows again.</param>
public readonly record struct ShardHead(long Shard, long Size, TreeHash Root, bool IsSealed = false);

/// <summary>The text of a checkpoint of one tree (C2SP tlog-checkpoint): origin, size, root.</summary>
public sealed record Checkpoint(string Origin, long Size, TreeHash Root)
{
    /// <summary>The text as it is signed.</summary>
    public string Text => TextOf(Origin, Size, Root);

    public static string TextOf(string origin, long size, TreeHash root) => string.Create(CultureInfo.InvariantCulture, $"{origin}\n{size}\n{root}\n");

    /// <exception cref="FormatException">It is not the text of a checkpoint.</exception>
    public static Checkpoint Parse(string text)
    {
        var lines = text.Split('\n');
        return lines is [{ Length: > 0 } origin, var size, var root, .., ""]
            && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var leaves) && leaves.ToString(CultureInfo.InvariantCulture) == size
            && TreeHash.TryParse(root, out var hash) && !lines.AsSpan(3, lines.Length - 4).Contains("")
            ? new Checkpoint(origin, leaves, hash)
            : throw new FormatException("the text is no checkpoint: expected lines with origin, size and root");
    }
}
