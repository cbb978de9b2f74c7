using System.Diagnostics;

namespace Assay.Cedar;

/// <summary>
/// Evaluates policies for one request by walking their expressions (Cedar specification, <c>evaluate</c>): left to right,
/// <c>&amp;&amp;</c>, <c>||</c> and <c>if</c> only as far as needed. The reference every faster form is held against.
/// A failed evaluation is null with <see cref="ErrorKind"/> set: errors are ordinary here and exceptions are not cheap.
/// </summary>
internal ref partial struct Interpreter(Request request, Entities entities)
{
    private readonly Request request = request;
    private readonly Entities entities = entities;
    private EntityValue? principal;
    private EntityValue? action;
    private EntityValue? resource;
    private Expr? failedAt;

    /// <summary>Why the last evaluation failed.</summary>
    public EvaluationErrorKind ErrorKind { get; private set; }

    /// <summary>What failed, without the place.</summary>
    public string ErrorMessage { get; private set; } = "";

    /// <summary>Whether the policy is satisfied; null when that cannot be evaluated.</summary>
    public bool? Satisfies(Policy policy)
    {
        if (!Matches(policy.Principal, request.Principal) || !Matches(policy.Action, request.Action) || !Matches(policy.Resource, request.Resource))
            return false;

        foreach (var condition in policy.Body.Conditions)
        {
            if (EvaluateBool(condition.Body) is not { } holds)
                return null;

            if (holds == condition.IsUnless)
                return false;
        }

        return true;
    }

    /// <summary>The failure of the last evaluation, which was of this policy.</summary>
    public readonly EvaluationError Error(Policy policy)
    {
        var place = failedAt is null ? policy.Position : policy.Body.PositionOf(failedAt);
        return new EvaluationError(policy, ErrorKind, $"{place}: {ErrorMessage}");
    }

    /// <summary>The value of an expression; null when it cannot be evaluated.</summary>
    public Value? Evaluate(Expr expression)
    {
        if (expression.Constant is { } constant)
            return constant;

        switch (expression.Kind)
        {
            case ExprKind.Variable: return EvaluateVariable((VariableExpr)expression);
            case ExprKind.And: return EvaluateAnd((AndExpr)expression);
            case ExprKind.Or: return EvaluateOr((OrExpr)expression);
            case ExprKind.Not: return EvaluateBool(((NotExpr)expression).Operand) is { } negated ? Value.Of(!negated) : null;
            case ExprKind.Negate: return EvaluateNegate((NegateExpr)expression);
            case ExprKind.If: return EvaluateIf((IfExpr)expression);
            case ExprKind.Compare: return EvaluateCompare((CompareExpr)expression);
            case ExprKind.In: return EvaluateIn((InExpr)expression);
            case ExprKind.Arithmetic: return EvaluateArithmetic((ArithmeticExpr)expression);
            case ExprKind.Attribute: return EvaluateAttribute((AttributeExpr)expression);
            case ExprKind.Has: return EvaluateHas((HasExpr)expression);
            case ExprKind.Like: return EvaluateLike((LikeExpr)expression);
            case ExprKind.Is: return EvaluateIs((IsExpr)expression);
            case ExprKind.Method: return EvaluateMethod((MethodExpr)expression);
            case ExprKind.Call: return EvaluateCall((CallExpr)expression);
            case ExprKind.Set: return EvaluateAll(((SetExpr)expression).Elements) is { } elements ? SetValue.From(elements) : null;
            case ExprKind.Record: return EvaluateRecord((RecordExpr)expression);
            default: throw new UnreachableException();
        }
    }

    private readonly bool Matches(ScopeConstraint constraint, EntityUid entity)
    {
        switch (constraint)
        {
            case ScopeConstraint.Any:
                return true;
            case ScopeConstraint.Equal equal:
                return entity.Equals(equal.Entity);
            case ScopeConstraint.In contained:
                foreach (var ancestor in contained.Entities)
                {
                    if (entities.IsIn(entity, ancestor))
                        return true;
                }

                return false;
            case ScopeConstraint.Is typed:
                return entity.Type == typed.Type;
            case ScopeConstraint.IsIn typed:
                return entity.Type == typed.Type && entities.IsIn(entity, typed.Entity);
            default:
                throw new UnreachableException(); // slots are filled when a template is linked
        }
    }

    private Value EvaluateVariable(VariableExpr expression) => expression.Variable switch
    {
        Variable.Principal => principal ??= Value.Of(request.Principal),
        Variable.Action => action ??= Value.Of(request.Action),
        Variable.Resource => resource ??= Value.Of(request.Resource),
        _ => request.Context,
    };

    private BoolValue? EvaluateAnd(AndExpr expression)
    {
        foreach (var operand in expression.Operands)
        {
            if (EvaluateBool(operand) is not { } holds)
                return null;

            if (!holds)
                return BoolValue.False;
        }

        return BoolValue.True;
    }

    private BoolValue? EvaluateOr(OrExpr expression)
    {
        foreach (var operand in expression.Operands)
        {
            if (EvaluateBool(operand) is not { } holds)
                return null;

            if (holds)
                return BoolValue.True;
        }

        return BoolValue.False;
    }

    private Value? EvaluateIf(IfExpr expression) =>
        EvaluateBool(expression.Condition) is { } holds ? Evaluate(holds ? expression.Then : expression.Otherwise) : null;

    private bool? EvaluateBool(Expr expression)
    {
        switch (Evaluate(expression))
        {
            case BoolValue value:
                return value.Value;
            case null:
                return null;
            case var other:
                FailType(expression, "bool", other);
                return null;
        }
    }

    private Value[]? EvaluateAll(Expr[] expressions)
    {
        var values = new Value[expressions.Length];
        for (var i = 0; i < expressions.Length; i++)
        {
            if (Evaluate(expressions[i]) is not { } value)
                return null;

            values[i] = value;
        }

        return values;
    }

    private Value? EvaluateRecord(RecordExpr expression) =>
        EvaluateAll(expression.Values) is { } values ? RecordValue.Owning(expression.Names, values) : null;

    private Value? FailType(Expr at, string expected, Value actual) =>
        Fail(EvaluationErrorKind.TypeError, at, $"expected {expected}, got {actual.TypeName}");

    private Value? Fail(EvaluationErrorKind kind, Expr at, string message)
    {
        (ErrorKind, failedAt, ErrorMessage) = (kind, at, message);
        return null;
    }
}
