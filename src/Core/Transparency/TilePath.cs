using System.Globalization;
using System.Text;

namespace Assay.Core.Transparency;

/// <summary>
/// Names a tile of a shard's tree (C2SP tlog-tiles): 256 hashes of one level, or the first <paramref name="Width"/> of them; or a bundle of entries.
/// </summary>
/// <param name="Level">0 for hashes of leaves; each hash of level L covers 256^L leaves. Null for entries.</param>
/// <param name="Width">1 to 256; 256 is a full tile, which never changes.</param>
public readonly record struct TilePath(int? Level, long Index, int Width)
{
    public const int FullWidth = 256;

    private const string Entries = "entries";

    /// <summary>Reads <c>tile/L/N[.p/W]</c> or <c>tile/entries/N[.p/W]</c>; false when it is not in that one spelling.</summary>
    public static bool TryParse(string path, out TilePath tile)
    {
        tile = default;
        if (path.Length > 100)
            return false;
        var parts = path.Split('/');
        var width = FullWidth;
        var indexEnd = parts.Length;
        if (parts.Length > 3 && parts[^2].EndsWith(".p", StringComparison.Ordinal))
        {
            if (!Number(parts[^1], out width) || width is < 1 or >= FullWidth)
                return false;
            parts[^2] = parts[^2][..^2];
            indexEnd--;
        }

        int? level = null;
        if (parts is not ["tile", var named, _, ..])
            return false;
        if (named != Entries)
        {
            if (!Number(named, out var number) || number > 63)
                return false;
            level = number;
        }

        long index = 0;
        for (var i = 2; i < indexEnd; i++)
        {
            var digits = parts[i].AsSpan();
            if (i < indexEnd - 1)
            {
                if (digits is not ['x', ..])
                    return false;
                digits = digits[1..];
            }

            if (digits.Length != 3 || digits.ContainsAnyExceptInRange('0', '9') || index > (long.MaxValue - 999) / 1000)
                return false;
            index = index * 1000 + int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        }

        tile = new TilePath(level, index, width);
        return tile.ToString() == path;
    }

    public override string ToString()
    {
        var text = new StringBuilder("tile/").Append(Level is { } level ? level.ToString(CultureInfo.InvariantCulture) : Entries).Append('/');
        var digits = Index.ToString(CultureInfo.InvariantCulture);
        digits = digits.PadLeft((digits.Length + 2) / 3 * 3, '0');
        for (var i = 0; i < digits.Length; i += 3)
            text.Append(i + 3 < digits.Length ? "x" : "").Append(digits, i, 3).Append(i + 3 < digits.Length ? "/" : "");
        return Width == FullWidth ? text.ToString() : text.Append(CultureInfo.InvariantCulture, $".p/{Width}").ToString();
    }

    private static bool Number(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number.ToString(CultureInfo.InvariantCulture) == text;
}
