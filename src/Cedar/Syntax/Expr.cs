namespace Assay.Cedar;

/// <summary>
/// An expression of the policy language. Chains of the same operator are one node, so a long <c>a || b || …</c> is wide and not
/// deep; <see cref="Depth"/> is bounded by <see cref="CedarLimits.ExpressionDepth"/>, so whoever walks may recurse.
/// </summary>
internal abstract class Expr(ExprKind kind, int offset, int depth, Value? constant = null)
{
    /// <summary>Index of its first character in the policy text.</summary>
    public int Offset { get; } = offset;

    /// <summary>Nodes on the longest way down, itself included.</summary>
    public int Depth { get; } = depth;

    /// <summary>Which of the classes below it is.</summary>
    public ExprKind Kind { get; } = kind;

    /// <summary>The value it always has, when that is known without a request; null when it is not, or when it always fails.</summary>
    public Value? Constant { get; } = constant;

    protected static int Above(Expr child) => child.Depth + 1;

    protected static int Above(ReadOnlySpan<Expr> children)
    {
        var depth = 0;
        foreach (var child in children)
            depth = Math.Max(depth, child.Depth);

        return depth + 1;
    }
}

internal enum ExprKind : byte
{
    Literal,
    Variable,
    And,
    Or,
    Not,
    Negate,
    If,
    Compare,
    In,
    Arithmetic,
    Attribute,
    Has,
    Like,
    Is,
    Method,
    Call,
    Set,
    Record,
}

internal enum Variable : byte
{
    Principal,
    Action,
    Resource,
    Context,
}

internal sealed class LiteralExpr(int offset, Value value) : Expr(ExprKind.Literal, offset, 1, value)
{
    public Value Value { get; } = value;
}

internal sealed class VariableExpr(int offset, Variable variable) : Expr(ExprKind.Variable, offset, 1)
{
    public Variable Variable { get; } = variable;
}

/// <summary><c>a &amp;&amp; b &amp;&amp; …</c>, at least two.</summary>
internal sealed class AndExpr(Expr[] operands) : Expr(ExprKind.And, operands[0].Offset, Above(operands))
{
    public Expr[] Operands { get; } = operands;
}

/// <summary><c>a || b || …</c>, at least two.</summary>
internal sealed class OrExpr(Expr[] operands) : Expr(ExprKind.Or, operands[0].Offset, Above(operands))
{
    public Expr[] Operands { get; } = operands;
}

internal sealed class NotExpr(int offset, Expr operand) : Expr(ExprKind.Not, offset, Above(operand))
{
    public Expr Operand { get; } = operand;
}

internal sealed class NegateExpr(int offset, Expr operand) : Expr(ExprKind.Negate, offset, Above(operand))
{
    public Expr Operand { get; } = operand;
}

internal sealed class IfExpr(int offset, Expr condition, Expr then, Expr otherwise) : Expr(ExprKind.If, offset, Above([condition, then, otherwise]))
{
    public Expr Condition { get; } = condition;

    public Expr Then { get; } = then;

    public Expr Otherwise { get; } = otherwise;
}

internal enum Comparison : byte
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

internal sealed class CompareExpr(Comparison comparison, Expr left, Expr right) : Expr(ExprKind.Compare, left.Offset, Above([left, right]))
{
    public Comparison Comparison { get; } = comparison;

    public Expr Left { get; } = left;

    public Expr Right { get; } = right;
}

/// <summary><c>a in b</c>: b is an entity or a set of entities.</summary>
internal sealed class InExpr(Expr left, Expr right) : Expr(ExprKind.In, left.Offset, Above([left, right]))
{
    public Expr Left { get; } = left;

    public Expr Right { get; } = right;
}

internal enum ArithmeticOperator : byte
{
    Add,
    Subtract,
    Multiply,
}

/// <summary><c>a + b - c …</c> or <c>a * b * …</c>, from left to right: operator i stands before operand i + 1.</summary>
internal sealed class ArithmeticExpr(Expr[] operands, ArithmeticOperator[] operators) : Expr(ExprKind.Arithmetic, operands[0].Offset, Above(operands))
{
    public Expr[] Operands { get; } = operands;

    public ArithmeticOperator[] Operators { get; } = operators;
}

/// <summary><c>a.name</c> or <c>a["name"]</c></summary>
internal sealed class AttributeExpr(Expr target, string name) : Expr(ExprKind.Attribute, target.Offset, Above(target))
{
    public Expr Target { get; } = target;

    public string Name { get; } = name;

    /// <summary>Where the name begins, which is what matters in a long path; where the path begins when there is no text.</summary>
    public int NameOffset { get; init; } = target.Offset;
}

/// <summary><c>a has name</c>, or <c>a has b.c.d</c>: each step exists on what the one before leads to.</summary>
internal sealed class HasExpr(Expr target, string[] path) : Expr(ExprKind.Has, target.Offset, Above(target))
{
    public Expr Target { get; } = target;

    public string[] Path { get; } = path;
}

internal sealed class LikeExpr(Expr target, Pattern pattern) : Expr(ExprKind.Like, target.Offset, Above(target))
{
    public Expr Target { get; } = target;

    public Pattern Pattern { get; } = pattern;
}

/// <summary><c>a is Type</c>, or <c>a is Type in b</c>.</summary>
internal sealed class IsExpr(Expr target, string type, Expr? ancestor) : Expr(ExprKind.Is, target.Offset, ancestor is null ? Above(target) : Above([target, ancestor]))
{
    public Expr Target { get; } = target;

    public string Type { get; } = type;

    public Expr? Ancestor { get; } = ancestor;
}

internal enum BuiltInMethod : byte
{
    Contains,
    ContainsAll,
    ContainsAny,
    IsEmpty,
    HasTag,
    GetTag,
}

/// <summary>A method of the language itself; <see cref="Argument"/> is null for <c>isEmpty</c> only.</summary>
internal sealed class MethodExpr(BuiltInMethod method, Expr target, Expr? argument)
    : Expr(ExprKind.Method, target.Offset, argument is null ? Above(target) : Above([target, argument]))
{
    public BuiltInMethod Method { get; } = method;

    public Expr Target { get; } = target;

    public Expr? Argument { get; } = argument;
}

/// <summary>A call of an extension function; of a method, the target is the first argument.</summary>
internal sealed class CallExpr(int offset, ExtensionFunction function, Expr[] arguments)
    : Expr(ExprKind.Call, offset, Above(arguments), ConstantOf(function, arguments))
{
    public ExtensionFunction Function { get; } = function;

    public Expr[] Arguments { get; } = arguments;

    // A malformed literal fails when, and only when, it is evaluated.
    private static Value? ConstantOf(ExtensionFunction function, Expr[] arguments) =>
        arguments is [LiteralExpr { Value: StringValue { Value: var text } }] ? function.Construct(text, out _) : null;
}

internal sealed class SetExpr(int offset, Expr[] elements) : Expr(ExprKind.Set, offset, Above(elements), ConstantOf(elements))
{
    public Expr[] Elements { get; } = elements;

    private static SetValue? ConstantOf(Expr[] elements)
    {
        var values = new Value[elements.Length];
        for (var i = 0; i < elements.Length; i++)
        {
            if (elements[i].Constant is not { } value)
                return null;

            values[i] = value;
        }

        return SetValue.From(values);
    }
}

internal sealed class RecordExpr(int offset, string[] names, Expr[] values) : Expr(ExprKind.Record, offset, Above(values))
{
    public string[] Names { get; } = names;

    public Expr[] Values { get; } = values;
}
