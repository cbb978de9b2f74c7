namespace Assay.Cedar;

/// <summary>What a condition came to.</summary>
internal enum Truth : byte
{
    False,
    True,

    /// <summary>It could not be evaluated; <see cref="Evaluation.FailedKind"/> says why.</summary>
    Failed,
}

/// <summary>
/// One operation of a compiled expression. A tree of these took two thirds of the time of closures or of instructions for a stack
/// machine, and a third of the memory of closures. Nodes hold no state of an evaluation, so all threads share them; each does what
/// <see cref="Interpreter"/> does for the expression of the same name, in the same order.
/// </summary>
internal abstract class Node
{
    /// <summary>Whether it comes to the same for every policy and action of a request.</summary>
    public virtual bool IsFixed => false;

    /// <summary>The value, or the default when it cannot be evaluated.</summary>
    public abstract Slot Evaluate(Evaluation evaluation);

    /// <summary>The value as a Boolean; another type is an error.</summary>
    public virtual Truth Test(Evaluation evaluation)
    {
        var slot = Evaluate(evaluation);
        if (slot.Reference is BoolValue value)
            return value.Value ? Truth.True : Truth.False;

        return slot.Failed ? Truth.Failed : evaluation.FailTest(EvaluationErrorKind.TypeError);
    }

    protected static Truth Of(bool value) => value ? Truth.True : Truth.False;
}

/// <summary>An operation whose value is a Boolean.</summary>
internal abstract class TestNode : Node
{
    public sealed override Slot Evaluate(Evaluation evaluation) => Test(evaluation) switch
    {
        Truth.True => Slot.Of(true),
        Truth.False => Slot.Of(false),
        _ => default,
    };

    public abstract override Truth Test(Evaluation evaluation);
}

internal sealed class ConstantNode(Value value) : Node
{
    private readonly Slot slot = new(value);

    public override Slot Evaluate(Evaluation evaluation) => slot;
}

internal sealed class VariableNode(Variable variable) : Node
{
    public override bool IsFixed => variable != Variable.Action;

    public override Slot Evaluate(Evaluation evaluation) => variable switch
    {
        Variable.Principal => new Slot(evaluation.Principal),
        Variable.Action => new Slot(evaluation.Action),
        Variable.Resource => new Slot(evaluation.Resource),
        _ => new Slot(evaluation.Context),
    };
}
