using System.Collections.Frozen;
using CsCheck;

namespace Assay.Cedar.Tests.Formatting;

/// <summary>Random policies of every shape the language has, sensible or not.</summary>
internal static class PolicyGenerators
{
    private static readonly Gen<string> Type = Gen.OneOfConst("User", "Photo", "A::B", "Assay::Workload");

    private static readonly Gen<string> Name = Gen.Frequency(
        (3, Gen.OneOfConst("a", "name", "principal", "ip", "contains", "_", "permit", "B9")),
        (1, Gen.OneOfConst("if", "in", "true", "__cedar", "", "a b", "9a", "é", "a\"b\\", "a\n", "\0", "*", "😀")));

    private static readonly Gen<string> Identifier = Gen.OneOfConst("a", "name", "resource", "decimal", "_x1");

    private static readonly Gen<ExtensionFunction> Function = Gen.Enum<ExtensionFunction>();

    private static readonly Gen<string?> PatternPart = Gen.OneOfConst(null, "a", "*", "\\", "a*\"b", "é😀", "\n\0\t\r", "\u2028");

    public static readonly Gen<Expr> Expression = Gen.Recursive<Expr>((depth, inner) => depth >= 6 ? Leaf : Gen.Frequency(
        (3, Leaf),
        (1, inner.Array[2, 4].Select(operands => (Expr)new AndExpr(operands))),
        (1, inner.Array[2, 4].Select(operands => (Expr)new OrExpr(operands))),
        (1, inner.Select(operand => (Expr)new NotExpr(0, operand))),
        (2, inner.Select(operand => (Expr)new NegateExpr(0, operand))),
        (1, Gen.Select(inner, inner, inner, (a, b, c) => (Expr)new IfExpr(0, a, b, c))),
        (1, Gen.Select(Gen.Enum<Comparison>(), inner, inner, (comparison, a, b) => (Expr)new CompareExpr(comparison, a, b))),
        (1, Gen.Select(inner, inner, (a, b) => (Expr)new InExpr(a, b))),
        (1, Gen.Select(inner.Array[2, 4], Gen.Bool.Array[3], Sum)),
        (1, inner.Array[2, 4].Select(operands => (Expr)new ArithmeticExpr(operands, [.. Enumerable.Repeat(ArithmeticOperator.Multiply, operands.Length - 1)]))),
        (2, Gen.Select(inner, Name, (target, name) => (Expr)new AttributeExpr(target, name))),
        (1, Gen.Select(inner, Name, (target, name) => (Expr)new HasExpr(target, [name]))),
        (1, Gen.Select(inner, Identifier.Array[2, 4], (target, path) => (Expr)new HasExpr(target, path))),
        (1, Gen.Select(inner, PatternPart.Array[0, 5], (target, parts) => (Expr)new LikeExpr(target, new Pattern(parts)))),
        (1, Gen.Select(inner, Type, (target, type) => (Expr)new IsExpr(target, type, null))),
        (1, Gen.Select(inner, Type, inner, (target, type, ancestor) => (Expr)new IsExpr(target, type, ancestor))),
        (1, Gen.Select(Gen.Enum<BuiltInMethod>(), inner, inner, (method, target, argument) => (Expr)new MethodExpr(method, target, method == BuiltInMethod.IsEmpty ? null : argument))),
        (1, Gen.Select(Function, inner.Array[1, 3], (function, arguments) => (Expr)new CallExpr(0, function, arguments))),
        (1, inner.Array[0, 4].Select(elements => (Expr)new SetExpr(0, elements))),
        (1, Gen.Select(Name, inner).Array[0, 4].Select(Record))));

    private static Gen<Expr> Leaf => Gen.OneOf(
        Gen.Bool.Select(value => (Expr)new LiteralExpr(0, Value.Of(value))),
        Generators.Number.Select(value => (Expr)new LiteralExpr(0, Value.Of(value))),
        Generators.Text.Select(value => (Expr)new LiteralExpr(0, Value.Of(value))),
        Generators.Uid.Select(value => (Expr)new LiteralExpr(0, Value.Of(value))),
        Gen.Enum<Variable>().Select(variable => (Expr)new VariableExpr(0, variable)));

    private static readonly Gen<ScopeConstraint> Scope = Gen.OneOf(
        Gen.Const(ScopeConstraint.Anything),
        Generators.Uid.Select(uid => (ScopeConstraint)new ScopeConstraint.Equal(uid)),
        Generators.Uid.Select(uid => (ScopeConstraint)new ScopeConstraint.In([uid])),
        Type.Select(type => (ScopeConstraint)new ScopeConstraint.Is(type)),
        Gen.Select(Type, Generators.Uid, (type, uid) => (ScopeConstraint)new ScopeConstraint.IsIn(type, uid)),
        Gen.Const((ScopeConstraint)new ScopeConstraint.EqualSlot()),
        Gen.Const((ScopeConstraint)new ScopeConstraint.InSlot()),
        Type.Select(type => (ScopeConstraint)new ScopeConstraint.IsInSlot(type)));

    private static readonly Gen<EntityUid> Action = Gen.Select(Gen.OneOfConst("Action", "A::Action"), Generators.Text, (type, id) => new EntityUid(type, id));

    private static readonly Gen<ScopeConstraint> ActionScope = Gen.OneOf(
        Gen.Const(ScopeConstraint.Anything),
        Action.Select(uid => (ScopeConstraint)new ScopeConstraint.Equal(uid)),
        Action.Array[0, 4].Select(uids => (ScopeConstraint)new ScopeConstraint.In([.. uids])));

    private static readonly Gen<PolicyBody> Body = Gen.Select(
        Gen.Enum<Effect>(),
        Gen.Select(Gen.OneOfConst("id", "if", "__cedar", "_a", "permit"), Gen.OneOf(Generators.Text, Gen.Const((string)null!))).Array[0, 3],
        ActionScope,
        Gen.Select(Expression, Gen.Bool, (body, isUnless) => new PolicyCondition(body, isUnless)).Array[0, 3],
        (effect, annotations, action, conditions) => new PolicyBody(
            effect,
            new OrderedDictionary<string, string>(annotations.DistinctBy(one => one.Item1).Select(one => KeyValuePair.Create(one.Item1, one.Item2 ?? ""))),
            annotations.DistinctBy(one => one.Item1).Where(one => one.Item2 is null).Select(one => one.Item1).ToFrozenSet(),
            action,
            [.. conditions],
            new SourcePosition("generated", 0, 1, 1),
            0,
            ""));

    /// <summary>Policies and templates, as what they are made of.</summary>
    public static readonly Gen<(PolicyBody Body, ScopeConstraint Principal, ScopeConstraint Resource)> Policy = Gen.Select(Body, Scope, Scope);

    private static Expr Sum(Expr[] operands, bool[] minus) =>
        new ArithmeticExpr(operands, [.. operands.Skip(1).Select((_, i) => minus[i] ? ArithmeticOperator.Subtract : ArithmeticOperator.Add)]);

    private static Expr Record((string Name, Expr Value)[] fields)
    {
        fields = [.. fields.DistinctBy(field => field.Name)];
        return new RecordExpr(0, [.. fields.Select(field => field.Name)], [.. fields.Select(field => field.Value)]);
    }
}
