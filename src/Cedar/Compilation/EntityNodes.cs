namespace Assay.Cedar;

internal sealed class InNode(Node left, Node right) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        var entity = left.Evaluate(evaluation);
        if (entity.Failed)
            return Truth.Failed;

        var ancestor = right.Evaluate(evaluation);
        return ancestor.Failed ? Truth.Failed : evaluation.IsIn(entity, ancestor);
    }
}

internal sealed class IsNode(Node target, string type, Node? ancestor) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        var entity = target.Evaluate(evaluation);
        if (entity.Failed)
            return Truth.Failed;

        if (!entity.TryEntity(out var uid))
            return evaluation.FailTest(EvaluationErrorKind.TypeError);

        if (uid.Type != type || ancestor is null)
            return Of(uid.Type == type);

        var group = ancestor.Evaluate(evaluation);
        return group.Failed ? Truth.Failed : evaluation.IsIn(entity, group);
    }
}

/// <summary>An attribute. All policies of a set share the node of <c>context.risk.score</c>, and what it found is kept for the request.</summary>
internal sealed class AttributeNode(Node target, string name) : Node
{
    // Where the name was found last: records of one shape have it in the same place. Threads may overwrite each other's.
    private int hint;

    public override bool IsFixed => target.IsFixed;

    /// <summary>Where an evaluation keeps what was found; negative when it does not.</summary>
    public int Place { get; set; } = -1;

    public override Slot Evaluate(Evaluation evaluation)
    {
        if (Place < 0)
            return Read(evaluation);

        ref var known = ref evaluation.Known(Place);
        if (known.Failed)
            known = Read(evaluation); // and again when that fails, which is rare

        return known;
    }

    private Slot Read(Evaluation evaluation)
    {
        var slot = target.Evaluate(evaluation);
        if (slot.Reference is RecordValue record)
            return record.Find(name, ref hint) is { } field ? new Slot(field) : evaluation.Fail(EvaluationErrorKind.AttributeDoesNotExist);

        if (slot.Reference is PartsTag { Names: not null })
            return evaluation.TryField(slot, name, out var part) ? part : evaluation.Fail(EvaluationErrorKind.AttributeDoesNotExist);

        if (!slot.TryEntity(out _))
            return slot.Failed ? default : evaluation.Fail(EvaluationErrorKind.TypeError);

        if (evaluation.Find(slot) is not { } node)
            return evaluation.Fail(EvaluationErrorKind.EntityDoesNotExist);

        return node.Entity.Attributes.Find(name, ref hint) is { } attribute ? new Slot(attribute) : evaluation.Fail(EvaluationErrorKind.AttributeDoesNotExist);
    }
}

internal sealed class HasNode(Node target, string[] path) : TestNode
{
    private readonly int[] hints = new int[path.Length];

    public override Truth Test(Evaluation evaluation)
    {
        var slot = target.Evaluate(evaluation);
        if (slot.Failed)
            return Truth.Failed;

        for (var i = 0; i < path.Length; i++)
        {
            if (slot.Reference is PartsTag { Names: not null })
            {
                if (!evaluation.TryField(slot, path[i], out slot))
                    return Truth.False;

                continue;
            }

            var record = slot.Reference as RecordValue;
            if (record is null)
            {
                if (!slot.TryEntity(out _))
                    return evaluation.FailTest(EvaluationErrorKind.TypeError);

                if (evaluation.Find(slot) is not { } node)
                    return Truth.False;

                record = node.Entity.Attributes;
            }

            if (record.Find(path[i], ref hints[i]) is not { } value)
                return Truth.False;

            slot = new Slot(value);
        }

        return Truth.True;
    }
}

internal sealed class HasTagNode(Node target, Node argument) : TestNode
{
    public override Truth Test(Evaluation evaluation)
    {
        var slot = target.Evaluate(evaluation);
        if (slot.Failed)
            return Truth.Failed;

        var key = argument.Evaluate(evaluation);
        if (key.Failed)
            return Truth.Failed;

        if (!slot.TryEntity(out _) || key.Reference is not StringValue name)
            return evaluation.FailTest(EvaluationErrorKind.TypeError);

        return Of(evaluation.Find(slot) is { } node && node.Entity.Tags.TryGetValue(name.Value, out _));
    }
}

internal sealed class GetTagNode(Node target, Node argument) : Node
{
    public override Slot Evaluate(Evaluation evaluation)
    {
        var slot = target.Evaluate(evaluation);
        if (slot.Failed)
            return default;

        var key = argument.Evaluate(evaluation);
        if (key.Failed)
            return default;

        if (!slot.TryEntity(out _) || key.Reference is not StringValue name)
            return evaluation.Fail(EvaluationErrorKind.TypeError);

        if (evaluation.Find(slot) is not { } node)
            return evaluation.Fail(EvaluationErrorKind.EntityDoesNotExist);

        return node.Entity.Tags.TryGetValue(name.Value, out var tag) ? new Slot(tag) : evaluation.Fail(EvaluationErrorKind.TagDoesNotExist);
    }
}
