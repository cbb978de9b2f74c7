using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Finds what would make a condition true or false. Where it knows no way it says none: it does not guess.</summary>
internal sealed class Solver(Request request, Entities entities)
{
    private const int MostElements = 8;

    /// <summary>What would have to be otherwise for the condition to have that truth.</summary>
    public Ways WaysTo(Expr condition, bool wanted)
    {
        if (Value(condition) is BoolValue truth && truth.Value == wanted)
            return Ways.AsItIs;

        return condition switch
        {
            AndExpr and => Joined(and.Operands, wanted, needsAll: wanted),
            OrExpr or => Joined(or.Operands, wanted, needsAll: !wanted),
            NotExpr not => WaysTo(not.Operand, !wanted),
            IfExpr choice => Ways.Any(
            [
                Ways.All([WaysTo(choice.Condition, true), WaysTo(choice.Then, wanted)]),
                Ways.All([WaysTo(choice.Condition, false), WaysTo(choice.Otherwise, wanted)]),
            ]),
            CompareExpr compare => Compare(compare, wanted),
            InExpr contained => In(contained, wanted),
            IsExpr { Ancestor: { } ancestor } typed when Value(typed.Target) is EntityValue entity && entity.Value.Type == typed.Type => In(typed.Target, ancestor, wanted),
            HasExpr has => Has(has, wanted),
            MethodExpr method => Method(method, wanted),
            CallExpr { Function: ExtensionFunction.IsInRange, Arguments: [var ip, var range] } when wanted && PlaceOf(ip) is { } place && Value(range) is IpValue within =>
                Ways.By(new Amendment.Set(place, within)),
            AttributeExpr when PlaceOf(condition) is { } flag => Ways.By(new Amendment.Set(flag, Cedar.Value.Of(wanted))),
            _ => Ways.None,
        };
    }

    private Ways Joined(Expr[] operands, bool wanted, bool needsAll)
    {
        var parts = operands.Select(operand => WaysTo(operand, wanted));
        return needsAll ? Ways.All(parts) : Ways.Any(parts);
    }

    private Ways Compare(CompareExpr compare, bool wanted)
    {
        var comparison = wanted ? compare.Comparison : Opposite(compare.Comparison);
        return Ways.Any([Side(compare.Left, comparison, compare.Right), Side(compare.Right, Mirrored(comparison), compare.Left)]);
    }

    /// <summary>What the left side would have to be, the right one being as it is.</summary>
    private Ways Side(Expr left, Comparison comparison, Expr right)
    {
        if (Value(right) is not { } bound)
            return Ways.None;
        if (left is CallExpr { Function: ExtensionFunction.ToTime, Arguments: [var moment] })
            return PlaceOf(moment) is { } clock && Value(moment) is DatetimeValue now && Solve(comparison, bound) is DurationValue time
                ? Ways.By(new Amendment.Set(clock, AtTimeOfDay(now, time)))
                : Ways.None;
        return PlaceOf(left) is { } place && Solve(comparison, bound) is { } value ? Ways.By(new Amendment.Set(place, value)) : Ways.None;
    }

    /// <summary>The value nearest to the bound that stands in this relation to it; null when there is none, or nobody knows one.</summary>
    private static Value? Solve(Comparison comparison, Value bound)
    {
        var step = comparison switch
        {
            Comparison.Less => -1,
            Comparison.Greater => 1,
            _ => 0,
        };
        return (comparison, bound) switch
        {
            (Comparison.Equal, _) => bound,
            (Comparison.NotEqual, BoolValue truth) => Cedar.Value.Of(!truth.Value),
            (Comparison.NotEqual, _) => null,
            (_, LongValue { Value: var number }) => Moved(number, step) is { } other ? Cedar.Value.Of(other) : null,
            (_, DatetimeValue { Milliseconds: var moment }) => Moved(moment, step) is { } other ? new DatetimeValue(other) : null,
            (_, DurationValue { Milliseconds: var span }) => Moved(span, step) is { } other ? new DurationValue(other) : null,
            _ => null,
        };
    }

    private static long? Moved(long number, int step) => (step > 0 && number == long.MaxValue) || (step < 0 && number == long.MinValue) ? null : number + step;

    /// <summary>The next moment from now on at which it is that time of the day.</summary>
    private static DatetimeValue AtTimeOfDay(DatetimeValue now, DurationValue time)
    {
        var today = now.Milliseconds - DatetimeValue.TimeOfDay(now.Milliseconds) + time.Milliseconds;
        return new DatetimeValue(today >= now.Milliseconds ? today : today + DatetimeValue.MillisecondsPerDay);
    }

    private Ways In(InExpr contained, bool wanted) => In(contained.Left, contained.Right, wanted);

    private Ways In(Expr left, Expr right, bool wanted)
    {
        if (Value(left) is not EntityValue member)
            return Ways.None;

        ImmutableArray<EntityUid> groups = Value(right) switch
        {
            EntityValue group => [group.Value],
            SetValue set => [.. set.Elements.OfType<EntityValue>().Select(group => group.Value).Take(MostElements)],
            _ => [],
        };
        return wanted
            ? Ways.Any(groups.Select(group => Ways.By(new Amendment.Join(member.Value, group))))
            : Ways.All(
                groups.Where(group => entities.IsIn(member.Value, group))
                    .Select(group => group == member.Value ? Ways.None : Ways.By(new Amendment.Leave(member.Value, group))),
                none: Ways.None);
    }

    private Ways Has(HasExpr has, bool wanted)
    {
        if (PlaceOf(has.Target, has.Path) is not { } place)
            return Ways.None;
        return Ways.By(wanted ? new Amendment.Set(place, null) : new Amendment.Unset(place));
    }

    private Ways Method(MethodExpr method, bool wanted)
    {
        var argument = method.Argument is { } given ? Value(given) : null;
        switch (method.Method)
        {
            case BuiltInMethod.HasTag when TagPlace(method) is { } tag:
                return Ways.By(wanted ? new Amendment.Set(tag, null) : new Amendment.Unset(tag));

            case BuiltInMethod.GetTag when TagPlace(method) is { } flag:
                return Ways.By(new Amendment.Set(flag, Cedar.Value.Of(wanted)));

            case BuiltInMethod.Contains or BuiltInMethod.ContainsAll or BuiltInMethod.ContainsAny:
                return Ways.Any([Target(method, argument, wanted), Argument(method, wanted)]);

            case BuiltInMethod.IsEmpty when wanted && PlaceOf(method.Target) is { } place:
                return Ways.By(new Amendment.Set(place, SetValue.Empty));

            default:
                return Ways.None;
        }
    }

    /// <summary>The set that is asked would hold more, or less.</summary>
    private Ways Target(MethodExpr method, Value? argument, bool wanted)
    {
        if (argument is null || PlaceOf(method.Target) is not { } place)
            return Ways.None;

        IReadOnlyList<Value> held = Value(method.Target) is SetValue present ? present.Elements : [];
        IReadOnlyList<Value> asked = method.Method == BuiltInMethod.Contains ? [argument] : argument is SetValue set ? set.Elements : [];
        if (asked.Count is 0 or > MostElements)
            return Ways.None;

        Ways With(IEnumerable<Value> elements) => Ways.By(new Amendment.Set(place, Cedar.Value.Set(elements)));
        return (method.Method, wanted) switch
        {
            (BuiltInMethod.ContainsAny, true) => Ways.Any(asked.Select(one => With(held.Append(one)))),
            (BuiltInMethod.ContainsAll, false) => Ways.Any(asked.Select(one => With(held.Where(element => !element.Equals(one))))),
            (_, true) => With(held.Concat(asked)),
            (_, false) => With(held.Where(element => !asked.Contains(element))),
        };
    }

    /// <summary>What is looked for in a set would be one of its elements.</summary>
    private Ways Argument(MethodExpr method, bool wanted) =>
        wanted && method.Method == BuiltInMethod.Contains && PlaceOf(method.Argument!) is { } place && Value(method.Target) is SetValue allowed
            ? Ways.Any(allowed.Elements.Take(MostElements).Select(element => Ways.By(new Amendment.Set(place, element))))
            : Ways.None;

    private Value? Value(Expr expression) => new Interpreter(request, entities).Evaluate(expression);

    /// <summary>Where the value of an expression stands; null when it is computed.</summary>
    private Place? PlaceOf(Expr expression) => expression switch
    {
        AttributeExpr attribute => PlaceOf(attribute.Target, [attribute.Name]),
        MethodExpr { Method: BuiltInMethod.GetTag } method => TagPlace(method),
        _ => null,
    };

    private Place? PlaceOf(Expr target, string[] names)
    {
        var text = $"{PolicyScrutiny.PrintOf(target)}.{string.Join('.', names)}";
        var path = string.Join('.', names);
        return target is VariableExpr { Variable: Variable.Context } ? new Place(null, path, false, text)
            : Value(target) is EntityValue entity ? new Place(entity.Value, path, false, text)
            : PlaceOf(target) is { } outer ? outer with { Path = $"{outer.Path}.{path}", Text = text }
            : null;
    }

    private Place? TagPlace(MethodExpr method) =>
        Value(method.Target) is EntityValue entity && Value(method.Argument!) is StringValue tag
            ? new Place(entity.Value, tag.Value, true, PolicyScrutiny.PrintOf(new MethodExpr(BuiltInMethod.GetTag, method.Target, method.Argument)))
            : null;

    private static Comparison Opposite(Comparison comparison) => comparison switch
    {
        Comparison.Equal => Comparison.NotEqual,
        Comparison.NotEqual => Comparison.Equal,
        Comparison.Less => Comparison.GreaterOrEqual,
        Comparison.LessOrEqual => Comparison.Greater,
        Comparison.Greater => Comparison.LessOrEqual,
        _ => Comparison.Less,
    };

    private static Comparison Mirrored(Comparison comparison) => comparison switch
    {
        Comparison.Less => Comparison.Greater,
        Comparison.LessOrEqual => Comparison.GreaterOrEqual,
        Comparison.Greater => Comparison.Less,
        Comparison.GreaterOrEqual => Comparison.LessOrEqual,
        var same => same,
    };
}
