using System.Runtime.CompilerServices;

namespace Assay.Cedar.Tests.Compilation;

public sealed class CompiledPolicySetTests
{
    private const int Decisions = 10_000;

    // One policy for each operation that makes a value or a mask or a result, and policies that fail.
    private const string Everything = """
        permit(principal == User::"alice", action, resource);
        permit(principal in Group::"staff", action in [Action::"view", Action::"read"], resource is Photo);
        permit(principal is User in Group::"staff", action in Action::"read", resource == Photo::"holiday");
        permit(principal, action, resource) when { principal.n + 9000000000 * 3 - context.n == -(-26999999998) && -principal.n < 0 };
        permit(principal, action, resource) when { [principal, resource.owner, principal.boss].contains(User::"bob") } unless { !(principal has r.a.b.c) };
        permit(principal, action, resource) when { principal in [context.r.x, principal.boss] && principal in context.groups };
        permit(principal, action, resource) when { {who: principal, n: context.n}.who.n == 1 && {n: context.n} == {n: 3} };
        permit(principal, action, resource) when { [context.n, 4].containsAll([context.n]) && [context.n, 1].containsAny(principal.set) };
        permit(principal, action, resource) when { [context.n, 4] == [4, context.n] && ![principal.n].isEmpty() && context.none.isEmpty() };
        permit(principal, action, resource) when { principal.getTag("team") like "r*" && principal.hasTag(context.s) || principal is User };
        permit(principal, action, resource) when { context.at.offset(duration("1h")).toDate() < context.at && context.at.toTime().toHours() == 11 };
        permit(principal, action, resource) when { context.at.durationSince(datetime("2024-10-01")) > duration("1d") && context.ip.isInRange(ip("10.0.0.0/8")) };
        permit(principal, action, resource) when { context.price.lessThan(decimal("2.0")) && (if context.ip.isIpv4() then true else context.missing) };
        forbid(principal, action, resource) when { context.missing };
        forbid(principal, action, resource) when { 9223372036854775807 + context.n > 0 };
        forbid(principal, action, resource) when { principal.gone.name == "x" || context has missing };
        forbid(principal, action, resource) when { principal.getTag("none") == "x" };
        forbid(principal, action, resource) when { context.ip.isInRange(ip("10.0.0")) };
        forbid(principal, action, resource) when { context.n };
        forbid(principal, action, resource) when { principal.n == 2 };
        """;

    private static readonly RecordValue Context = Value.Record(
    [
        .. Sample.Context.Fields,
        new("at", Value.Datetime("2024-10-15T11:35:00Z")),
        new("ip", Value.Ip("10.1.2.3")),
        new("price", Value.Decimal("1.5")),
    ]);

    private static readonly Entities Entities = Entities.Over(
        Sample.Entities, new Entity(Cedar.Photo, Value.Record(("owner", Value.Of(new EntityUid("User", "carol")))), []));

    [Fact]
    public void Decisions_allocate_nothing_in_the_steady_state()
    {
        var policies = Cedar.Policies(Everything);
        var compiled = CompiledPolicySet.Compile(policies);
        var evaluation = new Evaluation();
        var expected = Compiled.Decide(policies, Cedar.Ask(Context), Entities);
        Decide();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Decisions; i++)
            Decide();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated / Decisions); // the runtime, too, allocates now and then
        Assert.Equal((13, 0, 6), (expected.SatisfiedPermits.Length, expected.SatisfiedForbids.Length, expected.Errors.Length));
        Assert.Equal((13, 0, 6), (evaluation.SatisfiedPermits.Length, evaluation.SatisfiedForbids.Length, evaluation.Failures.Length));

        void Decide()
        {
            evaluation.Begin(compiled, Cedar.Alice, Cedar.Photo, Context, Entities);
            evaluation.Decide(new EntityUid("Action", "share"));
            evaluation.Decide(Cedar.View);
        }
    }

    [Fact]
    public void Decisions_about_a_thousand_policies_allocate_nothing()
    {
        var compiled = CompiledPolicySet.Compile(Cedar.Policies(string.Concat(Enumerable.Range(0, 1_000).Select(i =>
            $"permit(principal in Group::\"g{i % 100}\", action == Action::\"a{i % 50}\", resource is Photo) when {{ context.n == {i % 3} }};\n"))));
        var entities = Entities.Of(new Entity(Cedar.Alice, RecordValue.Empty, [.. Enumerable.Range(0, 30).Select(i => new EntityUid("Group", $"g{i}"))]));
        var evaluation = new Evaluation();
        var request = new Request(Cedar.Alice, new("Action", "a7"), Cedar.Photo, Value.Record(("n", Value.Of(1))));

        Assert.Equal(0, Allocating.InSteadyState(evaluation, compiled, request, entities));
        Assert.Equal(["policy7", "policy307", "policy607", "policy907"], evaluation.SatisfiedPermits.ToArray().Select(policy => policy.Id));
    }

    [Fact]
    public void A_set_that_was_dropped_is_collected()
    {
        var evaluation = new Evaluation();
        var dropped = Use(evaluation);

        Collect();

        Assert.DoesNotContain(dropped, reference => reference.IsAlive);
        GC.KeepAlive(evaluation);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference[] Use(Evaluation evaluation) =>
            [.. Enumerable.Range(0, 1_000).SelectMany(i =>
            {
                var policies = Cedar.Policies($"permit(principal, action, resource == Photo::\"p{i}\") when {{ [principal, resource].contains(context.name{i}) }};\n" + Everything);
                var compiled = CompiledPolicySet.Compile(policies);
                compiled.Authorize(Cedar.Ask(Context), Entities);
                evaluation.Begin(compiled, Cedar.Alice, Cedar.Photo, Context, Entities);
                evaluation.Decide(Cedar.View);
                evaluation.Clear();
                return new[] { new WeakReference(policies), new WeakReference(compiled) };
            })];
    }

    [Fact]
    public void A_cleared_evaluation_keeps_nothing_of_the_request()
    {
        var evaluation = new Evaluation();
        var compiled = CompiledPolicySet.Compile(Cedar.Policies(Everything));
        var (context, entities) = Use(compiled, evaluation);

        Collect();

        Assert.False(context.IsAlive);
        Assert.False(entities.IsAlive);
        Assert.Equal((Decision.Deny, 0, 0, 0), (evaluation.Decision, evaluation.SatisfiedPermits.Length, evaluation.SatisfiedForbids.Length, evaluation.Failures.Length));
        Assert.Throws<InvalidOperationException>(() => evaluation.Decide(Cedar.View));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (WeakReference Context, WeakReference Entities) Use(CompiledPolicySet compiled, Evaluation evaluation)
        {
            var context = Value.Record([.. Context.Fields]);
            var entities = Entities.Of(Entities.All);
            evaluation.Begin(compiled, Cedar.Alice, Cedar.Photo, context, entities);
            evaluation.Decide(Cedar.View);
            evaluation.Clear();
            return (new WeakReference(context), new WeakReference(entities));
        }
    }

    [Fact]
    public void A_policy_whose_head_does_not_fit_is_not_evaluated()
    {
        var result = Cedar.Decide(
            """
            forbid(principal == User::"bob", action, resource) when { context.missing };
            forbid(principal is Group, action, resource) when { context.missing };
            forbid(principal is Group in Group::"staff", action, resource) when { context.missing };
            forbid(principal, action in [Action::"edit", Action::"print"], resource) when { context.missing };
            forbid(principal, action, resource in Album::"x") when { context.missing };
            """,
            entities: Sample.Entities);

        Assert.Empty(result.Errors);
    }

    [Fact]
    public void A_failure_is_explained_as_the_interpreter_does()
    {
        var policies = Cedar.Policies("permit(principal, action, resource);\nforbid(principal, action, resource)\nwhen { 1 < context.s };");
        var evaluation = new Evaluation();
        evaluation.Begin(CompiledPolicySet.Compile(policies), Cedar.Alice, Cedar.Photo, Sample.Context, Sample.Entities);

        var decision = evaluation.Decide(Cedar.View);

        Assert.Equal(Decision.Allow, decision);
        Assert.Equal([new EvaluationFailure(policies.Policies[1], EvaluationErrorKind.TypeError)], evaluation.Failures.ToArray());
        Assert.Equal(
            new EvaluationError(policies.Policies[1], EvaluationErrorKind.TypeError, "test.cedar:3:12: expected long, got string"),
            evaluation.Explain(evaluation.Failures[0]));
    }

    [Fact]
    public void What_was_found_for_one_action_or_request_is_not_used_for_another()
    {
        var entities = Entities.Of(
            new Entity(Cedar.View, Value.Record(("level", Value.Of(1))), []), new Entity(new("Action", "edit"), Value.Record(("level", Value.Of(2))), []));
        var evaluation = new Evaluation();
        var policies = CompiledPolicySet.Compile(Cedar.Policies(
            "permit(principal, action, resource) when { action.level < context.most }; permit(principal, action, resource) when { action.level <= context.most };"));

        var satisfied = new List<int>();
        foreach (var most in (long[])[1, 2])
        {
            evaluation.Begin(policies, Cedar.Alice, Cedar.Photo, Value.Record(("most", Value.Of(most))), entities);
            foreach (var action in (EntityUid[])[Cedar.View, new("Action", "edit"), new("Action", "gone")])
            {
                evaluation.Decide(action);
                satisfied.Add(evaluation.SatisfiedPermits.Length - evaluation.Failures.Length);
            }
        }

        Assert.Equal([1, 0, -2, 2, 1, -2], satisfied);
    }

    [Fact]
    public void Policies_linked_from_one_template_differ_by_their_heads()
    {
        var template = Cedar.Policies("permit(principal in ?principal, action, resource == ?resource) when { context.n == 3 };").Templates.Single();
        var policies = PolicySet.Of(
        [
            template.Link("staff", new("Group", "staff"), Cedar.Photo),
            template.Link("others", new("Group", "others"), Cedar.Photo),
            template.Link("elsewhere", new("Group", "staff"), new("Photo", "other")),
        ]);

        var result = Compiled.Decide(policies, Cedar.Ask(Sample.Context), Sample.Entities);

        Assert.Equal(["staff"], result.SatisfiedPermits.Select(policy => policy.Id));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1_000)]
    public void Any_number_of_policies_is_found(int count)
    {
        // Rare keys and common ones are kept differently.
        var policies = Cedar.Policies(string.Concat(Enumerable.Range(0, count).Select(i =>
            $"permit(principal == User::\"{(i % 2 == 0 ? "alice" : "u" + i)}\", action, resource in Photo::\"{(i % 3 == 0 ? "holiday" : "other")}\");\n")));

        var result = Compiled.Decide(policies, Cedar.Ask(), Sample.Entities);

        Assert.Equal(Enumerable.Range(0, count).Where(i => i % 6 == 0).Select(i => $"policy{i}"), result.SatisfiedPermits.Select(policy => policy.Id));
    }

    [Fact]
    public void No_policy_denies()
    {
        Assert.Equal(Decision.Deny, Compiled.Decide(PolicySet.Empty, Cedar.Ask(), Sample.Entities).Decision);
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
