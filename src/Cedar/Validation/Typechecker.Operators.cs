using System.Collections.Immutable;

namespace Assay.Cedar;

internal sealed partial class Typechecker
{
    private Answer CheckCompare(CompareExpr compare, ImmutableHashSet<int> guards) => compare.Comparison switch
    {
        Comparison.Equal => CheckEqual(compare, guards),
        Comparison.NotEqual => Negated(CheckEqual(compare, guards)),
        _ => CheckOrder(compare, guards),
    };

    private Answer CheckEqual(CompareExpr compare, ImmutableHashSet<int> guards)
    {
        var left = Check(compare.Left, guards);
        var right = Check(compare.Right, guards);
        var failed = left.Failed || right.Failed;
        if (left.Type is { } one && right.Type is { } other && TypeLattice.AreDisjoint(one, other))
            return Answer.Of(StaticType.False, failed);

        if (Constant(compare.Left) is { } x && Constant(compare.Right) is { } y)
            return Answer.Of(StaticType.Of(x.Equals(y)), failed);

        return Compared(compare, failed, left.Type, right.Type, "both sides of '==' have one type");
    }

    /// <summary>The answer for a comparison: strictly, what is compared must be of one type.</summary>
    private Answer Compared(Expr at, bool failed, StaticType? left, StaticType? right, string rule)
    {
        if (failed || left is null || right is null)
            return Answer.Of(StaticType.Bool, failed: true);

        if (mode == ValidationMode.Permissive || TypeLattice.Join(left, right, mode) is not null)
            return Answer.Of(StaticType.Bool);

        ReportIncompatible(at, left, right, rule);
        return Answer.Of(StaticType.Bool, failed: true);
    }

    /// <summary>The value of a literal, or of the action, which each environment fixes.</summary>
    private Value? Constant(Expr expression) => expression switch
    {
        LiteralExpr literal => literal.Value,
        VariableExpr { Variable: Variable.Action } => Value.Of(environment.Action.Uid),
        AndExpr and => Folded(and.Operands, (x, y) => x && y),
        OrExpr or => Folded(or.Operands, (x, y) => x || y),
        _ => null,
    };

    // Literals joined by one operator are a literal too.
    private BoolValue? Folded(Expr[] operands, Func<bool, bool, bool> operation)
    {
        bool? folded = null;
        foreach (var operand in operands)
        {
            if (Constant(operand) is not BoolValue { Value: var value })
                return null;

            folded = folded is { } before ? operation(before, value) : value;
        }

        return Value.Of(folded == true);
    }

    private Answer CheckOrder(CompareExpr compare, ImmutableHashSet<int> guards)
    {
        var left = Check(compare.Left, guards);
        var right = Check(compare.Right, guards);
        if (left.Type is not { } one || right.Type is not { } other)
            return Answer.Of(StaticType.Bool, failed: true);

        if (one == other && IsOrdered(one))
            return Answer.Of(StaticType.Bool, left.Failed || right.Failed);

        if (IsOrdered(one))
        {
            ReportUnexpected(compare.Right, one.ToString(), other, OrderAdvice(other));
        }
        else if (IsOrdered(other))
        {
            ReportUnexpected(compare.Left, other.ToString(), one, OrderAdvice(one));
        }
        else
        {
            ReportUnexpected(compare.Left, "Long, datetime or duration", one, OrderAdvice(one));
            ReportUnexpected(compare.Right, "Long, datetime or duration", other, OrderAdvice(other));
        }

        return Answer.Of(StaticType.Bool, failed: true);
    }

    private static bool IsOrdered(StaticType type) => type == StaticType.Long || type == StaticType.Datetime || type == StaticType.Duration;

    private static string? OrderAdvice(StaticType type) =>
        type == StaticType.Decimal ? "decimals are compared by lessThan, lessThanOrEqual, greaterThan and greaterThanOrEqual" : null;

    private Answer CheckNegate(NegateExpr negate, ImmutableHashSet<int> guards) =>
        Answer.Of(StaticType.Long, Expect(Expected.Long, negate.Operand, guards).Failed);

    private Answer CheckArithmetic(ArithmeticExpr sum, ImmutableHashSet<int> guards)
    {
        var failed = false;
        foreach (var operand in sum.Operands)
        {
            failed |= Expect(Expected.Long, operand, guards, static type => type switch
            {
                StaticType.Set => "there is no union, intersection or difference of sets",
                _ => type == StaticType.String ? "strings cannot be joined" : null,
            }).Failed;
        }

        return Answer.Of(StaticType.Long, failed);
    }

    private Answer CheckIn(InExpr contained, ImmutableHashSet<int> guards) =>
        CheckIn(contained.Left, Expect(Expected.Entity, contained.Left, guards), contained.Right, guards);

    private Answer CheckIn(Expr left, Answer member, Expr right, ImmutableHashSet<int> guards)
    {
        var group = Expect(Expected.EntityOrEntities, right, guards, static type => type switch
        {
            StaticType.Set => "whether a set has an element is asked by contains",
            _ => type == StaticType.String ? "strings are matched by like" : null,
        });
        if (member.Failed || group.Failed)
            return Answer.Of(StaticType.Bool, failed: true);

        if (Constant(left) is EntityValue { Value: var action } && Names.IsActionType(action.Type) && EntitiesIn(right) is { } groups)
            return Answer.Of(StaticType.Of(groups.Any(candidate => candidate == action || schema.Schema.Actions[action].Ancestors.Contains(candidate))));

        var entities = (group.Type as StaticType.Set)?.Element ?? group.Type;
        var isImpossible = member.Type is StaticType.Entity type && entities is StaticType.Entity ancestor && !schema.CanBeIn(type, ancestor);
        return Answer.Of(isImpossible ? StaticType.False : StaticType.Bool);
    }

    /// <summary>The entities of a literal or of a set of literals, the action being one; null for anything else.</summary>
    private List<EntityUid>? EntitiesIn(Expr expression)
    {
        List<EntityUid> all = [];
        foreach (var candidate in expression is SetExpr set ? set.Elements : [expression])
        {
            if (Constant(candidate) is not EntityValue entity)
                return null;

            all.Add(entity.Value);
        }

        return all;
    }

    private Answer CheckLike(LikeExpr like, ImmutableHashSet<int> guards)
    {
        var target = Expect(Expected.String, like.Target, guards, static type => type is StaticType.Entity ? "entities are compared by == and tested by is" : null);
        return Answer.Of(StaticType.Bool, target.Failed);
    }

    private Answer CheckIs(IsExpr test, ImmutableHashSet<int> guards)
    {
        var target = Expect(Expected.Entity, test.Target, guards, static _ => "'is' tells apart entities, not other values");
        var type = target.Type is not StaticType.Entity entity ? StaticType.Bool
            : !entity.Names.Contains(test.Type) ? StaticType.False
            : entity.Names.Length == 1 ? StaticType.True
            : StaticType.Bool;
        var answer = Answer.Of(type, target.Failed);
        return test.Ancestor is null || type == StaticType.False ? answer : Both(answer, CheckIn(test.Target, target, test.Ancestor, guards));
    }
}
