namespace Assay.Cedar;

/// <summary>Cuts a policy or schema text into tokens. Never fails: what is no token comes out as <see cref="TokenKind.Unknown"/>.</summary>
internal struct Lexer(string text)
{
    /// <summary>Where the next token is looked for.</summary>
    public int Position { get; set; }

    public Token Next()
    {
        SkipBlanks();
        var start = Position;
        if (start >= text.Length)
            return new Token(TokenKind.End, start, start);

        var kind = Classify(start, out var end);
        Position = end;
        return new Token(kind, start, end);
    }

    private void SkipBlanks()
    {
        while (Position < text.Length)
        {
            if (char.IsWhiteSpace(text[Position]))
            {
                Position++;
            }
            else if (text[Position] == '/' && Peek(Position + 1) == '/')
            {
                var length = text.AsSpan(Position).IndexOfAny('\n', '\r');
                Position = length < 0 ? text.Length : Position + length;
            }
            else
            {
                return;
            }
        }
    }

    private readonly TokenKind Classify(int start, out int end)
    {
        var c = text[start];
        if (Names.IsIdentifierStart(c))
        {
            end = EndOfIdentifier(start);
            return TokenKind.Identifier;
        }

        if (char.IsAsciiDigit(c))
        {
            var length = text.AsSpan(start).IndexOfAnyExceptInRange('0', '9');
            end = length < 0 ? text.Length : start + length;
            return TokenKind.Number;
        }

        if (c == '"')
        {
            end = Escapes.FindEnd(text, start);
            if (end >= 0)
                return TokenKind.String;

            end = text.Length;
            return TokenKind.UnterminatedString;
        }

        if (c == '?' && Names.IsIdentifierStart(Peek(start + 1)))
        {
            end = EndOfIdentifier(start + 1);
            return TokenKind.Slot;
        }

        return ClassifyPunctuation(c, Peek(start + 1), start, out end);
    }

    private static TokenKind ClassifyPunctuation(char c, char next, int start, out int end)
    {
        end = start + 2;
        switch (c, next)
        {
            case (':', ':'): return TokenKind.DoubleColon;
            case ('=', '='): return TokenKind.Equal;
            case ('!', '='): return TokenKind.NotEqual;
            case ('<', '='): return TokenKind.LessOrEqual;
            case ('>', '='): return TokenKind.GreaterOrEqual;
            case ('|', '|'): return TokenKind.Or;
            case ('&', '&'): return TokenKind.And;
        }

        end = start + (char.IsSurrogatePair(c, next) ? 2 : 1);
        return c switch
        {
            '@' => TokenKind.At,
            '?' => TokenKind.Question,
            '.' => TokenKind.Dot,
            ',' => TokenKind.Comma,
            ';' => TokenKind.Semicolon,
            ':' => TokenKind.Colon,
            '(' => TokenKind.OpenParenthesis,
            ')' => TokenKind.CloseParenthesis,
            '{' => TokenKind.OpenBrace,
            '}' => TokenKind.CloseBrace,
            '[' => TokenKind.OpenBracket,
            ']' => TokenKind.CloseBracket,
            '<' => TokenKind.Less,
            '>' => TokenKind.Greater,
            '=' => TokenKind.SingleEqual,
            '+' => TokenKind.Plus,
            '-' => TokenKind.Minus,
            '*' => TokenKind.Star,
            '/' => TokenKind.Slash,
            '%' => TokenKind.Percent,
            '!' => TokenKind.Bang,
            _ => TokenKind.Unknown,
        };
    }

    private readonly char Peek(int index) => index < text.Length ? text[index] : '\0';

    private readonly int EndOfIdentifier(int start)
    {
        var end = start + 1;
        while (end < text.Length && Names.IsIdentifierPart(text[end]))
            end++;

        return end;
    }
}
