using System.Collections.Concurrent;
using CsCheck;

namespace Assay.Cedar.Tests.Compilation;

public sealed class CompiledProperties
{
    [Fact]
    public void The_compiled_form_agrees_with_the_interpreter_on_generated_worlds()
    {
        var seen = new ConcurrentDictionary<string, int>();

        World.Any.Sample(
            world =>
            {
                var set = world.Set;
                var compiled = CompiledPolicySet.Compile(set);
                foreach (var request in world.Requests)
                    Count(seen, Compiled.Decide(set, compiled, request, world.Entities));
            },
            iter: 20_000);

        // The worlds are worth something only if all of this happens in them.
        foreach (var outcome in (string[])["permit", "forbid", "nothing", .. Enum.GetNames<EvaluationErrorKind>()])
            Assert.True(seen.GetValueOrDefault(outcome) >= 100, $"{outcome} happened {seen.GetValueOrDefault(outcome)} times in {string.Join(", ", seen)}");
    }

    [Fact]
    public void One_evaluation_serves_every_request_and_every_action_of_it()
    {
        World.Any.Sample(world =>
        {
            var evaluation = new Evaluation();
            var compiled = CompiledPolicySet.Compile(world.Set);
            foreach (var request in world.Requests)
            {
                evaluation.Begin(compiled, request.Principal, request.Resource, request.Context, world.Entities);
                foreach (var action in (EntityUid[])[request.Action, new("Action", "a"), new("Action", "b"), request.Action])
                {
                    var expected = Authorizer.Authorize(compiled.Source, request with { Action = action }, world.Entities);

                    evaluation.Decide(action);

                    Assert.Equal(expected.Decision, evaluation.Decision);
                    Assert.Equal(expected.SatisfiedPermits, evaluation.SatisfiedPermits.ToArray());
                    Assert.Equal(expected.SatisfiedForbids, evaluation.SatisfiedForbids.ToArray());
                    Assert.Equal(expected.Errors, evaluation.Failures.ToArray().Select(evaluation.Explain));
                }
            }
        });
    }

    [Fact]
    public void The_index_finds_exactly_the_policies_whose_head_fits()
    {
        World.HeadsOnly.Sample(
            world =>
            {
                var set = world.Set;
                foreach (var request in world.Requests)
                {
                    bool Fits(Policy policy) =>
                        Matches(policy.Principal, request.Principal) && Matches(policy.Action, request.Action) && Matches(policy.Resource, request.Resource);

                    var result = CompiledPolicySet.Compile(set).Authorize(request, world.Entities);

                    Assert.Equal(set.Policies.Where(policy => policy.Effect == Effect.Permit && Fits(policy)), result.SatisfiedPermits);
                    Assert.Equal(set.Policies.Where(policy => policy.Effect == Effect.Forbid && Fits(policy)), result.SatisfiedForbids);
                }

                bool Matches(ScopeConstraint constraint, EntityUid uid) => constraint switch
                {
                    ScopeConstraint.Any => true,
                    ScopeConstraint.Equal equal => equal.Entity == uid,
                    ScopeConstraint.In within => within.Entities.Any(entity => world.Entities.IsIn(uid, entity)),
                    ScopeConstraint.Is type => type.Type == uid.Type,
                    ScopeConstraint.IsIn type => type.Type == uid.Type && world.Entities.IsIn(uid, type.Entity),
                    _ => throw new InvalidOperationException(),
                };
            },
            iter: 3_000);
    }

    [Fact]
    public void The_order_of_policies_changes_nothing_but_the_order_of_the_answer()
    {
        Gen.Select(World.Any, Gen.Int).Sample((world, seed) =>
        {
            var named = world.Set.Policies;
            var shuffled = named.ToArray();
            new Random(seed).Shuffle(shuffled);
            foreach (var request in world.Requests)
            {
                var one = CompiledPolicySet.Compile(PolicySet.Of(named)).Authorize(request, world.Entities);
                var other = CompiledPolicySet.Compile(PolicySet.Of(shuffled)).Authorize(request, world.Entities);

                Assert.Equal(one.Decision, other.Decision);
                Assert.Equal(one.SatisfiedPermits.ToHashSet(), other.SatisfiedPermits.ToHashSet());
                Assert.Equal(one.SatisfiedForbids.ToHashSet(), other.SatisfiedForbids.ToHashSet());
                Assert.Equal(one.Errors.ToHashSet(), other.Errors.ToHashSet());
            }
        });
    }

    [Fact]
    public void Nothing_is_allowed_without_a_permit_or_against_a_forbid()
    {
        World.Any.Sample(world =>
        {
            foreach (var request in world.Requests)
            {
                var result = CompiledPolicySet.Compile(world.Set).Authorize(request, world.Entities);

                Assert.Equal(!result.SatisfiedPermits.IsEmpty && result.SatisfiedForbids.IsEmpty ? Decision.Allow : Decision.Deny, result.Decision);
            }
        });
    }

    [Fact]
    public void Another_forbid_never_allows_more()
    {
        Gen.Select(World.Any, World.Any).Sample((world, more) =>
        {
            var without = world.Set.Policies;
            var forbids = more.Set.Policies.Where(policy => policy.Effect == Effect.Forbid).Select(policy => policy.WithId("more " + policy.Id));
            foreach (var request in world.Requests)
            {
                var before = CompiledPolicySet.Compile(PolicySet.Of(without)).Authorize(request, world.Entities);
                var after = CompiledPolicySet.Compile(PolicySet.Of([.. without, .. forbids])).Authorize(request, world.Entities);

                Assert.True(after.Decision == Decision.Deny || before.Decision == Decision.Allow);
                Assert.Equal(before.SatisfiedPermits, after.SatisfiedPermits);
            }
        });
    }

    private static void Count(ConcurrentDictionary<string, int> seen, AuthorizationResult result)
    {
        void One(string outcome) => seen.AddOrUpdate(outcome, 1, (_, count) => count + 1);

        if (!result.SatisfiedPermits.IsEmpty)
            One("permit");
        if (!result.SatisfiedForbids.IsEmpty)
            One("forbid");
        if (result.SatisfiedPermits.IsEmpty && result.SatisfiedForbids.IsEmpty && result.Errors.IsEmpty)
            One("nothing");
        foreach (var error in result.Errors)
            One(error.Kind.ToString());
    }
}
