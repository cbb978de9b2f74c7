using System.Diagnostics;

namespace Assay.Cedar;

internal ref partial struct Interpreter
{
    private Value? EvaluateMethod(MethodExpr expression)
    {
        if (Evaluate(expression.Target) is not { } target)
            return null;

        if (expression.Argument is null)
            return target is SetValue tested ? Value.Of(tested.Count == 0) : FailType(expression.Target, "set", target);

        if (Evaluate(expression.Argument) is not { } argument)
            return null;

        if (expression.Method is BuiltInMethod.HasTag or BuiltInMethod.GetTag)
            return EvaluateTag(expression, target, argument);

        if (target is not SetValue set)
            return FailType(expression.Target, "set", target);

        if (expression.Method == BuiltInMethod.Contains)
            return Value.Of(set.Contains(argument));

        if (argument is not SetValue other)
            return FailType(expression.Argument, "set", argument);

        return Value.Of(expression.Method == BuiltInMethod.ContainsAll ? set.ContainsAll(other) : set.ContainsAny(other));
    }

    private Value? EvaluateTag(MethodExpr expression, Value target, Value argument)
    {
        if (target is not EntityValue { Value: var uid })
            return FailType(expression.Target, "entity", target);

        if (argument is not StringValue { Value: var name })
            return FailType(expression.Argument!, "string", argument);

        var exists = entities.TryGet(uid, out var entity);
        Value? tag = null;
        var tagged = exists && entity!.Tags.TryGetValue(name, out tag);
        if (expression.Method == BuiltInMethod.HasTag)
            return Value.Of(tagged);

        if (tagged)
            return tag;

        return exists
            ? Fail(EvaluationErrorKind.TagDoesNotExist, expression, $"{uid} has no tag {Escapes.Quote(name)}")
            : Fail(EvaluationErrorKind.EntityDoesNotExist, expression, $"there is no entity {uid}");
    }

    private Value? EvaluateCall(CallExpr expression)
    {
        Value? first = null, second = null;
        foreach (var argument in expression.Arguments)
        {
            if (Evaluate(argument) is not { } value)
                return null;

            if (first is null)
                first = value;
            else
                second ??= value;
        }

        var function = expression.Function;
        var count = expression.Arguments.Length;
        if (count != function.Arity())
            return Fail(EvaluationErrorKind.TypeError, expression, $"{function.Name()} takes {function.Arity()} arguments, its target included, not {count}");

        if (function.IsConstructor())
            return Construct(expression, first!);

        return first switch
        {
            DecimalValue number when function <= ExtensionFunction.GreaterThanOrEqual => CallDecimal(expression, number, second!),
            IpValue address when function is >= ExtensionFunction.IsIpv4 and <= ExtensionFunction.IsInRange => CallIp(expression, address, second),
            DatetimeValue moment when function is >= ExtensionFunction.Offset and <= ExtensionFunction.ToTime => CallDatetime(expression, moment, second),
            DurationValue span when function >= ExtensionFunction.ToMilliseconds => Value.Of(Count(function, span.Milliseconds)),
            _ => FailType(expression.Arguments[0], TargetType(function), first!),
        };
    }

    private Value? Construct(CallExpr expression, Value argument)
    {
        if (argument is not StringValue { Value: var text })
            return FailType(expression.Arguments[0], "string", argument);

        return expression.Function.Construct(text, out var reason)
            ?? Fail(EvaluationErrorKind.ExtensionError, expression, $"{Escapes.Quote(text)} is no {expression.Function.Name()}: {reason}");
    }

    private Value? CallDecimal(CallExpr expression, DecimalValue left, Value argument)
    {
        if (argument is not DecimalValue right)
            return FailType(expression.Arguments[1], "decimal", argument);

        return Value.Of(expression.Function switch
        {
            ExtensionFunction.LessThan => left.Scaled < right.Scaled,
            ExtensionFunction.LessThanOrEqual => left.Scaled <= right.Scaled,
            ExtensionFunction.GreaterThan => left.Scaled > right.Scaled,
            _ => left.Scaled >= right.Scaled,
        });
    }

    private Value? CallIp(CallExpr expression, IpValue address, Value? argument)
    {
        switch (expression.Function)
        {
            case ExtensionFunction.IsIpv4: return Value.Of(!address.IsIpv6);
            case ExtensionFunction.IsIpv6: return Value.Of(address.IsIpv6);
            case ExtensionFunction.IsLoopback: return Value.Of(address.IsLoopback);
            case ExtensionFunction.IsMulticast: return Value.Of(address.IsMulticast);
            default:
                return argument is IpValue range
                    ? Value.Of(address.IsInRange(range))
                    : FailType(expression.Arguments[1], "ipaddr", argument!);
        }
    }

    private Value? CallDatetime(CallExpr expression, DatetimeValue moment, Value? argument)
    {
        var milliseconds = (Int128)moment.Milliseconds;
        switch (expression.Function)
        {
            case ExtensionFunction.Offset:
                return argument is DurationValue span
                    ? Fitting(expression, milliseconds + span.Milliseconds)
                    : FailType(expression.Arguments[1], "duration", argument!);
            case ExtensionFunction.DurationSince:
                return argument is DatetimeValue other
                    ? Fitting(expression, milliseconds - other.Milliseconds)
                    : FailType(expression.Arguments[1], "datetime", argument!);
            case ExtensionFunction.ToDate:
                return Fitting(expression, milliseconds - DatetimeValue.TimeOfDay(moment.Milliseconds));
            default:
                return new DurationValue(DatetimeValue.TimeOfDay(moment.Milliseconds));
        }
    }

    private Value? Fitting(CallExpr expression, Int128 milliseconds)
    {
        if (milliseconds != (long)milliseconds)
            return Fail(EvaluationErrorKind.ExtensionError, expression, $"the result of {expression.Function.Name()} is out of range");

        return expression.Function == ExtensionFunction.DurationSince ? new DurationValue((long)milliseconds) : new DatetimeValue((long)milliseconds);
    }

    // Whole units, cut off towards zero.
    internal static long Count(ExtensionFunction function, long milliseconds) => milliseconds / function switch
    {
        ExtensionFunction.ToMilliseconds => 1,
        ExtensionFunction.ToSeconds => 1_000,
        ExtensionFunction.ToMinutes => 60_000,
        ExtensionFunction.ToHours => 3_600_000,
        _ => 86_400_000,
    };

    private static string TargetType(ExtensionFunction function) => function switch
    {
        <= ExtensionFunction.Duration => throw new UnreachableException(),
        <= ExtensionFunction.GreaterThanOrEqual => "decimal",
        <= ExtensionFunction.IsInRange => "ipaddr",
        <= ExtensionFunction.ToTime => "datetime",
        _ => "duration",
    };
}
