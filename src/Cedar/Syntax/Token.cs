namespace Assay.Cedar;

internal enum TokenKind : byte
{
    End,
    Identifier,
    Number,
    String,
    Slot,
    At,
    Question,
    Dot,
    Comma,
    Semicolon,
    Colon,
    DoubleColon,
    OpenParenthesis,
    CloseParenthesis,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    SingleEqual,
    Or,
    And,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Bang,
    UnterminatedString,
    Unknown,
}

/// <summary>A piece of policy or schema text: from <paramref name="Start"/> up to, not including, <paramref name="End"/>.</summary>
internal readonly record struct Token(TokenKind Kind, int Start, int End)
{
    public int Length => End - Start;
}
