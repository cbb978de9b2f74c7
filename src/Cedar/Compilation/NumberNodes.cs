namespace Assay.Cedar;

internal sealed class NegateNode(Node operand) : Node
{
    public override Slot Evaluate(Evaluation evaluation)
    {
        var slot = operand.Evaluate(evaluation);
        if (slot.Failed)
            return default;

        if (!slot.TryLong(out var number))
            return evaluation.Fail(EvaluationErrorKind.TypeError);

        return number == long.MinValue ? evaluation.Fail(EvaluationErrorKind.ArithmeticOverflow) : Slot.Of(NumberTag.Long, -number);
    }
}

internal sealed class ArithmeticNode(Node[] operands, ArithmeticOperator[] operators) : Node
{
    public override Slot Evaluate(Evaluation evaluation)
    {
        var left = operands[0].Evaluate(evaluation);
        for (var i = 1; !left.Failed && i < operands.Length; i++)
        {
            // Both sides are evaluated before either type is looked at.
            var right = operands[i].Evaluate(evaluation);
            if (right.Failed)
                return default;

            if (!left.TryLong(out var x) || !right.TryLong(out var y))
                return evaluation.Fail(EvaluationErrorKind.TypeError);

            left = Calculate(operators[i - 1], x, y, out var result)
                ? Slot.Of(NumberTag.Long, result)
                : evaluation.Fail(EvaluationErrorKind.ArithmeticOverflow);
        }

        return left;
    }

    private static bool Calculate(ArithmeticOperator operation, long x, long y, out long result)
    {
        switch (operation)
        {
            case ArithmeticOperator.Add:
                result = unchecked(x + y);
                return ((x ^ result) & (y ^ result)) >= 0; // the sign differs from both only when the sum does not fit
            case ArithmeticOperator.Subtract:
                result = unchecked(x - y);
                return ((x ^ y) & (x ^ result)) >= 0;
            default:
                var high = Math.BigMul(x, y, out result);
                return high == result >> 63;
        }
    }
}

internal sealed class OrderNode(Comparison comparison, Node left, Node right) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        var first = left.Evaluate(evaluation);
        if (first.Failed)
            return Truth.Failed;

        var second = right.Evaluate(evaluation);
        if (second.Failed)
            return Truth.Failed;

        return (first.TryLong(out var x) && second.TryLong(out var y)) ||
            (first.TryDatetime(out x) && second.TryDatetime(out y)) ||
            (first.TryDuration(out x) && second.TryDuration(out y))
            ? Of(Holds(x, y))
            : evaluation.FailTest(EvaluationErrorKind.TypeError);
    }

    private bool Holds(long x, long y) => comparison switch
    {
        Comparison.Less => x < y,
        Comparison.LessOrEqual => x <= y,
        Comparison.Greater => x > y,
        _ => x >= y,
    };
}
