namespace Assay.Cedar;

/// <summary>A call with the wrong number of arguments. They are evaluated first: their errors come before that of the call.</summary>
internal sealed class WrongCallNode(Node[] arguments) : Node
{
    public override Slot Evaluate(Evaluation evaluation)
    {
        foreach (var argument in arguments)
        {
            if (argument.Evaluate(evaluation).Failed)
                return default;
        }

        return evaluation.Fail(EvaluationErrorKind.TypeError);
    }
}

/// <summary>A constructor of a malformed literal.</summary>
internal sealed class MalformedNode : Node
{
    public override Slot Evaluate(Evaluation evaluation) => evaluation.Fail(EvaluationErrorKind.ExtensionError);
}

/// <summary>A constructor of what is known only in the evaluation. Strict validation refuses it, so it may allocate.</summary>
internal sealed class ConstructNode(ExtensionFunction function, Node argument) : Node
{
    public override Slot Evaluate(Evaluation evaluation)
    {
        var slot = argument.Evaluate(evaluation);
        if (slot.Failed)
            return default;

        if (slot.Reference is not StringValue text)
            return evaluation.Fail(EvaluationErrorKind.TypeError);

        return function.Construct(text.Value, out _) is { } value ? new Slot(value) : evaluation.Fail(EvaluationErrorKind.ExtensionError);
    }
}

internal sealed class DecimalNode(ExtensionFunction function, Node target, Node argument) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        var left = target.Evaluate(evaluation);
        if (left.Failed)
            return Truth.Failed;

        var right = argument.Evaluate(evaluation);
        if (right.Failed)
            return Truth.Failed;

        if (left.Reference is not DecimalValue x || right.Reference is not DecimalValue y)
            return evaluation.FailTest(EvaluationErrorKind.TypeError);

        return Of(function switch
        {
            ExtensionFunction.LessThan => x.Scaled < y.Scaled,
            ExtensionFunction.LessThanOrEqual => x.Scaled <= y.Scaled,
            ExtensionFunction.GreaterThan => x.Scaled > y.Scaled,
            _ => x.Scaled >= y.Scaled,
        });
    }
}

internal sealed class IpNode(ExtensionFunction function, Node target, Node? argument) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        var slot = target.Evaluate(evaluation);
        if (slot.Failed)
            return Truth.Failed;

        var other = argument is null ? slot : argument.Evaluate(evaluation);
        if (other.Failed)
            return Truth.Failed;

        if (slot.Reference is not IpValue address || other.Reference is not IpValue range)
            return evaluation.FailTest(EvaluationErrorKind.TypeError);

        return Of(function switch
        {
            ExtensionFunction.IsIpv4 => !address.IsIpv6,
            ExtensionFunction.IsIpv6 => address.IsIpv6,
            ExtensionFunction.IsLoopback => address.IsLoopback,
            ExtensionFunction.IsMulticast => address.IsMulticast,
            _ => address.IsInRange(range),
        });
    }
}

internal sealed class DatetimeNode(ExtensionFunction function, Node target, Node? argument) : Node
{
    public override Slot Evaluate(Evaluation evaluation)
    {
        var slot = target.Evaluate(evaluation);
        if (slot.Failed)
            return default;

        var other = argument is null ? slot : argument.Evaluate(evaluation);
        if (other.Failed)
            return default;

        if (!slot.TryDatetime(out var moment))
            return evaluation.Fail(EvaluationErrorKind.TypeError);

        var time = DatetimeValue.TimeOfDay(moment);
        switch (function)
        {
            case ExtensionFunction.Offset:
                return other.TryDuration(out var span) ? Fitting(evaluation, (Int128)moment + span) : evaluation.Fail(EvaluationErrorKind.TypeError);
            case ExtensionFunction.DurationSince:
                return other.TryDatetime(out var earlier) ? Fitting(evaluation, (Int128)moment - earlier) : evaluation.Fail(EvaluationErrorKind.TypeError);
            case ExtensionFunction.ToDate:
                return Fitting(evaluation, (Int128)moment - time);
            default:
                return Slot.Of(NumberTag.Duration, time);
        }
    }

    private Slot Fitting(Evaluation evaluation, Int128 milliseconds)
    {
        if (milliseconds != (long)milliseconds)
            return evaluation.Fail(EvaluationErrorKind.ExtensionError);

        return Slot.Of(function == ExtensionFunction.DurationSince ? NumberTag.Duration : NumberTag.Datetime, (long)milliseconds);
    }
}

internal sealed class DurationNode(ExtensionFunction function, Node target) : Node
{
    public override Slot Evaluate(Evaluation evaluation)
    {
        var slot = target.Evaluate(evaluation);
        if (slot.Failed)
            return default;

        return slot.TryDuration(out var milliseconds)
            ? Slot.Of(NumberTag.Long, Interpreter.Count(function, milliseconds))
            : evaluation.Fail(EvaluationErrorKind.TypeError);
    }
}
