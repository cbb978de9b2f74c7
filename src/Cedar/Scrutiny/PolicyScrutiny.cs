using System.Collections.Immutable;
using System.Text;

namespace Assay.Cedar;

/// <summary>
/// Looks into policies for one request: which parts of them are not met, what they saw, and what would have to be otherwise. For people who ask why;
/// what it proposes is a proposal, to be decided again with before anybody relies on it.
/// </summary>
public sealed class PolicyScrutiny(Request request, Entities entities)
{
    /// <summary>Whether a constraint of a head holds.</summary>
    public bool Holds(ScopeConstraint constraint, EntityUid entity) => constraint switch
    {
        ScopeConstraint.Any => true,
        ScopeConstraint.Equal equal => equal.Entity.Equals(entity),
        ScopeConstraint.In within => within.Entities.Any(ancestor => entities.IsIn(entity, ancestor)),
        ScopeConstraint.Is type => type.Type == entity.Type,
        ScopeConstraint.IsIn type => type.Type == entity.Type && entities.IsIn(entity, type.Entity),
        _ => false,
    };

    /// <summary>
    /// The parts of a policy's conditions that keep it from being satisfied: of clauses joined by <c>&amp;&amp;</c> each that is false, and the first that
    /// cannot be evaluated when none before it is false.
    /// </summary>
    public ImmutableArray<PolicyPart> Unmet(Policy policy)
    {
        var unmet = ImmutableArray.CreateBuilder<PolicyPart>();
        foreach (var condition in policy.Body.Conditions)
        {
            if (Truth(condition.Body) == !condition.IsUnless)
                continue;
            if (condition.IsUnless)
                unmet.Add(Part(condition.Body, isUnless: true));
            else
                AddUnmet(condition.Body, unmet);
        }

        return unmet.DrainToImmutable();
    }

    /// <summary>The conditions of a policy, whole, with what they saw.</summary>
    public ImmutableArray<PolicyPart> Conditions(Policy policy) => [.. policy.Body.Conditions.Select(condition => Part(condition.Body, condition.IsUnless))];

    /// <summary>
    /// What would have to be otherwise for the policy to be satisfied, or not to be: alternatives, those with the fewest amendments first, and not more
    /// than two dozen. None when nothing that can be amended would do; one without amendments when it is so already.
    /// </summary>
    public ImmutableArray<ImmutableArray<Amendment>> WaysTo(Policy policy, bool satisfied)
    {
        if (!Holds(policy.Action, request.Action) || !Holds(policy.Resource, request.Resource))
            return satisfied ? [] : [[]];

        var solver = new Solver(request, entities);
        var parts = new List<Ways> { Head(policy.Principal, satisfied) };
        foreach (var condition in policy.Body.Conditions)
            parts.Add(solver.WaysTo(condition.Body, satisfied ? !condition.IsUnless : condition.IsUnless));
        return (satisfied ? Ways.All(parts) : Ways.Any(parts)).ToArray();
    }

    private Ways Head(ScopeConstraint constraint, bool wanted)
    {
        var principal = request.Principal;
        if (Holds(constraint, principal) == wanted)
            return Ways.AsItIs;

        ImmutableArray<EntityUid> groups = constraint switch
        {
            ScopeConstraint.In within => within.Entities,
            ScopeConstraint.IsIn { Entity: var group } type when type.Type == principal.Type => [group],
            _ => [],
        };
        return wanted
            ? Ways.Any(groups.Select(group => Ways.By(new Amendment.Join(principal, group))))
            : Ways.All(groups.Where(group => entities.IsIn(principal, group)).Select(group => group == principal ? Ways.None : Ways.By(new Amendment.Leave(principal, group))), none: Ways.None);
    }

    private void AddUnmet(Expr expression, ImmutableArray<PolicyPart>.Builder unmet)
    {
        if (expression is not AndExpr and)
        {
            unmet.Add(Part(expression, isUnless: false));
            return;
        }

        var before = unmet.Count;
        foreach (var operand in and.Operands)
        {
            // What cannot be evaluated may rest on what was not met before it: context has origin && context.origin…
            if (Truth(operand) is var truth && (truth == false || (truth is null && unmet.Count == before)))
                AddUnmet(operand, unmet);
        }
    }

    private bool? Truth(Expr expression) => new Interpreter(request, entities).Evaluate(expression) is BoolValue value ? value.Value : null;

    private PolicyPart Part(Expr expression, bool isUnless)
    {
        var found = new List<FoundValue>();
        Look(expression, found);
        return new PolicyPart(PrintOf(expression), found, isUnless);
    }

    /// <summary>The values that an expression leads to by attributes and tags, each once: the whole path, not the steps on it.</summary>
    private void Look(Expr expression, List<FoundValue> found)
    {
        switch (expression)
        {
            case AttributeExpr or MethodExpr { Method: BuiltInMethod.GetTag }:
                Add(PrintOf(expression), new Interpreter(request, entities).Evaluate(expression));
                break;
            case HasExpr has:
                Add($"{PrintOf(has.Target)}.{string.Join('.', has.Path)}", ValueAt(has));
                break;
            case MethodExpr { Method: BuiltInMethod.HasTag, Argument: { } tag } method:
                var read = new MethodExpr(BuiltInMethod.GetTag, method.Target, tag);
                Add(PrintOf(read), new Interpreter(request, entities).Evaluate(read));
                break;
            default:
                foreach (var child in Children.Of(expression))
                    Look(child, found);
                break;
        }

        void Add(string place, Value? value)
        {
            if (!found.Exists(known => known.Place == place))
                found.Add(new FoundValue(place, value));
        }
    }

    private Value? ValueAt(HasExpr has)
    {
        var read = has.Path.Aggregate(has.Target, (target, name) => new AttributeExpr(target, name));
        return new Interpreter(request, entities).Evaluate(read);
    }

    internal static string PrintOf(Expr expression)
    {
        var text = new StringBuilder();
        new ExpressionPrinter(text).Print(expression);
        return text.ToString();
    }
}

/// <summary>The expressions right below one.</summary>
internal static class Children
{
    public static IEnumerable<Expr> Of(Expr expression) => expression switch
    {
        AndExpr and => and.Operands,
        OrExpr or => or.Operands,
        NotExpr not => [not.Operand],
        NegateExpr negate => [negate.Operand],
        IfExpr choice => [choice.Condition, choice.Then, choice.Otherwise],
        CompareExpr compare => [compare.Left, compare.Right],
        InExpr contained => [contained.Left, contained.Right],
        ArithmeticExpr arithmetic => arithmetic.Operands,
        AttributeExpr attribute => [attribute.Target],
        HasExpr has => [has.Target],
        LikeExpr like => [like.Target],
        IsExpr typed => typed.Ancestor is { } ancestor ? [typed.Target, ancestor] : [typed.Target],
        MethodExpr method => method.Argument is { } argument ? [method.Target, argument] : [method.Target],
        CallExpr call => call.Arguments,
        SetExpr set => set.Elements,
        RecordExpr record => record.Values,
        _ => [],
    };
}
