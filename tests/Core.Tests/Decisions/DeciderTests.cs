using Assay.Core.Decisions;
using Assay.Core.Registry;
using static Assay.Core.Tests.Decisions.Example;

namespace Assay.Core.Tests.Decisions;

public sealed class DeciderTests
{
    private static readonly TimeSpan FiveMinutes = TimeSpan.FromMinutes(5);

    [Fact]
    public void A_satisfied_permit_grants_and_is_named_with_its_reason() => Assert.Equal(
        new Verdict(
            [
                new ScopeDecision
                {
                    Scope = "list", Outcome = ScopeOutcome.Granted, Policies = ["b", "a"], Reasons = ["all may", "exporters may"], PublicReasons = ["exporters may"],
                    MaxLifetime = TimeSpan.FromSeconds(90),
                },
            ],
            TimeSpan.FromSeconds(90)),
        Decide("""
            @id("b") @reason("all may") @max_ttl("2m") permit (principal, action, resource);
            @id("a") @reason("exporters may") @public @max_ttl("90s") permit (principal in Assay::Role::"exporters", action, resource);
            @id("no") @reason("not said") permit (principal, action == Action::"pay", resource);
            """));

    [Fact]
    public void Without_a_permit_nothing_is_granted() => Assert.Equal(
        Denied(ScopeOutcome.NoPermit),
        Decide("permit (principal in Assay::Role::\"exporters\", action == Action::\"pay\", resource);"));

    [Fact]
    public void A_set_without_policies_denies() => Assert.Equal(Denied(ScopeOutcome.NoPermit), Decide(""));

    [Fact]
    public void A_scope_the_api_does_not_declare_is_unknown_whatever_policy_says() => Assert.Equal(
        new Verdict([new ScopeDecision { Scope = "delete", Outcome = ScopeOutcome.UnknownScope }], TimeSpan.Zero),
        Decide("permit (principal, action, resource);", Input with { Scopes = ["delete"] }));

    [Fact]
    public void A_hard_forbid_overrides_permits_and_soft_forbids() => Assert.Equal(
        Denied(ScopeOutcome.Forbidden) with
        {
            Scopes = [new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.Forbidden, Policies = ["soft", "hard"], Reasons = ["frozen"], PublicReasons = ["frozen"] }],
        },
        Decide("""
            permit (principal, action, resource);
            @id("soft") @step_up("approval") forbid (principal, action, resource);
            @id("hard") @reason("frozen") @public forbid (principal, action, resource);
            """));

    [Fact]
    public void Soft_forbids_alone_say_which_verifications_open_the_scope() => Assert.Equal(
        new Verdict(
            [new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.StepUpRequired, Policies = ["s1", "s2", "s3"], StepUp = ["approval", "attestation"], Reasons = ["risk"] }],
            TimeSpan.Zero),
        Decide("""
            permit (principal, action, resource);
            @id("s1") @step_up("approval") @reason("risk") forbid (principal, action, resource);
            @id("s2") @step_up("attestation") forbid (principal, action, resource);
            @id("s3") @step_up("approval") forbid (principal, action, resource);
            """));

    [Fact]
    public void A_soft_forbid_without_a_permit_forbids() => Assert.Equal(
        new Verdict([new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.Forbidden, Policies = ["s"] }], TimeSpan.Zero),
        Decide("@id(\"s\") @step_up(\"approval\") forbid (principal, action, resource);"));

    [Fact]
    public void A_soft_forbid_that_is_not_satisfied_is_no_matter() => Assert.Equal(
        new Verdict([new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.Granted, Policies = ["p"] }], FiveMinutes),
        Decide("@id(\"p\") permit (principal, action, resource); @step_up(\"approval\") forbid (principal, action, resource) when { context.risk.score >= 50 };"));

    [Theory]
    [InlineData("dpop", "none", false), InlineData("dpop", "dpop", true), InlineData("dpop", "mtls", false)]
    [InlineData("mtls", "none", false), InlineData("mtls", "dpop", false), InlineData("mtls", "mtls", true)]
    [InlineData("any", "none", false), InlineData("any", "dpop", true), InlineData("any", "mtls", true), InlineData("any", "other", false)]
    public void A_binding_is_met_or_the_scope_is_withheld(string asked, string bound, bool granted) => Assert.Equal(
        new Verdict(
            [new ScopeDecision { Scope = "list", Outcome = granted ? ScopeOutcome.Granted : ScopeOutcome.BindingRequired, Policies = ["p"] }], granted ? FiveMinutes : TimeSpan.Zero),
        Decide($"@id(\"p\") @bind(\"{asked}\") permit (principal, action, resource);", Input with { Binding = bound }));

    [Fact]
    public void Every_satisfied_permit_has_its_binding_met() => Assert.Equal(
        new Verdict([new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.BindingRequired, Policies = ["free", "bound"] }], TimeSpan.Zero),
        Decide("@id(\"free\") permit (principal, action, resource); @id(\"bound\") @bind(\"any\") permit (principal, action, resource);"));

    [Fact]
    public void A_forbid_that_cannot_be_evaluated_denies_and_is_named()
    {
        var scope = Assert.Single(Decide("permit (principal, action, resource); @id(\"broken\") forbid (principal, action, resource) when { context.colour == 1 };").Scopes);

        Assert.Equal(ScopeOutcome.PolicyError, scope.Outcome);
        Assert.StartsWith("broken: ", Assert.Single(scope.Errors));
    }

    [Fact]
    public void A_permit_that_cannot_be_evaluated_does_not_permit_and_is_named()
    {
        var alone = Assert.Single(Decide("@id(\"broken\") permit (principal, action, resource) when { context.colour == 1 };").Scopes);
        var beside = Assert.Single(Decide("@id(\"broken\") permit (principal, action, resource) when { context.colour == 1 }; @id(\"p\") permit (principal, action, resource);").Scopes);

        Assert.Equal((ScopeOutcome.NoPermit, 1), (alone.Outcome, alone.Errors.Length));
        Assert.Equal((ScopeOutcome.Granted, "p", 1), (beside.Outcome, Assert.Single(beside.Policies), beside.Errors.Length));
    }

    [Fact]
    public void Each_scope_is_decided_by_itself_in_the_order_of_the_request()
    {
        var verdict = Decide("permit (principal, action in Action::\"reading\", resource);", Input with { Scopes = ["pay", "export", "delete", "list"] });

        Assert.Equal(
            [("pay", ScopeOutcome.NoPermit), ("export", ScopeOutcome.Granted), ("delete", ScopeOutcome.UnknownScope), ("list", ScopeOutcome.Granted)],
            verdict.Scopes.Select(scope => (scope.Scope, scope.Outcome)));
        Assert.Equal(["export", "list"], verdict.GrantedScopes());
        Assert.True(verdict.GrantsAny);
    }

    [Fact]
    public void No_scopes_give_no_grant() => Assert.Equal(new Verdict([], TimeSpan.Zero), Decide("permit (principal, action, resource);", Input with { Scopes = [] }));

    // Life: what permits say (default 300 s), the API's ceiling, the cluster's.
    [Theory]
    [InlineData(null, null, 900, 300)]
    [InlineData("15m", null, 900, 900)]
    [InlineData("15m", null, 600, 600)]
    [InlineData("15m", 120, 600, 120)]
    [InlineData("90s", 120, 600, 90)]
    [InlineData(null, 900, 900, 300)]
    [InlineData(null, 120, 900, 120)]
    [InlineData(null, null, 60, 60)]
    public void The_life_is_the_smallest_of_what_permits_api_and_cluster_say(string? permit, int? api, int cluster, int life)
    {
        var directory = DirectorySnapshot.Of([], [PaymentsApi with { MaxTokenLifetime = api is { } seconds ? TimeSpan.FromSeconds(seconds) : null }]);

        var verdict = Decide(
            (permit is null ? "" : $"@max_ttl(\"{permit}\") ") + "permit (principal, action, resource);", Input with { MaxLifetime = TimeSpan.FromSeconds(cluster) }, directory: directory);

        Assert.Equal(TimeSpan.FromSeconds(life), verdict.Lifetime);
    }

    [Fact]
    public void The_life_is_that_of_the_shortest_granted_scope_and_a_silent_one_asks_for_the_default()
    {
        const string policies = """
            @max_ttl("15m") permit (principal, action == Action::"list", resource);
            @max_ttl("90s") permit (principal, action == Action::"export", resource);
            permit (principal, action == Action::"pay", resource);
            @max_ttl("60s") permit (principal, action == Action::"other", resource);
            """;

        Assert.Equal(
            [900, 90, 300, 300, 90],
            new string[][] { ["list"], ["list", "export"], ["pay"], ["list", "pay"], ["list", "pay", "export"] }
                .Select(scopes => (int)Decide(policies, Input with { Scopes = [.. scopes] }).Lifetime.TotalSeconds));
    }

    [Fact]
    public void The_life_is_whole_seconds() => Assert.Equal(
        TimeSpan.FromSeconds(99), Decide("permit (principal, action, resource);", Input with { MaxLifetime = TimeSpan.FromMilliseconds(99_900) }).Lifetime);

    [Fact]
    public void A_resource_out_of_the_directory_or_another_identity_is_nothing_to_decide_about()
    {
        Assert.Throws<ArgumentException>(() => Decide("permit (principal, action, resource);", Input with { Resource = "https://other.example" }));
        Assert.Throws<ArgumentException>(() => Decide("permit (principal, action, resource);", identity: Exporter with { Id = "somebody-else" }));
    }

    private static Verdict Denied(ScopeOutcome outcome) => new([new ScopeDecision { Scope = "list", Outcome = outcome }], TimeSpan.Zero);
}
