using System.Diagnostics;
using System.Text;

namespace Assay.Cedar;

/// <summary>
/// Writes expressions in Cedar syntax, with parentheses where reading them back needs them and nowhere else. A parenthesis stands
/// for a node, so the text nests no deeper than the expression.
/// </summary>
internal readonly struct ExpressionPrinter(StringBuilder output)
{
    private const int MostUnaryOperators = 4;

    /// <summary>How tightly an expression holds together; an operand that holds less tightly than its place asks for is put in parentheses.</summary>
    private enum Binding
    {
        Anything,
        And,
        Relation,
        Sum,
        Product,
        Unary,
        Member,
    }

    public void Print(Expr expression) => Print(expression, Binding.Anything);

    private void Print(Expr expression, Binding least)
    {
        if (BindingOf(expression) < least)
        {
            output.Append('(');
            PrintBare(expression);
            output.Append(')');
        }
        else
        {
            PrintBare(expression);
        }
    }

    private static Binding BindingOf(Expr expression) => expression switch
    {
        IfExpr or OrExpr => Binding.Anything,
        AndExpr => Binding.And,
        CompareExpr or InExpr or HasExpr or LikeExpr or IsExpr => Binding.Relation,
        ArithmeticExpr arithmetic => arithmetic.Operators[0] == ArithmeticOperator.Multiply ? Binding.Product : Binding.Sum,
        NotExpr or NegateExpr or LiteralExpr { Value: LongValue { Value: < 0 } } => Binding.Unary,
        _ => Binding.Member,
    };

    private void PrintBare(Expr expression)
    {
        switch (expression)
        {
            case LiteralExpr literal: output.Append(literal.Value); break;
            case VariableExpr variable: output.Append(NameOf(variable.Variable)); break;
            case OrExpr or: PrintChain(or.Operands, " || ", Binding.And); break;
            case AndExpr and: PrintChain(and.Operands, " && ", Binding.Relation); break;
            case NotExpr not: PrintUnary(not); break;
            case NegateExpr negate: PrintUnary(negate); break;
            case IfExpr choice: PrintIf(choice); break;
            case CompareExpr compare: PrintRelation(compare.Left, Symbol(compare.Comparison), compare.Right); break;
            case InExpr contained: PrintRelation(contained.Left, "in", contained.Right); break;
            case ArithmeticExpr arithmetic: PrintArithmetic(arithmetic); break;
            case AttributeExpr attribute: PrintAttribute(attribute); break;
            case HasExpr has: PrintHas(has); break;
            case LikeExpr like: PrintLike(like); break;
            case IsExpr typed: PrintIs(typed); break;
            case MethodExpr method: PrintMethod(method.Target, NameOf(method.Method), method.Argument is { } argument ? [argument] : []); break;
            case CallExpr call: PrintCall(call); break;
            case SetExpr set: PrintList('[', set.Elements, ']'); break;
            case RecordExpr record: PrintRecord(record); break;
            default: throw new UnreachableException();
        }
    }

    public static string NameOf(Variable variable) => variable switch
    {
        Variable.Principal => "principal",
        Variable.Action => "action",
        Variable.Resource => "resource",
        _ => "context",
    };

    public static string NameOf(BuiltInMethod method) => method switch
    {
        BuiltInMethod.Contains => "contains",
        BuiltInMethod.ContainsAll => "containsAll",
        BuiltInMethod.ContainsAny => "containsAny",
        BuiltInMethod.IsEmpty => "isEmpty",
        BuiltInMethod.HasTag => "hasTag",
        _ => "getTag",
    };

    public static string Symbol(Comparison comparison) => comparison switch
    {
        Comparison.Equal => "==",
        Comparison.NotEqual => "!=",
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        _ => ">=",
    };

    private static char Symbol(ArithmeticOperator operation) => operation switch
    {
        ArithmeticOperator.Add => '+',
        ArithmeticOperator.Subtract => '-',
        _ => '*',
    };

    private void PrintChain(Expr[] operands, string between, Binding least)
    {
        for (var i = 0; i < operands.Length; i++)
        {
            if (i > 0)
                output.Append(between);

            Print(operands[i], least);
        }
    }

    private void PrintUnary(Expr expression)
    {
        var (symbol, operand) = Strip(expression);
        output.Append(symbol);
        for (var count = 1; count < MostUnaryOperators && operand.Kind == expression.Kind; count++)
        {
            output.Append(symbol);
            operand = Strip(operand).Operand;
        }

        // A minus before a number becomes part of it, so a negated number keeps its distance.
        var isNumber = symbol == '-' && operand is LiteralExpr { Value: LongValue };
        Print(operand, isNumber ? Binding.Member + 1 : Binding.Member);
    }

    private static (char Symbol, Expr Operand) Strip(Expr expression) =>
        expression is NotExpr not ? ('!', not.Operand) : ('-', ((NegateExpr)expression).Operand);

    private void PrintIf(IfExpr choice)
    {
        output.Append("if ");
        Print(choice.Condition);
        output.Append(" then ");
        Print(choice.Then);
        output.Append(" else ");
        Print(choice.Otherwise);
    }

    private void PrintRelation(Expr left, string symbol, Expr right)
    {
        Print(left, Binding.Sum);
        output.Append(' ').Append(symbol).Append(' ');
        Print(right, Binding.Sum);
    }

    private void PrintArithmetic(ArithmeticExpr arithmetic)
    {
        var least = BindingOf(arithmetic) + 1;
        Print(arithmetic.Operands[0], least);
        for (var i = 1; i < arithmetic.Operands.Length; i++)
        {
            output.Append(' ').Append(Symbol(arithmetic.Operators[i - 1])).Append(' ');
            Print(arithmetic.Operands[i], least);
        }
    }

    private void PrintAttribute(AttributeExpr attribute)
    {
        Print(attribute.Target, Binding.Member);
        if (Names.IsUnquoted(attribute.Name))
            output.Append('.').Append(attribute.Name);
        else
            output.Append('[').Append(Escapes.Quote(attribute.Name)).Append(']');
    }

    private void PrintHas(HasExpr has)
    {
        Print(has.Target, Binding.Sum);
        output.Append(" has ");
        if (has.Path is [var only] && !Names.IsUnquoted(only))
            output.Append(Escapes.Quote(only));
        else
            output.AppendJoin('.', has.Path);
    }

    private void PrintLike(LikeExpr like)
    {
        Print(like.Target, Binding.Sum);
        output.Append(" like ").Append(Escapes.Quote(like.Pattern));
    }

    private void PrintIs(IsExpr typed)
    {
        Print(typed.Target, Binding.Sum);
        output.Append(" is ").Append(typed.Type);
        if (typed.Ancestor is null)
            return;

        output.Append(" in ");
        Print(typed.Ancestor, Binding.Sum);
    }

    private void PrintCall(CallExpr call)
    {
        var name = call.Function.Name();
        if (!call.Function.IsConstructor())
        {
            PrintMethod(call.Arguments[0], name, call.Arguments.AsSpan(1));
            return;
        }

        output.Append(name);
        PrintList('(', call.Arguments, ')');
    }

    private void PrintMethod(Expr target, string name, ReadOnlySpan<Expr> arguments)
    {
        Print(target, Binding.Member);
        output.Append('.').Append(name);
        PrintList('(', arguments, ')');
    }

    private void PrintList(char open, ReadOnlySpan<Expr> items, char close)
    {
        output.Append(open);
        for (var i = 0; i < items.Length; i++)
        {
            if (i > 0)
                output.Append(", ");

            Print(items[i]);
        }

        output.Append(close);
    }

    private void PrintRecord(RecordExpr record)
    {
        output.Append('{');
        for (var i = 0; i < record.Names.Length; i++)
        {
            var name = record.Names[i];
            output.Append(i == 0 ? "" : ", ").Append(Names.IsUnquoted(name) ? name : Escapes.Quote(name)).Append(": ");
            Print(record.Values[i]);
        }

        output.Append('}');
    }
}
