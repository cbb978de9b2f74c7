using System.Text;

namespace Assay.Cedar;

/// <summary>Turns indexes into a policy text into positions. Ascending questions cost what lies between them.</summary>
internal sealed class SourceText(string text, string source)
{
    private readonly SourcePosition start = new(source, 0, 1, 1);
    private SourcePosition? last;
    private int lastIndex;

    public string Text { get; } = text;

    public SourcePosition Position(int index)
    {
        if (last is null || index < lastIndex)
            (last, lastIndex) = (start, 0);

        last = Continue(last, Text.AsSpan(lastIndex, index - lastIndex));
        lastIndex = index;
        return last;
    }

    /// <summary>The position behind <paramref name="passed"/> when it begins at <paramref name="from"/>.</summary>
    public static SourcePosition Continue(SourcePosition from, ReadOnlySpan<char> passed)
    {
        var (source, offset, line, column) = from;
        foreach (var rune in passed.EnumerateRunes())
        {
            offset += rune.Utf8SequenceLength;
            (line, column) = rune.Value == '\n' ? (line + 1, 1) : (line, column + 1);
        }

        return new SourcePosition(source, offset, line, column);
    }
}
