namespace Assay.Cedar;

internal ref partial struct Interpreter
{
    private Value? EvaluateNegate(NegateExpr expression)
    {
        switch (Evaluate(expression.Operand))
        {
            case null:
                return null;
            case LongValue { Value: long.MinValue }:
                return Fail(EvaluationErrorKind.ArithmeticOverflow, expression, $"-({long.MinValue}) does not fit 64 bits");
            case LongValue number:
                return Value.Of(-number.Value);
            case var other:
                return FailType(expression.Operand, "long", other);
        }
    }

    private Value? EvaluateArithmetic(ArithmeticExpr expression)
    {
        var left = Evaluate(expression.Operands[0]);
        for (var i = 1; left is not null && i < expression.Operands.Length; i++)
        {
            // Both sides are evaluated before either type is looked at.
            if (Evaluate(expression.Operands[i]) is not { } right)
                return null;

            if (left is not LongValue x)
                return FailType(expression.Operands[0], "long", left);

            if (right is not LongValue y)
                return FailType(expression.Operands[i], "long", right);

            left = Calculate(expression, expression.Operators[i - 1], x.Value, y.Value);
        }

        return left;
    }

    private Value? Calculate(ArithmeticExpr expression, ArithmeticOperator operation, long x, long y)
    {
        var result = operation switch
        {
            ArithmeticOperator.Add => (Int128)x + y,
            ArithmeticOperator.Subtract => (Int128)x - y,
            _ => (Int128)x * y,
        };
        if (result == (long)result)
            return Value.Of((long)result);

        var sign = operation switch { ArithmeticOperator.Add => '+', ArithmeticOperator.Subtract => '-', _ => '*' };
        return Fail(EvaluationErrorKind.ArithmeticOverflow, expression, $"{x} {sign} {y} does not fit 64 bits");
    }

    private Value? EvaluateCompare(CompareExpr expression)
    {
        if (Evaluate(expression.Left) is not { } left || Evaluate(expression.Right) is not { } right)
            return null;

        switch (expression.Comparison)
        {
            case Comparison.Equal:
                return Value.Of(left.Equals(right));
            case Comparison.NotEqual:
                return Value.Of(!left.Equals(right));
        }

        switch (left, right)
        {
            case (LongValue x, LongValue y):
                return Ordered(expression.Comparison, x.Value, y.Value);
            case (DatetimeValue x, DatetimeValue y):
                return Ordered(expression.Comparison, x.Milliseconds, y.Milliseconds);
            case (DurationValue x, DurationValue y):
                return Ordered(expression.Comparison, x.Milliseconds, y.Milliseconds);
            case (LongValue or DatetimeValue or DurationValue, _):
                return FailType(expression.Right, left.TypeName, right);
            default:
                return FailType(expression.Left, "long, datetime or duration", left);
        }
    }

    private static BoolValue Ordered(Comparison comparison, long x, long y) => Value.Of(comparison switch
    {
        Comparison.Less => x < y,
        Comparison.LessOrEqual => x <= y,
        Comparison.Greater => x > y,
        _ => x >= y,
    });

    private Value? EvaluateIn(InExpr expression)
    {
        if (Evaluate(expression.Left) is not { } left || Evaluate(expression.Right) is not { } right)
            return null;

        if (left is not EntityValue entity)
            return FailType(expression.Left, "entity", left);

        return IsIn(entity.Value, expression.Right, right);
    }

    private Value? EvaluateIs(IsExpr expression)
    {
        switch (Evaluate(expression.Target))
        {
            case null:
                return null;
            case EntityValue entity:
                if (entity.Value.Type != expression.Type)
                    return BoolValue.False;

                if (expression.Ancestor is null)
                    return BoolValue.True;

                return Evaluate(expression.Ancestor) is { } ancestor ? IsIn(entity.Value, expression.Ancestor, ancestor) : null;
            case var other:
                return FailType(expression.Target, "entity", other);
        }
    }

    private Value? IsIn(EntityUid entity, Expr at, Value ancestor)
    {
        switch (ancestor)
        {
            case EntityValue single:
                return Value.Of(entities.IsIn(entity, single.Value));
            case SetValue set:
                // Every element must be an entity, also one after the one that decides.
                var found = false;
                foreach (var element in set.Span)
                {
                    if (element is not EntityValue candidate)
                        return FailType(at, "entity", element);

                    found = found || entities.IsIn(entity, candidate.Value);
                }

                return Value.Of(found);
            default:
                return FailType(at, "entity or set of entities", ancestor);
        }
    }

    private Value? EvaluateAttribute(AttributeExpr expression)
    {
        switch (Evaluate(expression.Target))
        {
            case null:
                return null;
            case RecordValue record:
                return record.TryGetValue(expression.Name, out var field)
                    ? field
                    : Fail(EvaluationErrorKind.AttributeDoesNotExist, expression, $"the record has no attribute {Escapes.Quote(expression.Name)}");
            case EntityValue { Value: var uid }:
                if (!entities.TryGet(uid, out var entity))
                    return Fail(EvaluationErrorKind.EntityDoesNotExist, expression, $"there is no entity {uid}");

                return entity.Attributes.TryGetValue(expression.Name, out var attribute)
                    ? attribute
                    : Fail(EvaluationErrorKind.AttributeDoesNotExist, expression, $"{uid} has no attribute {Escapes.Quote(expression.Name)}");
            case var other:
                return FailType(expression.Target, "record or entity", other);
        }
    }

    private Value? EvaluateHas(HasExpr expression)
    {
        var target = Evaluate(expression.Target);
        if (target is null)
            return null;

        foreach (var name in expression.Path)
        {
            RecordValue fields;
            switch (target)
            {
                case RecordValue record:
                    fields = record;
                    break;
                case EntityValue { Value: var uid }:
                    if (!entities.TryGet(uid, out var entity))
                        return BoolValue.False;

                    fields = entity.Attributes;
                    break;
                default:
                    return FailType(expression.Target, "record or entity", target);
            }

            if (!fields.TryGetValue(name, out target))
                return BoolValue.False;
        }

        return BoolValue.True;
    }

    private Value? EvaluateLike(LikeExpr expression)
    {
        switch (Evaluate(expression.Target))
        {
            case null:
                return null;
            case StringValue text:
                return Value.Of(expression.Pattern.Matches(text.Value));
            case var other:
                return FailType(expression.Target, "string", other);
        }
    }
}
