namespace Assay.Cedar;

internal sealed class AndNode(Node[] operands) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        foreach (var operand in operands)
        {
            var truth = operand.Test(evaluation);
            if (truth != Truth.True)
                return truth;
        }

        return Truth.True;
    }
}

internal sealed class OrNode(Node[] operands) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        foreach (var operand in operands)
        {
            var truth = operand.Test(evaluation);
            if (truth != Truth.False)
                return truth;
        }

        return Truth.False;
    }
}

internal sealed class NotNode(Node operand) : TestNode
{
    public override Truth Test(Evaluation evaluation) => operand.Test(evaluation) switch
    {
        Truth.True => Truth.False,
        Truth.False => Truth.True,
        _ => Truth.Failed,
    };
}

internal sealed class IfNode(Node condition, Node then, Node otherwise) : Node
{
    public override Slot Evaluate(Evaluation evaluation) => condition.Test(evaluation) switch
    {
        Truth.True => then.Evaluate(evaluation),
        Truth.False => otherwise.Evaluate(evaluation),
        _ => default,
    };
}

internal sealed class LikeNode(Node target, Pattern pattern) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        var slot = target.Evaluate(evaluation);
        if (slot.Reference is StringValue text)
            return Of(pattern.Matches(text.Value));

        return slot.Failed ? Truth.Failed : evaluation.FailTest(EvaluationErrorKind.TypeError);
    }
}
