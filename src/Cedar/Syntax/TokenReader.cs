using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>
/// The current token, and the faults found so far. A syntax fault makes the reader panic: from then on it shows the end of the
/// text, so every rule of the grammar that is under way runs out by itself, without exceptions, until <see cref="Recover"/>.
/// </summary>
internal sealed class TokenReader
{
    private readonly bool abandoned;
    private readonly List<(int Index, string Message)> faults = [];
    private readonly SourceText source;
    private Lexer lexer;
    private bool panicking;
    private int resume;

    public TokenReader(string text, string sourceName)
    {
        source = new SourceText(text, sourceName);
        lexer = new Lexer(text);
        if (text.Length > CedarLimits.PolicyTextLength)
            Fail(0, $"the text is longer than {CedarLimits.PolicyTextLength} characters");
        else if (FindLoneSurrogate(text) is var lone and >= 0)
            Fail(lone, "the text is not valid Unicode here (half of a surrogate pair)");
        else
            Current = lexer.Next();

        abandoned = panicking;
    }

    public Token Current { get; private set; }

    /// <summary>Nothing further will be read: the text is at its end, was refused whole, or has too many faults.</summary>
    public bool IsDone => abandoned || faults.Count >= CedarLimits.PolicyFaults || (!panicking && Current.Kind == TokenKind.End);

    public bool HasFaults => faults.Count > 0;

    public int FaultCount => faults.Count;

    public bool Is(TokenKind kind) => Current.Kind == kind;

    public bool IsWord(string word) => Current.Kind == TokenKind.Identifier && TextOf(Current).SequenceEqual(word);

    public ReadOnlySpan<char> TextOf(Token token) => source.Text.AsSpan(token.Start, token.Length);

    public SourcePosition PositionOf(int index) => source.Position(index);

    public string Slice(int start, int end) => source.Text[start..end];

    /// <summary>Gives the current token and moves on.</summary>
    public Token Take()
    {
        var taken = Current;
        if (!panicking)
            Current = lexer.Next();

        return taken;
    }

    public bool TryTake(TokenKind kind)
    {
        if (Current.Kind != kind)
            return false;

        Take();
        return true;
    }

    public bool TryTakeWord(string word)
    {
        if (!IsWord(word))
            return false;

        Take();
        return true;
    }

    /// <summary>Takes a token that must come here.</summary>
    public Token Expect(TokenKind kind, string what)
    {
        if (Current.Kind == kind)
            return Take();

        Unexpected(what);
        return Current;
    }

    /// <summary>Reports a fault the reading can go on after.</summary>
    public void Report(int index, string message)
    {
        if (!panicking && faults.Count < CedarLimits.PolicyFaults)
            faults.Add((index, message));
    }

    /// <summary>Reports that the current token cannot stand here.</summary>
    public void Unexpected(string expected) => Fail(Current.Start, Current.Kind switch
    {
        TokenKind.End => $"the text ends here, where {expected} was expected",
        TokenKind.UnterminatedString => "this string has no closing quote",
        TokenKind.SingleEqual => "'=' is no operator; write '==' to compare",
        TokenKind.Unknown => $"the character '{Shown(Current)}' has no meaning here; expected {expected}",
        _ => $"'{Shown(Current)}' cannot stand here; expected {expected}",
    });

    /// <summary>Reports a fault after which the rest of this policy makes no sense.</summary>
    public void Fail(int index, string message)
    {
        if (panicking)
            return;

        Report(index, message);
        panicking = true;
        resume = Math.Max(index, Current.Start);
        Current = new Token(TokenKind.End, resume, resume);
    }

    /// <summary>After a syntax fault, moves behind the next semicolon that something like a policy follows. Otherwise does nothing.</summary>
    public void Recover()
    {
        if (!panicking || IsDone)
            return;

        panicking = false;
        lexer.Position = resume;
        Current = lexer.Next();
        do
        {
            while (Current.Kind is not (TokenKind.Semicolon or TokenKind.End))
                Current = lexer.Next();

            if (Current.Kind == TokenKind.Semicolon)
                Current = lexer.Next();
        }
        while (!BeginsPolicy());
    }

    /// <summary>The faults in the order of the text, one for a place.</summary>
    public ImmutableArray<PolicyFault> Faults() =>
        [.. faults.DistinctBy(fault => fault.Index).OrderBy(fault => fault.Index).Select(fault => new PolicyFault(source.Position(fault.Index), fault.Message))];

    // A semicolon inside a faulty condition is not the end of its policy.
    private bool BeginsPolicy()
    {
        if (Current.Kind != TokenKind.Identifier)
            return Current.Kind is TokenKind.End or TokenKind.At;

        var ahead = lexer;
        return ahead.Next().Kind == TokenKind.OpenParenthesis;
    }

    private string Shown(Token token)
    {
        const int Longest = 40;
        return token.Length <= Longest ? TextOf(token).ToString() : $"{TextOf(token)[..Longest]}…";
    }

    private static int FindLoneSurrogate(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var ahead = text.AsSpan(i).IndexOfAnyInRange('\ud800', '\udfff');
            if (ahead < 0)
                return -1;

            i += ahead;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return i;

            i++;
        }

        return -1;
    }
}
