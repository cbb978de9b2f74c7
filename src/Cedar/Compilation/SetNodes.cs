namespace Assay.Cedar;

internal sealed class EqualNode(Node left, Node right, bool negated) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        var first = left.Evaluate(evaluation);
        if (first.Failed)
            return Truth.Failed;

        var second = right.Evaluate(evaluation);
        return second.Failed ? Truth.Failed : Of(evaluation.AreEqual(first, second) != negated);
    }
}

/// <summary>A set or record some part of which is known only in the evaluation; the parts are left in its memory.</summary>
internal sealed class PartsNode(PartsTag tag, Node[] parts) : Node
{
    public override Slot Evaluate(Evaluation evaluation)
    {
        var start = evaluation.Reserve(parts.Length);
        for (var i = 0; i < parts.Length; i++)
        {
            var part = parts[i].Evaluate(evaluation);
            if (part.Failed)
                return default;

            evaluation.Put(start + i, part);
        }

        return Slot.Parts(tag, start);
    }
}

/// <summary>A set or record too large, or too deep, to be left in parts: it is made on the heap.</summary>
internal sealed class BuildNode(string[]? names, Node[] parts) : Node
{
    public override Slot Evaluate(Evaluation evaluation)
    {
        var values = new Value[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            var part = parts[i].Evaluate(evaluation);
            if (part.Failed)
                return default;

            values[i] = evaluation.Build(part);
        }

        return new Slot(names is null ? SetValue.From(values) : RecordValue.Owning(names, values));
    }
}

internal sealed class IsEmptyNode(Node target) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        var slot = target.Evaluate(evaluation);
        return slot.Reference switch
        {
            SetValue set => Of(set.Count == 0),
            PartsTag { Names: null } tag => Of(tag.Count == 0),
            null => Truth.Failed,
            _ => evaluation.FailTest(EvaluationErrorKind.TypeError),
        };
    }
}

internal sealed class ContainsNode(BuiltInMethod method, Node target, Node argument) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        var set = target.Evaluate(evaluation);
        if (set.Failed)
            return Truth.Failed;

        var other = argument.Evaluate(evaluation);
        if (other.Failed)
            return Truth.Failed;

        if (!Evaluation.IsSet(set) || (method != BuiltInMethod.Contains && !Evaluation.IsSet(other)))
            return evaluation.FailTest(EvaluationErrorKind.TypeError);

        return Of(method switch
        {
            BuiltInMethod.Contains => evaluation.Contains(set, other),
            BuiltInMethod.ContainsAll => evaluation.ContainsAll(set, other),
            _ => evaluation.ContainsAny(set, other),
        });
    }
}
