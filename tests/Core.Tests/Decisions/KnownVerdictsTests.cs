using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Risk;

namespace Assay.Core.Tests.Decisions;

public sealed class KnownVerdictsTests
{
    private static readonly LoadedPolicySet Policies = Example.Policies("""
        @id("exporters") @max_ttl("90s") permit (principal in Assay::Role::"exporters", action, resource) when { context.risk.score < 50 };
        @id("inside") @reason("inside") permit (principal, action in Action::"reading", resource) when { context has origin && context.origin.ip.isInRange(ip("10.0.0.0/8")) };
        @id("keys") @bind("dpop") permit (principal, action == Action::"pay", resource) when { context.client.assurance >= 2 };
        @id("that-key") permit (principal, action == Action::"pay", resource) when { context.client.credential == "thumb-3" };
        @id("soft") @step_up("approval") forbid (principal, action, resource) when { context.risk.score >= 80 };
        @id("hard") @reason("leaked") @public forbid (principal, action == Action::"pay", resource) when { context.risk.signals.contains("leak") };
        @id("late") forbid (principal, action, resource) when { context.entitlementsAge > duration("30s") };
        @id("broken") permit (principal, action == Action::"export", resource) when { context.risk.level == "high" && context.colour == 1 };
        """);

    private static readonly ImmutableArray<string>[] Scopes = [["list"], ["pay"], ["pay", "list"], ["list", "pay"], ["export", "other", "list"], ["list", "export", "pay"]];
    private static readonly string?[] Addresses = [null, "10.0.0.1", "192.0.2.1", "::ffff:10.0.0.1", "?"];
    private static readonly RiskAssessment[] Risks = [RiskAssessment.None, new(60, "high", ["travel"]), new(90, "critical", ["travel"]), new(10, "low", ["leak"])];

    [Fact]
    public void Whatever_was_asked_before_the_answer_is_that_of_the_reference()
    {
        Identity[] identities = [Example.Exporter, Example.Exporter with { Memberships = [] }];
        var stages = identities.Select(identity => DecisionStage.Of(Example.Directory, identity, Example.Payments, Example.Now)!).ToArray();
        var random = new Random(20261129);
        var outcomes = new HashSet<ScopeOutcome>();
        for (var i = 0; i < 3_000; i++)
        {
            var who = random.Next(2);
            var input = Example.Input with
            {
                Scopes = Pick(Scopes),
                OriginIp = Pick(Addresses),
                Risk = Pick(Risks),
                Binding = Pick(["none", "dpop"]),
                AuthenticationMethod = Pick(["private_key_jwt", "client_secret_basic", "client_secret_post", "another"]),
                CredentialHandle = $"thumb-{random.Next(4)}",
                GrantType = Pick(["client_credentials", "another"]),
                EntitlementAge = TimeSpan.FromSeconds(random.Next(40)),
                DefaultLifetime = TimeSpan.FromSeconds(Pick([60, 300])),
            };

            var verdict = Decider.Decide(Policies, stages[who], input);

            Assert.Equal(Decider.DecideByReference(Policies, Example.Directory, identities[who], input), verdict);
            Assert.Equal(verdict.Scopes.Where(scope => scope.Granted).Select(scope => scope.Scope), verdict.GrantedScopes());
            outcomes.UnionWith(verdict.Scopes.Select(scope => scope.Outcome));
        }

        Assert.Equal(Enum.GetValues<ScopeOutcome>().Except([ScopeOutcome.PolicyError]), outcomes.Order()); // there is no forbid that fails

        T Pick<T>(T[] any) => any[random.Next(any.Length)];
    }

    [Fact]
    public void More_answers_than_are_kept_are_still_the_right_ones()
    {
        const int many = 2_000;
        var set = Example.Policies(string.Join('\n', Enumerable.Range(0, many).Select(i => $"@id(\"p{i}\") permit (principal, action, resource) when {{ context.client.credential == \"key-{i}\" }};")));
        var stage = Example.Stage;

        for (var i = 0; i < many; i += 2)
            Assert.Equal([$"p{i}"], Decider.Decide(set, stage, Example.Input with { CredentialHandle = $"key-{i}" }).Scopes[0].Policies);
    }

    [Fact]
    public void The_same_answer_is_one_object_and_one_that_names_what_a_caller_made_up_is_not_kept()
    {
        var stage = Example.Stage;

        Assert.Same(Decider.Decide(Policies, stage, Example.Input), Decider.Decide(Policies, stage, Example.Input with { RiskAge = TimeSpan.FromSeconds(3) }));
        var odd = Example.Input with { Scopes = ["list", "made-up"] };
        Assert.NotSame(Decider.Decide(Policies, stage, odd), Decider.Decide(Policies, stage, odd));
        Assert.Equal(Decider.Decide(Policies, stage, odd), Decider.Decide(Policies, stage, odd));
    }

    [Fact]
    public void A_verdict_made_of_another_grants_its_own_scopes()
    {
        var verdict = Decider.Decide(Policies, Example.Stage, Example.Input);
        Assert.Equal(["list"], verdict.GrantedScopes());

        var other = verdict with { Scopes = [new ScopeDecision { Scope = "pay", Outcome = ScopeOutcome.Granted }] };

        Assert.Equal(["pay"], other.GrantedScopes());
        Assert.Equal(["list"], verdict.GrantedScopes());
    }

    [Fact]
    public void A_decision_on_a_stage_that_is_kept_and_its_record_allocate_next_to_nothing()
    {
        var stage = Example.Stage;
        var input = Example.Input with { OriginIp = "192.0.2.7" };

        var decision = Bytes(() => Decider.Decide(Policies, stage, input).GrantedScopes());
        var verdict = Decider.Decide(Policies, stage, input);
        var record = Bytes(() => new DecisionEvidence
        {
            Kind = EvidenceKind.Permit, Shard = 1, Position = 2, Node = "silo", RequestId = Guid.Empty, Input = input, Verdict = verdict,
            Token = new TokenEvidence { JwtId = "jti"u8, KeyId = "kid", ExpiresAt = Example.Now, SigningInputHash = new byte[32], StatusList = "list", StatusIndex = 1 },
        }.Encode().GiveBack());

        Assert.InRange(decision, 0, 200); // the moment, the ages, and the context that holds them
        Assert.InRange(record, 0, 64); // the hash above
    }

    /// <summary>Allocated by one run of many.</summary>
    private static long Bytes(Action run)
    {
        const int rounds = 1_000;
        for (var i = 0; i < 100; i++)
            run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < rounds; i++)
            run();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / rounds;
    }
}
