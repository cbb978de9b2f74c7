using System.Globalization;
using System.Runtime.CompilerServices;

namespace Assay.Cedar;

/// <summary>
/// Reads expressions (Cedar grammar, <c>Expr</c>) by recursive descent. Only <see cref="ParseExpression"/> recurses, and it counts.
/// </summary>
internal sealed partial class ExpressionParser(TokenReader reader)
{
    private const int MostUnaryOperators = 4;

    private int nesting;

    /// <summary><c>if … then … else …</c>, or an operator expression.</summary>
    public Expr ParseExpression()
    {
        if (nesting >= CedarLimits.ExpressionDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            reader.Fail(reader.Current.Start, $"the expression nests deeper than {CedarLimits.ExpressionDepth}");
            return Nothing();
        }

        nesting++;
        var expression = reader.IsWord("if") ? ParseIf() : ParseOr();
        nesting--;
        return Bounded(expression);
    }

    private IfExpr ParseIf()
    {
        var start = reader.Take().Start;
        var condition = ParseExpression();
        if (!reader.TryTakeWord("then"))
            reader.Unexpected("an operator or 'then'");

        var then = ParseExpression();
        if (!reader.TryTakeWord("else"))
            reader.Unexpected("an operator or 'else'");

        return new IfExpr(start, condition, then, ParseExpression());
    }

    private Expr ParseOr()
    {
        var first = ParseAnd();
        if (!reader.Is(TokenKind.Or))
            return first;

        List<Expr> operands = [first];
        while (reader.TryTake(TokenKind.Or))
            operands.Add(ParseAnd());

        return new OrExpr([.. operands]);
    }

    private Expr ParseAnd()
    {
        var first = ParseRelation();
        if (!reader.Is(TokenKind.And))
            return first;

        List<Expr> operands = [first];
        while (reader.TryTake(TokenKind.And))
            operands.Add(ParseRelation());

        return new AndExpr([.. operands]);
    }

    private Expr ParseRelation()
    {
        var left = ParseSum();
        var relation = ParseRelationAfter(left);
        if (!ReferenceEquals(relation, left) && IsRelationOperator())
            reader.Fail(reader.Current.Start, "relations do not chain; say with parentheses what is meant");

        return relation;
    }

    private Expr ParseRelationAfter(Expr left)
    {
        if (reader.TryTakeWord("in"))
            return new InExpr(left, ParseSum());

        if (reader.TryTakeWord("has"))
            return ParseHas(left);

        if (reader.TryTakeWord("like"))
            return new LikeExpr(left, ParsePattern());

        if (reader.TryTakeWord("is"))
        {
            var type = ParseEntityType();
            return new IsExpr(left, type, reader.TryTakeWord("in") ? ParseSum() : null);
        }

        Comparison? comparison = reader.Current.Kind switch
        {
            TokenKind.Equal => Comparison.Equal,
            TokenKind.NotEqual => Comparison.NotEqual,
            TokenKind.Less => Comparison.Less,
            TokenKind.LessOrEqual => Comparison.LessOrEqual,
            TokenKind.Greater => Comparison.Greater,
            TokenKind.GreaterOrEqual => Comparison.GreaterOrEqual,
            _ => null,
        };
        if (comparison is null)
            return left;

        reader.Take();
        return new CompareExpr(comparison.Value, left, ParseSum());
    }

    private bool IsRelationOperator() =>
        reader.Current.Kind is >= TokenKind.Equal and <= TokenKind.SingleEqual ||
        reader.IsWord("in") || reader.IsWord("has") || reader.IsWord("like") || reader.IsWord("is");

    private HasExpr ParseHas(Expr target)
    {
        if (reader.Is(TokenKind.String))
            return new HasExpr(target, [Unescape(reader.Take())]);

        List<string> path = [ParseName("the name of an attribute, or a string")];
        while (reader.TryTake(TokenKind.Dot))
            path.Add(ParseName("the name of an attribute"));

        return new HasExpr(target, [.. path]);
    }

    private Expr ParseSum()
    {
        var first = ParseProduct();
        if (!reader.Is(TokenKind.Plus) && !reader.Is(TokenKind.Minus))
            return first;

        List<Expr> operands = [first];
        List<ArithmeticOperator> operators = [];
        while (reader.Is(TokenKind.Plus) || reader.Is(TokenKind.Minus))
        {
            operators.Add(reader.Take().Kind == TokenKind.Plus ? ArithmeticOperator.Add : ArithmeticOperator.Subtract);
            operands.Add(ParseProduct());
        }

        return new ArithmeticExpr([.. operands], [.. operators]);
    }

    private Expr ParseProduct()
    {
        var first = ParseUnary();
        if (!reader.Is(TokenKind.Star) && !reader.Is(TokenKind.Slash) && !reader.Is(TokenKind.Percent))
            return first;

        List<Expr> operands = [first];
        List<ArithmeticOperator> operators = [];
        while (reader.Is(TokenKind.Star) || reader.Is(TokenKind.Slash) || reader.Is(TokenKind.Percent))
        {
            var taken = reader.Take();
            if (taken.Kind != TokenKind.Star)
                reader.Report(taken.Start, $"the language has no operator '{reader.TextOf(taken)}'");

            operators.Add(ArithmeticOperator.Multiply);
            operands.Add(ParseUnary());
        }

        return new ArithmeticExpr([.. operands], [.. operators]);
    }

    private Expr ParseUnary()
    {
        var start = reader.Current.Start;
        if (reader.Is(TokenKind.Bang))
        {
            var count = CountUnary(TokenKind.Bang);
            var operand = ParseMember();
            for (; count > 0; count--)
                operand = new NotExpr(start, operand);

            return operand;
        }

        if (!reader.Is(TokenKind.Minus))
            return ParseMember();

        var minuses = CountUnary(TokenKind.Minus);
        var negated = reader.Is(TokenKind.Number) ? ParseNegatedNumber(start, ref minuses) : ParseMember();
        for (; minuses > 0; minuses--)
            negated = new NegateExpr(start, negated);

        return negated;
    }

    private int CountUnary(TokenKind kind)
    {
        var start = reader.Current.Start;
        var count = 0;
        while (reader.TryTake(kind))
            count++;

        if (count <= MostUnaryOperators)
            return count;

        reader.Report(start, $"more than {MostUnaryOperators} unary operators in a row");
        return MostUnaryOperators;
    }

    // The smallest integer has no positive counterpart, so the sign belongs to a literal that directly follows it.
    private Expr ParseNegatedNumber(int start, ref int minuses)
    {
        var number = reader.Take();
        if (reader.Current.Kind is TokenKind.Dot or TokenKind.OpenParenthesis or TokenKind.OpenBracket)
            return ParseAccessors(new LiteralExpr(number.Start, Value.Of(ReadNumber(number))));

        minuses--;
        return reader.TextOf(number).TrimStart('0').SequenceEqual("9223372036854775808")
            ? new LiteralExpr(start, Value.Of(long.MinValue))
            : new LiteralExpr(start, Value.Of(-ReadNumber(number)));
    }

    private long ReadNumber(Token number)
    {
        if (long.TryParse(reader.TextOf(number), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            return value;

        reader.Report(number.Start, "this integer does not fit 64 bits");
        return 0;
    }

    private Expr Bounded(Expr expression)
    {
        if (expression.Depth > CedarLimits.ExpressionDepth)
            reader.Fail(expression.Offset, $"the expression nests deeper than {CedarLimits.ExpressionDepth}");

        return expression;
    }

    /// <summary>Stands for what a syntax fault left out; never reaches a policy.</summary>
    private LiteralExpr Nothing() => new(reader.Current.Start, Value.Of(false));
}
