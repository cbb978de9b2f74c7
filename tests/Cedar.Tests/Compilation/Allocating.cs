namespace Assay.Cedar.Tests.Compilation;

/// <summary>Tells policies that may allocate whenever they are evaluated from those that may not.</summary>
internal static class Allocating
{
    /// <summary>Whether an expression constructs an extension value of what is no literal, or builds a large or nested set or record.</summary>
    public static bool Is(Expr expression) =>
        expression.Constant is null && (expression switch
        {
            CallExpr call => call.Function.IsConstructor() && call.Arguments is not [LiteralExpr],
            SetExpr set => set.Elements.Length > PartsTag.Most || set.Elements.Any(Builds),
            RecordExpr record => record.Values.Length > PartsTag.Most || record.Values.Any(Builds),
            _ => false,
        } || Children(expression).Any(Is));

    /// <summary>Bytes that a decision allocates on this thread after several: the least of some, as the runtime, too, allocates now and then.</summary>
    public static long InSteadyState(Evaluation evaluation, CompiledPolicySet policies, Request request, Entities entities)
    {
        const int Most = 8;
        var least = long.MaxValue;
        for (var i = 0; i < Most && least > 0; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            evaluation.Begin(policies, request.Principal, request.Resource, request.Context, entities);
            evaluation.Decide(request.Action);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private static bool Builds(Expr expression) =>
        expression.Constant is null && (expression is SetExpr or RecordExpr || Children(expression).Any(Builds));

    private static IEnumerable<Expr> Children(Expr expression) => expression switch
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
        IsExpr { Ancestor: { } ancestor } typed => [typed.Target, ancestor],
        IsExpr typed => [typed.Target],
        MethodExpr { Argument: { } argument } method => [method.Target, argument],
        MethodExpr method => [method.Target],
        CallExpr call => call.Arguments,
        SetExpr set => set.Elements,
        RecordExpr record => record.Values,
        _ => [],
    };
}
