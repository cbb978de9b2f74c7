using System.Runtime.InteropServices;

namespace Assay.Cedar;

/// <summary>
/// Numbers expressions so that those that say the same have the same number, wherever they stand and however they are written:
/// what a guard says of <c>principal["boss"]</c> holds for <c>principal.boss</c>.
/// </summary>
internal sealed class Shapes
{
    private readonly Dictionary<Expr, int> seen = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Shape, int> numbers = [];

    private enum Form : byte
    {
        Literal,
        Variable,
        And,
        Or,
        Not,
        Negate,
        If,
        Equal,
        Less,
        LessOrEqual,
        In,
        Add,
        Subtract,
        Multiply,
        Attribute,
        Has,
        Like,
        Is,
        Method,
        Call,
        Set,
        Record,
        Item,
        AttributeGuard,
        TagGuard,
    }

    /// <summary>What is known when <paramref name="target"/> has an attribute.</summary>
    public int AttributeGuard(int target, string name) => Number(Form.AttributeGuard, name, target);

    /// <summary>What is known when <paramref name="target"/> has the tag that <paramref name="tag"/> names.</summary>
    public int TagGuard(int target, int tag) => Number(Form.TagGuard, null, target, tag);

    /// <summary>An attribute of the expression of that number.</summary>
    public int Attribute(int target, string name) => Number(Form.Attribute, name, target);

    public int Of(Expr expression)
    {
        if (seen.TryGetValue(expression, out var number))
            return number;

        number = Make(expression);
        seen.Add(expression, number);
        return number;
    }

    private int Make(Expr expression)
    {
        switch (expression)
        {
            case LiteralExpr literal: return Number(Form.Literal, literal.Value);
            case VariableExpr variable: return Number(Form.Variable, variable.Variable);
            case AndExpr and: return Chain(and.Operands, _ => Form.And);
            case OrExpr or: return Chain(or.Operands, _ => Form.Or);
            case NotExpr not: return Number(Form.Not, null, Of(not.Operand));
            case NegateExpr negate: return Number(Form.Negate, null, Of(negate.Operand));
            case IfExpr choice: return Number(Form.If, null, Of(choice.Condition), Of(choice.Then), Of(choice.Otherwise));
            case CompareExpr compare: return OfCompare(compare);
            case InExpr contained: return Number(Form.In, null, Of(contained.Left), Of(contained.Right));
            case ArithmeticExpr sum: return Chain(sum.Operands, i => Form.Add + (byte)sum.Operators[i - 1]);
            case AttributeExpr attribute: return Attribute(Of(attribute.Target), attribute.Name);
            case HasExpr has: return OfHas(has);
            case LikeExpr like: return Number(Form.Like, string.Concat(like.Pattern.Parts.Select(part => part is null ? "*" : Escapes.Quote(part))), Of(like.Target));
            case IsExpr test: return OfIs(test);
            case MethodExpr method: return Number(Form.Method, method.Method, Of(method.Target), method.Argument is null ? -1 : Of(method.Argument));
            case CallExpr call: return Number(Form.Call, call.Function, List(call.Arguments));
            case SetExpr set: return Number(Form.Set, null, List(set.Elements));
            case RecordExpr record: return OfRecord(record);
            default: throw new System.Diagnostics.UnreachableException();
        }
    }

    // What is written with >, >= and != is the negation of what is written with <=, < and ==.
    private int OfCompare(CompareExpr compare)
    {
        var form = compare.Comparison switch
        {
            Comparison.Equal or Comparison.NotEqual => Form.Equal,
            Comparison.Less or Comparison.GreaterOrEqual => Form.Less,
            _ => Form.LessOrEqual,
        };
        var number = Number(form, null, Of(compare.Left), Of(compare.Right));
        return compare.Comparison is Comparison.NotEqual or Comparison.Greater or Comparison.GreaterOrEqual ? Number(Form.Not, null, number) : number;
    }

    private int OfHas(HasExpr has)
    {
        var target = Of(has.Target);
        var all = Number(Form.Has, has.Path[0], target);
        foreach (var (name, next) in has.Path.Zip(has.Path.Skip(1)))
        {
            target = Attribute(target, name);
            all = Number(Form.And, null, all, Number(Form.Has, next, target));
        }

        return all;
    }

    private int OfIs(IsExpr test)
    {
        var target = Of(test.Target);
        var number = Number(Form.Is, test.Type, target);
        return test.Ancestor is null ? number : Number(Form.And, null, number, Number(Form.In, null, target, Of(test.Ancestor)));
    }

    private int OfRecord(RecordExpr record)
    {
        var list = -1;
        foreach (var (name, value) in record.Names.Zip(record.Values).OrderBy(field => field.First, StringComparer.Ordinal))
            list = Number(Form.Item, name, Of(value), list);

        return Number(Form.Record, null, list);
    }

    private int Chain(Expr[] operands, Func<int, Form> form)
    {
        var number = Of(operands[0]);
        for (var i = 1; i < operands.Length; i++)
            number = Number(form(i), null, number, Of(operands[i]));

        return number;
    }

    private int List(Expr[] items)
    {
        var list = -1;
        foreach (var item in items)
            list = Number(Form.Item, null, Of(item), list);

        return list;
    }

    private int Number(Form form, object? data, int first = -1, int second = -1, int third = -1)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(numbers, new Shape(form, data, first, second, third), out var exists);
        if (!exists)
            number = numbers.Count;

        return number;
    }

    private readonly record struct Shape(Form Form, object? Data, int First, int Second, int Third);
}
