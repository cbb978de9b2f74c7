using System.Runtime.CompilerServices;

namespace Assay.Cedar;

/// <summary>
/// Walks the tokens of a policy text that is known to be right, by the rules of its grammar, and says where lines may end. Every token is
/// taken once and in order; what the text means is none of its business.
/// </summary>
internal sealed class PolicyLayouter(IReadOnlyList<FormatToken> tokens)
{
    private readonly Layout layout = new(tokens);

    public string Run()
    {
        while (!Is(TokenKind.End))
        {
            if (layout.Position > 0)
                layout.EmptyLine();

            Policy();
        }

        layout.CommentsFirst();
        return layout.Render();
    }

    private void Policy()
    {
        layout.CommentsFirst();
        if (layout.Current is { Before.Count: > 0, IsAfterEmptyLine: true })
            layout.EmptyLine();

        while (Is(TokenKind.At))
        {
            Annotation();
            layout.Break();
        }

        layout.Take();
        layout.Space();
        Head();
        while (IsWord("when") || IsWord("unless"))
        {
            layout.Break();
            Condition();
        }

        Take(TokenKind.Semicolon);
    }

    private void Annotation()
    {
        layout.Take();
        layout.Take();
        if (!Is(TokenKind.OpenParenthesis))
            return;

        layout.Take();
        layout.Take();
        Take(TokenKind.CloseParenthesis);
    }

    // A head that asks for nothing stands on one line, any other on five: it is what readers look for.
    private void Head()
    {
        var start = layout.Position;
        var isOpen = layout.At(start + 2).Kind == TokenKind.Comma && layout.At(start + 4).Kind == TokenKind.Comma &&
            layout.At(start + 6).Kind is TokenKind.CloseParenthesis or TokenKind.Comma;
        layout.Open(isSplit: !isOpen);
        layout.Take();
        layout.Indent();
        layout.Break(isBlank: false);
        while (!Is(TokenKind.CloseParenthesis))
        {
            layout.Take();
            Constraint();
            if (!Is(TokenKind.Comma))
                continue;

            layout.Take();
            layout.Break(isBlank: !Is(TokenKind.CloseParenthesis));
        }

        EndList(TokenKind.CloseParenthesis, isBlank: false);
        layout.Close();
    }

    private void Constraint()
    {
        while (!Is(TokenKind.Comma) && !Is(TokenKind.CloseParenthesis))
        {
            layout.Space();
            if (IsWord("is") || IsWord("in") || Is(TokenKind.Equal) || Is(TokenKind.Slot))
                layout.Take();
            else
                Member();
        }
    }

    private void Condition()
    {
        layout.Open();
        layout.Take();
        layout.Space();
        layout.Take();
        layout.Indent();
        layout.Break();
        Expression();
        EndList(TokenKind.CloseBrace, isBlank: true);
        layout.Close();
    }

    private void Expression()
    {
        Expect(RuntimeHelpers.TryEnsureSufficientExecutionStack());
        if (IsWord("if"))
            If();
        else
            Or();
    }

    private void If()
    {
        layout.Open();
        foreach (var word in (ReadOnlySpan<string>)["then", "else"])
        {
            Branch();
            layout.Break();
            Expect(IsWord(word));
        }

        Branch();
        layout.Close();
    }

    // After 'else' a further 'if' is no branch but the next choice.
    private void Branch()
    {
        var isElse = IsWord("else");
        layout.Take();
        layout.Space();
        if (isElse && IsWord("if"))
        {
            If();
            return;
        }

        layout.Indent();
        Expression();
        layout.Outdent();
    }

    /// <summary>Operands in lines of their own, each but the last with the operator behind it.</summary>
    private void Or()
    {
        layout.Open();
        var (indent, outdent) = And();
        if (!Is(TokenKind.Or))
            layout.Cancel(indent, outdent);

        while (Is(TokenKind.Or))
        {
            layout.Space();
            layout.Take();
            layout.Break();
            And();
        }

        layout.Close();
    }

    /// <summary>The same, further in as long as it is part of an <c>||</c>; gives the steps that do so.</summary>
    private (int Indent, int Outdent) And()
    {
        layout.Open();
        Relation();
        var indent = layout.Indent();
        while (Is(TokenKind.And))
        {
            layout.Space();
            layout.Take();
            layout.Break();
            Relation();
        }

        var outdent = layout.Outdent();
        layout.Close();
        return (indent, outdent);
    }

    private void Relation()
    {
        layout.Open();
        Sum();
        while (Is(TokenKind.Identifier) ? IsWord("in") || IsWord("is") || IsWord("has") || IsWord("like") : layout.Current.Kind is >= TokenKind.Equal and <= TokenKind.GreaterOrEqual)
        {
            var isPath = IsWord("has") || IsWord("is");
            layout.Space();
            layout.Take();
            layout.Indent();
            if (layout.Current.Kind is TokenKind.OpenBracket or TokenKind.OpenBrace or TokenKind.OpenParenthesis)
                layout.Space();
            else
                layout.Break();

            if (isPath)
                Path();
            else
                Sum();

            layout.Outdent();
        }

        layout.Close();
    }

    /// <summary>Names with dots or colons between them, or a string.</summary>
    private void Path()
    {
        layout.Take();
        while (Is(TokenKind.Dot) || Is(TokenKind.DoubleColon))
        {
            layout.Take();
            layout.Take();
        }
    }

    private void Sum() => Arithmetic(Product, TokenKind.Plus, TokenKind.Minus);

    private void Product() => Arithmetic(Unary, TokenKind.Star, TokenKind.Star);

    private void Arithmetic(Action operand, TokenKind one, TokenKind other)
    {
        layout.Open();
        operand();
        layout.Indent();
        while (Is(one) || Is(other))
        {
            layout.Space();
            layout.Take();
            layout.Break();
            operand();
        }

        layout.Outdent();
        layout.Close();
    }

    private void Unary()
    {
        while (Is(TokenKind.Bang) || Is(TokenKind.Minus))
            layout.Take();

        Member();
    }

    private void Member()
    {
        layout.Open();
        Primary();
        var calls = 0;
        while (Is(TokenKind.Dot) || Is(TokenKind.OpenBracket) || Is(TokenKind.OpenParenthesis))
        {
            switch (layout.Current.Kind)
            {
                case TokenKind.Dot:
                    if (layout.At(layout.Position + 2).Kind == TokenKind.OpenParenthesis && ++calls > 1)
                        BreakBeforeCall(calls);

                    layout.Take();
                    layout.Take();
                    break;
                case TokenKind.OpenBracket:
                    layout.Take();
                    layout.Take();
                    Take(TokenKind.CloseBracket);
                    break;
                default:
                    List(TokenKind.CloseParenthesis, isBlank: false);
                    break;
            }
        }

        if (calls > 1)
            layout.Outdent();

        layout.Close();
    }

    // Only from the second call on is a line of its own worth it; of a single call the arguments are split.
    private void BreakBeforeCall(int calls)
    {
        if (calls == 2)
            layout.Indent();

        layout.Break(isBlank: false);
    }

    private void Primary()
    {
        switch (layout.Current.Kind)
        {
            case TokenKind.OpenParenthesis:
                List(TokenKind.CloseParenthesis, isBlank: false);
                break;
            case TokenKind.OpenBracket:
                List(TokenKind.CloseBracket, isBlank: false);
                break;
            case TokenKind.OpenBrace:
                List(TokenKind.CloseBrace, isBlank: true);
                break;
            default:
                Path();
                break;
        }
    }

    /// <summary>Items between brackets; in a record each has a name and a colon before it.</summary>
    private void List(TokenKind close, bool isBlank)
    {
        layout.Open();
        layout.Take();
        if (Is(close))
        {
            layout.Take();
            layout.Close();
            return;
        }

        if (IsOnlyList())
        {
            Expression();
            Take(close);
            layout.Close();
            return;
        }

        layout.Indent();
        layout.Break(isBlank);
        while (!Is(close))
        {
            if (close == TokenKind.CloseBrace)
            {
                layout.Take();
                Take(TokenKind.Colon);
                layout.Space();
            }

            Expression();
            if (!Is(TokenKind.Comma))
                continue;

            layout.Take();
            if (!Is(close))
                layout.Break();
        }

        EndList(close, isBlank);
        layout.Close();
    }

    /// <summary>What stands between these brackets is one set or record: two brackets in a row are split as one.</summary>
    private bool IsOnlyList()
    {
        if (!Is(TokenKind.OpenBracket) && !Is(TokenKind.OpenBrace))
            return false;

        var depth = 0;
        for (var i = layout.Position; ; i++)
        {
            var kind = layout.At(i).Kind;
            if (kind is TokenKind.OpenParenthesis or TokenKind.OpenBracket or TokenKind.OpenBrace)
                depth++;
            else if (kind is TokenKind.CloseParenthesis or TokenKind.CloseBracket or TokenKind.CloseBrace && --depth == 0)
                return layout.At(i + 1).Kind is TokenKind.CloseParenthesis or TokenKind.CloseBracket;
        }
    }

    // Comments before the closing bracket belong to what stands inside.
    private void EndList(TokenKind close, bool isBlank)
    {
        layout.CommentsFirst();
        layout.Outdent();
        layout.Break(isBlank);
        Take(close);
    }

    private bool Is(TokenKind kind) => layout.Current.Kind == kind;

    private bool IsWord(string word) => Is(TokenKind.Identifier) && layout.Current.Text == word;

    private void Take(TokenKind kind)
    {
        Expect(Is(kind));
        layout.Take();
    }

    private static void Expect(bool isExpected)
    {
        if (!isExpected)
            throw new FormatException("the text is not what its grammar says, or nests too deep for this thread");
    }
}
