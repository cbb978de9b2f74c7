using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>
/// The current token, and the faults found so far. A syntax fault makes the reader panic: from then on it shows the end of the
/// text, so every rule of the grammar that is under way runs out by itself, without exceptions, until <see cref="Recover"/>.
/// </summary>
internal sealed class TokenReader
{
    private readonly bool abandoned;
    private readonly bool isSchema;
    private readonly List<(int Index, string Message)> faults = [];
    private readonly SourceText source;
    private Lexer lexer;
    private bool panicking;
    private int resume;

    /// <param name="text">The text.</param>
    /// <param name="sourceName">The name positions carry.</param>
    /// <param name="isSchema">Whether this is a schema, where <c>=</c> has a meaning; otherwise policies.</param>
    public TokenReader(string text, string sourceName, bool isSchema = false)
    {
        this.isSchema = isSchema;
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

    /// <summary>Whether the token behind the current one is of this kind.</summary>
    public bool IsFollowedBy(TokenKind kind)
    {
        var ahead = lexer;
        return !panicking && ahead.Next().Kind == kind;
    }

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

    /// <summary>The text a string literal stands for; reports an escape that is none.</summary>
    public string Unescape(Token literal)
    {
        if (literal.Kind != TokenKind.String)
            return ""; // already reported

        if (!Escapes.TryUnescape(BodyOf(literal), out var text, out var fault))
            ReportEscape(literal, fault);

        return text;
    }

    /// <summary>What stands between the quotes of a string literal.</summary>
    public ReadOnlySpan<char> BodyOf(Token literal) => TextOf(literal)[1..^1];

    /// <summary>Reports the character at <paramref name="fault"/> in a string literal.</summary>
    public void ReportEscape(Token literal, int fault) =>
        Report(literal.Start + 1 + fault, BodyOf(literal)[fault] == '\r'
            ? "a string holds no bare carriage return; write \\r"
            : "this is no escape; there are \\n \\r \\t \\0 \\\\ \\\" \\' \\x00-\\x7f \\u{1-6 digits}, and \\* in patterns");

    /// <summary>Reads <c>@name("value")</c>, any number of them; <paramref name="marks"/> are those without a value.</summary>
    public IReadOnlyDictionary<string, string> TakeAnnotations(out FrozenSet<string> marks)
    {
        marks = [];
        if (!Is(TokenKind.At))
            return ImmutableDictionary<string, string>.Empty;

        var annotations = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        List<string> unvalued = [];
        while (Is(TokenKind.At))
        {
            var at = Take().Start;
            var name = TextOf(Expect(TokenKind.Identifier, "the name of an annotation")).ToString();
            var value = "";
            if (TryTake(TokenKind.OpenParenthesis))
            {
                value = Unescape(Expect(TokenKind.String, "a string"));
                Expect(TokenKind.CloseParenthesis, "')'");
            }
            else
            {
                unvalued.Add(name);
            }

            if (!annotations.TryAdd(name, value))
                Report(at, $"the annotation @{name} is given twice");
        }

        marks = unvalued.ToFrozenSet(StringComparer.Ordinal);
        return annotations;
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
        TokenKind.SingleEqual when !isSchema => "'=' is no operator; write '==' to compare",
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

    /// <summary>
    /// After a syntax fault in a schema, moves to the next declaration: behind a semicolon, at a word that begins one, or at the
    /// brace that closes the namespace. Otherwise does nothing.
    /// </summary>
    /// <param name="openBraces">Braces that were open within the faulty declaration.</param>
    public void RecoverDeclaration(int openBraces)
    {
        if (!panicking || IsDone)
            return;

        panicking = false;
        lexer.Position = resume;
        Current = lexer.Next();
        while (Current.Kind != TokenKind.End)
        {
            if (BeginsDeclaration() || (Current.Kind == TokenKind.CloseBrace && openBraces == 0))
                return;

            openBraces += Current.Kind switch { TokenKind.OpenBrace => 1, TokenKind.CloseBrace => -1, _ => 0 };
            var isEnd = Current.Kind == TokenKind.Semicolon && openBraces == 0;
            Current = lexer.Next();
            if (isEnd)
                return;
        }
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

    private bool BeginsDeclaration()
    {
        if (!IsWord("entity") && !IsWord("action") && !IsWord("type") && !IsWord("namespace"))
            return false;

        var ahead = lexer;
        return ahead.Next().Kind is TokenKind.Identifier or TokenKind.String;
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
