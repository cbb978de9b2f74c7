using System.Buffers.Text;
using System.Globalization;

namespace Assay.Core.Transparency;

/// <summary>How far a shard had come: <paramref name="Size"/> records under <paramref name="Root"/>.</summary>
/// <param name="IsSealed">It never grows again.</param>
public readonly record struct ShardHead(long Shard, long Size, TreeHash Root, bool IsSealed = false);

/// <summary>The text of a checkpoint of one tree (C2SP tlog-checkpoint): origin, size, root.</summary>
public sealed record Checkpoint(string Origin, long Size, TreeHash Root)
{
    /// <summary>A number, a root and three ends of lines.</summary>
    public const int MostBesideOrigin = 20 + 44 + 3;

    /// <summary>The text as it is signed.</summary>
    public string Text => TextOf(Origin, Size, Root);

    public static string TextOf(string origin, long size, TreeHash root) => string.Create(CultureInfo.InvariantCulture, $"{origin}\n{size}\n{root}\n");

    /// <summary>As <see cref="TextOf"/>, in UTF-8.</summary>
    /// <param name="origin">UTF-8.</param>
    /// <param name="text">Room for the origin and <see cref="MostBesideOrigin"/> bytes.</param>
    /// <returns>Bytes of the text.</returns>
    public static int Write(ReadOnlySpan<byte> origin, long size, TreeHash root, Span<byte> text)
    {
        origin.CopyTo(text);
        var at = origin.Length;
        text[at++] = (byte)'\n';
        Utf8Formatter.TryFormat(size, text[at..], out var digits);
        at += digits;
        text[at++] = (byte)'\n';
        Span<byte> hash = stackalloc byte[TreeHash.Size];
        root.CopyTo(hash);
        Base64.EncodeToUtf8(hash, text[at..], out _, out var letters);
        at += letters;
        text[at++] = (byte)'\n';
        return at;
    }

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
