using System.Collections.Immutable;
using System.Diagnostics;

namespace Assay.Cedar;

/// <summary>
/// Checks one policy's conditions for one kind of request at a time (Cedar specification, <c>typeOf</c>). It goes on after a fault as
/// far as types are known, follows evaluation in what cannot be reached, and carries along which guards hold: a guard that is true
/// on the left of <c>&amp;&amp;</c> or as the condition of <c>if</c> covers what is evaluated only then.
/// </summary>
internal sealed partial class Typechecker(SchemaTypes schema, ValidationMode mode, FindingLog log)
{
    private readonly Shapes shapes = new();
    private RequestEnvironment environment = null!;

    /// <summary>Whether the conditions can be true for some request of this kind. Faults go to the log.</summary>
    public bool CanHold(ImmutableArray<PolicyCondition> conditions, RequestEnvironment of)
    {
        environment = of;
        ImmutableHashSet<int> guards = [];
        var typed = true;
        foreach (var condition in conditions)
        {
            var answer = Expect(Expected.Bool, condition.Body, guards);
            if (condition.IsUnless)
                answer = Negated(answer);

            if (answer.Type == StaticType.False)
                return !typed; // what follows is never reached

            typed &= answer.Type is not null;
            guards = guards.Union(answer.Learned);
        }

        return true;
    }

    // Recursion goes through here, so it is kept small on the stack.
    private Answer Check(Expr expression, ImmutableHashSet<int> guards) => expression.Kind switch
    {
        ExprKind.Literal => CheckLiteral(((LiteralExpr)expression).Value),
        ExprKind.Variable => Answer.Of(TypeOf(((VariableExpr)expression).Variable)),
        ExprKind.And => CheckAnd((AndExpr)expression, guards),
        ExprKind.Or => CheckOr((OrExpr)expression, guards),
        ExprKind.Not => Negated(Expect(Expected.Bool, ((NotExpr)expression).Operand, guards)),
        ExprKind.Negate => CheckNegate((NegateExpr)expression, guards),
        ExprKind.If => CheckIf((IfExpr)expression, guards),
        ExprKind.Compare => CheckCompare((CompareExpr)expression, guards),
        ExprKind.In => CheckIn((InExpr)expression, guards),
        ExprKind.Arithmetic => CheckArithmetic((ArithmeticExpr)expression, guards),
        ExprKind.Attribute => CheckAttribute((AttributeExpr)expression, guards),
        ExprKind.Has => CheckHas((HasExpr)expression, guards),
        ExprKind.Like => CheckLike((LikeExpr)expression, guards),
        ExprKind.Is => CheckIs((IsExpr)expression, guards),
        ExprKind.Method => CheckMethod((MethodExpr)expression, guards),
        ExprKind.Call => CheckCall((CallExpr)expression, guards),
        ExprKind.Set => CheckSet((SetExpr)expression, guards),
        ExprKind.Record => CheckRecord((RecordExpr)expression, guards),
        _ => throw new UnreachableException(),
    };

    private StaticType TypeOf(Variable variable) => variable switch
    {
        Variable.Principal => schema.Entity(environment.Principal),
        Variable.Action => schema.Entity(environment.Action.Uid.Type),
        Variable.Resource => schema.Entity(environment.Resource),
        _ => schema.Context(environment.Action),
    };

    // Names that the schema does not know are reported once for the whole policy, not here.
    private Answer CheckLiteral(Value value) => value switch
    {
        BoolValue truth => Answer.Of(StaticType.Of(truth.Value)),
        LongValue => Answer.Of(StaticType.Long),
        StringValue => Answer.Of(StaticType.String),
        EntityValue entity => schema.IsKnown(entity.Value) ? Answer.Of(schema.Entity(entity.Value.Type)) : Answer.Fault,
        _ => throw new UnreachableException(),
    };

    private static Answer Negated(Answer operand) => Answer.Of(
        operand.Type == StaticType.True ? StaticType.False : operand.Type == StaticType.False ? StaticType.True : StaticType.Bool,
        operand.Failed);

    private Answer CheckAnd(AndExpr and, ImmutableHashSet<int> guards)
    {
        var left = Expect(Expected.Bool, and.Operands[0], guards);
        var covered = guards.Union(left.Learned);
        for (var i = 1; i < and.Operands.Length && left.Type != StaticType.False; i++)
        {
            var right = Expect(Expected.Bool, and.Operands[i], covered);
            var dropped = left.Type == StaticType.True && right.Type != StaticType.True;
            left = Both(left, right);
            // Behind a fault what was learned stays: the policy is refused anyway, and must not be told to guard what it guards.
            covered = dropped && !left.Failed ? guards.Union(left.Learned) : covered.Union(right.Learned);
        }

        return left.Type == StaticType.False ? Answer.Of(StaticType.False, left.Failed) : left;
    }

    private static Answer Both(Answer left, Answer right)
    {
        var failed = left.Failed || right.Failed;
        if (left.Type is null || right.Type is null)
            return Answer.Of(StaticType.Bool, failed: true);

        if (right.Type == StaticType.False)
            return Answer.Of(StaticType.False, failed);

        if (right.Type == StaticType.True)
            return Answer.Of(left.Type, left.Learned.Union(right.Learned), failed);

        return left.Type == StaticType.True
            ? Answer.Of(right.Type, right.Learned, failed)
            : Answer.Of(StaticType.Bool, left.Learned.Union(right.Learned), failed);
    }

    private Answer CheckOr(OrExpr or, ImmutableHashSet<int> guards)
    {
        var left = Expect(Expected.Bool, or.Operands[0], guards);
        for (var i = 1; i < or.Operands.Length && left.Type != StaticType.True; i++)
            left = Either(left, Expect(Expected.Bool, or.Operands[i], guards));

        return left;
    }

    private static Answer Either(Answer left, Answer right)
    {
        var failed = left.Failed || right.Failed;
        if (left.Type is null || right.Type is null)
            return Answer.Of(StaticType.Bool, failed: true);

        if (right.Type == StaticType.True)
            return Answer.Of(StaticType.True, right.Learned, failed);

        if (right.Type == StaticType.False)
            return Answer.Of(left.Type, left.Learned, failed);

        return left.Type == StaticType.False
            ? Answer.Of(right.Type, right.Learned, failed)
            : Answer.Of(StaticType.Bool, right.Learned.Intersect(left.Learned), failed);
    }

    private Answer CheckIf(IfExpr choice, ImmutableHashSet<int> guards)
    {
        var condition = Expect(Expected.Bool, choice.Condition, guards);
        if (condition.Type == StaticType.False)
            return Check(choice.Otherwise, guards).After(condition.Failed);

        var then = Check(choice.Then, guards.Union(condition.Learned));
        then = Answer.Of(then.Type, then.Learned.Union(condition.Learned), then.Failed || condition.Failed);
        if (condition.Type == StaticType.True)
            return then;

        var otherwise = Check(choice.Otherwise, guards);
        if (then.Type is null || otherwise.Type is null)
            return Answer.Fault;

        if (TypeLattice.Join(then.Type, otherwise.Type, mode) is { } type)
            return Answer.Of(type, otherwise.Learned.Intersect(then.Learned), then.Failed || otherwise.Failed);

        ReportIncompatible(choice, then.Type, otherwise.Type, "both branches of 'if' have one type");
        return Answer.Fault;
    }

    private Answer CheckSet(SetExpr set, ImmutableHashSet<int> guards)
    {
        StaticType? element = StaticType.Never;
        (StaticType, StaticType)? differ = null;
        var (failed, typed) = (false, true);
        foreach (var item in set.Elements)
        {
            var answer = Check(item, guards);
            failed |= answer.Failed;
            typed &= answer.Type is not null;
            if (element is null || answer.Type is not { } type)
                continue;

            var joined = TypeLattice.Join(element, type, mode);
            if (joined is null)
                differ = (element, type);

            element = joined;
        }

        if (mode == ValidationMode.Strict && set.Elements.Length == 0)
        {
            Report(ValidationFindingKind.EmptySet, set.Offset, "an empty set has no type for its elements; test for emptiness with isEmpty()");
            return Answer.Fault;
        }

        if (!typed)
            return Answer.Fault;

        if (differ is (var one, var other))
            ReportIncompatible(set, one, other, "the elements of a set have one type");

        return element is null ? Answer.Fault : Answer.Of(new StaticType.Set(element), failed);
    }

    private Answer CheckRecord(RecordExpr record, ImmutableHashSet<int> guards)
    {
        var attributes = new Dictionary<string, StaticType.Attribute>(record.Names.Length, StringComparer.Ordinal);
        var failed = false;
        for (var i = 0; i < record.Names.Length; i++)
        {
            var answer = Check(record.Values[i], guards);
            failed |= answer.Failed;
            if (answer.Type is { } type)
                attributes[record.Names[i]] = new StaticType.Attribute(type, IsRequired: true);
        }

        return attributes.Count < record.Names.Length ? Answer.Fault : Answer.Of(new StaticType.Record(attributes, isOpen: false), failed);
    }

    /// <summary>Checks an expression that must be of some kind of type; its answer has a type only when it is.</summary>
    private Answer Expect(Expected expected, Expr expression, ImmutableHashSet<int> guards, Func<StaticType, string?>? advice = null)
    {
        var answer = Check(expression, guards);
        if (answer.Type is not { } type || expected.Holds(type))
            return answer;

        ReportUnexpected(expression, expected.Name, type, advice?.Invoke(type));
        return Answer.Fault;
    }

    private void ReportUnexpected(Expr at, string expected, StaticType actual, string? advice = null) =>
        Report(ValidationFindingKind.UnexpectedType, at.Offset, $"expected {expected}, got {actual}{(advice is null ? "" : $"; {advice}")}");

    private void ReportIncompatible(Expr at, StaticType left, StaticType right, string rule) =>
        Report(ValidationFindingKind.IncompatibleTypes, at.Offset, $"{rule}; {left} and {right} are different{Difference(left, right)}");

    private static string Difference(StaticType left, StaticType right) => (left, right) switch
    {
        (StaticType.Record, StaticType.Record) => ": they need the same attributes, optional in both or in neither",
        (StaticType.Set { Element: var one }, StaticType.Set { Element: var other }) => Difference(one, other),
        _ => "",
    };

    private void Report(ValidationFindingKind kind, int offset, string message) => log.Add(kind, offset, message, environment);
}
