namespace Assay.Cedar;

/// <summary>A comment on a line of its own, without the blanks that follow it.</summary>
internal readonly record struct OwnLineComment(string Text, bool IsAfterEmptyLine);

/// <summary>A token with the comments that go with it: those on lines of their own before it, and the one behind it on its line.</summary>
internal sealed class FormatToken(TokenKind kind, string text)
{
    public TokenKind Kind { get; } = kind;

    public string Text { get; } = text;

    /// <summary>Its length in characters (Unicode code points).</summary>
    public int Width { get; } = text.Count(c => !char.IsLowSurrogate(c));

    public List<OwnLineComment> Before { get; } = [];

    public string? Behind { get; set; }

    /// <summary>An empty line parts it from the comment or token before it.</summary>
    public bool IsAfterEmptyLine { get; set; }

    /// <summary>Cuts a text into tokens, the end of the text among them, so that no comment is lost.</summary>
    public static List<FormatToken> ReadAll(string text)
    {
        var tokens = new List<FormatToken>();
        var lexer = new Lexer(text);
        var end = 0;
        while (true)
        {
            var next = lexer.Next();
            var token = new FormatToken(next.Kind, text[next.Start..next.End]);
            ReadComments(text.AsSpan(end, next.Start - end), tokens.Count > 0 ? tokens[^1] : null, token);
            tokens.Add(token);
            end = next.End;
            if (next.Kind == TokenKind.End)
                return tokens;
        }
    }

    /// <summary>The tokens and comments in their order: all that a text says.</summary>
    public static IEnumerable<string> Content(IEnumerable<FormatToken> tokens)
    {
        foreach (var token in tokens)
        {
            foreach (var comment in token.Before)
                yield return comment.Text;

            yield return token.Text;
            if (token.Behind is not null)
                yield return token.Behind;
        }
    }

    // Between two tokens there are only blanks and comments.
    private static void ReadComments(ReadOnlySpan<char> gap, FormatToken? previous, FormatToken next)
    {
        var lines = previous is null ? 1 : 0;
        while (true)
        {
            var length = gap.IndexOf('/');
            var blanks = length < 0 ? gap : gap[..length];
            lines += CountLineEnds(blanks);
            if (length < 0)
                break;

            gap = gap[length..];
            length = gap.IndexOfAny('\n', '\r');
            var comment = (length < 0 ? gap : gap[..length]).TrimEnd().ToString();
            gap = length < 0 ? [] : gap[length..];
            if (lines == 0)
                previous!.Behind = comment;
            else
                next.Before.Add(new OwnLineComment(comment, lines > 1));

            lines = 0;
        }

        next.IsAfterEmptyLine = lines > 1;
    }

    private static int CountLineEnds(ReadOnlySpan<char> blanks)
    {
        var count = 0;
        for (var i = 0; i < blanks.Length; i++)
        {
            if (blanks[i] == '\n' || (blanks[i] == '\r' && (i + 1 == blanks.Length || blanks[i + 1] != '\n')))
                count++;
        }

        return count;
    }
}
