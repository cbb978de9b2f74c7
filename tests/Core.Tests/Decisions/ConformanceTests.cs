using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Replay;
using Assay.Core.Tests.Policies;

namespace Assay.Core.Tests.Decisions;

/// <summary>Requests and entities are held against the schema of the set that decides: what does not fit is not granted, and the evidence says why.</summary>
public sealed class ConformanceTests
{
    private const string Schema = "namespace Assay { entity Workload in [Role, Team] = { environment?: String }; entity Role in [Role, Team] = { level: Long }; entity Api in [Team] = { zone?: String }; }";
    private const string PermitAll = "@id(\"all\") permit (principal, action, resource);";

    private static readonly Group Exporters = new() { Uid = Example.Exporters, Attributes = Value.Record(("level", Value.Of(1))) };

    [Fact]
    public void What_fits_the_schema_is_decided_by_policy() => Assert.Equal(
        new Verdict([new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.Granted, Policies = ["all"] }], TimeSpan.FromMinutes(5)),
        Decide(Example.Exporter with { Name = "Exporter", Attributes = Value.Record(("environment", Value.Of("production"))) }, [Exporters], Example.PaymentsApi));

    [Fact]
    public void An_identity_that_does_not_fit_gets_no_scope()
    {
        Assert.Equal(
            Refused("schema: Assay::Workload::\"exporter\", attrs, environment: expected String, got long"),
            Decide(Example.Exporter with { Attributes = Value.Record(("environment", Value.Of(7))) }, [Exporters], Example.PaymentsApi));
        Assert.Equal(
            Refused("schema: Assay::Workload::\"exporter\", attrs: the schema declares no \"enviroment\" (did you mean 'environment'?)"),
            Decide(Example.Exporter with { Attributes = Value.Record(("enviroment", Value.Of("production"))) }, [Exporters], Example.PaymentsApi));
    }

    [Fact]
    public void A_group_that_does_not_fit_takes_its_members_scopes_while_they_are_in_it()
    {
        var flawed = Exporters with { Attributes = RecordValue.Empty };

        Assert.Equal(Refused("schema: Assay::Role::\"exporters\", attrs: \"level\" is missing"), Decide(Example.Exporter, [flawed], Example.PaymentsApi));
        Assert.Equal(
            Refused("schema: Assay::Role::\"exporters\", attrs: \"level\" is missing"),
            Decide(Example.Exporter with { Memberships = [new Membership { Group = new EntityUid(EntityTypes.Role, "above") }] }, [flawed, Exporters with { Uid = new EntityUid(EntityTypes.Role, "above"), Parents = [flawed.Uid] }], Example.PaymentsApi));
        Assert.True(Decide(Example.Exporter with { Memberships = [] }, [flawed], Example.PaymentsApi).GrantsAny);
    }

    [Fact]
    public void An_api_that_does_not_fit_is_not_decided_about()
    {
        Assert.Equal(
            Refused("schema: Assay::Api::\"https://payments.example\", attrs, zone: expected String, got bool"),
            Decide(Example.Exporter, [Exporters], Example.PaymentsApi with { Attributes = Value.Record(("zone", Value.Of(true))) }));
        Assert.Equal(
            Refused("schema: Assay::Api::\"https://payments.example\", parents: Assay::Role::\"exporters\" cannot be one; ancestors of Assay::Api are Assay::Team"),
            Decide(Example.Exporter, [new Group { Uid = Example.Exporters }], Example.PaymentsApi with { Parents = [Example.Exporters] }, "namespace Assay { entity Role; entity Team; entity Api in [Team]; }"));
    }

    [Fact]
    public void A_scope_that_the_set_does_not_know_is_withheld_and_the_others_are_not()
    {
        var api = Example.PaymentsApi with { Scopes = [.. Example.PaymentsApi.Scopes, new ApiScope("delete", null, []), new ApiScope("archive", null, ["reading"])] };

        Assert.Equal(
            [
                new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.Granted, Policies = ["all"] },
                new ScopeDecision { Scope = "delete", Outcome = ScopeOutcome.PolicyError, Errors = ["schema: the policy set declares no action Action::\"delete\": it was made before the API had that scope, or for other APIs"] },
            ],
            Decide(Example.Exporter, [Exporters], api, scopes: ["list", "delete"]).Scopes);
    }

    [Fact]
    public void A_scope_in_a_group_that_the_set_does_not_have_it_in_is_withheld_and_one_that_left_a_group_is_not()
    {
        var moved = Example.PaymentsApi with { Scopes = [new ApiScope("list", null, []), new ApiScope("pay", null, ["reading"])] };

        Assert.Equal(
            [
                new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.Granted, Policies = ["all"] },
                new ScopeDecision { Scope = "pay", Outcome = ScopeOutcome.PolicyError, Errors = ["schema: the policy set does not have Action::\"pay\" in Action::\"reading\": it was made before the API put it there"] },
            ],
            Decide(Example.Exporter, [Exporters], moved, scopes: ["list", "pay"]).Scopes);
    }

    [Fact]
    public void An_action_that_the_author_keeps_from_a_kind_of_identity_is_withheld_from_it()
    {
        const string schema = "action pay appliesTo { principal: Assay::Person, resource: Assay::Api, context: Assay::Context };";

        Assert.Equal(
            [new ScopeDecision { Scope = "pay", Outcome = ScopeOutcome.PolicyError, Errors = ["schema: the action Action::\"pay\" does not apply to the principal type Assay::Workload"] }],
            Decide(Example.Exporter, [], Example.PaymentsApi, schema, ["pay"]).Scopes);
        Assert.True(Decide(Example.Exporter with { Kind = IdentityKind.Person }, [], Example.PaymentsApi, schema, ["pay"]).GrantsAny);
    }

    [Fact]
    public void A_set_that_leaves_a_type_as_it_is_has_no_say_in_its_further_attributes() => Assert.True(
        Decide(Example.Exporter with { Attributes = Value.Record(("environment", Value.Of(7))) }, [Exporters with { Parents = [new EntityUid("Zone", "x")] }], Example.PaymentsApi, schema: null).GrantsAny);

    [Fact]
    public void A_forbid_that_fails_at_the_decision_denies_with_its_error()
    {
        // Strictly valid, and fails all the same.
        var set = LoadedPolicySet.Load(Sets.Of(PermitAll + "@id(\"sum\") forbid (principal, action, resource) when { context.client.assurance * 9223372036854775807 > 0 };")).Set!;
        // Of the time before sets were validated: what is read as an address is none.
        var old = LoadedPolicySet.LoadStored(new PolicyDocument([new PolicyFile("p.cedar", PermitAll + "@id(\"address\") forbid (principal, action, resource) when { ip(context.binding).isLoopback() };")], null)).Set!;

        var sum = Decider.Decide(set, Example.Directory, Example.Exporter, Example.Input);
        var verdict = Decider.Decide(old, Example.Directory, Example.Exporter, Example.Input);

        Assert.Equal(["sum: p.cedar:1:104: 2 * 9223372036854775807 does not fit 64 bits"], sum.Scopes.Single().Errors);
        Assert.Equal(["address: p.cedar:1:108: \"none\" is no ip: it is not an IPv4 or IPv6 address, nor a range like 10.0.0.0/8"], verdict.Scopes.Single().Errors);
        Assert.Equal((Refused(sum.Scopes.Single().Errors.Single()), Refused(verdict.Scopes.Single().Errors.Single())), (sum, verdict));
        Assert.Equal(verdict, EvidenceRecord.Decode(Situations.Record(Example.Input, verdict).Encode()).Verdict);
    }

    [Fact]
    public void A_stage_is_good_for_both_the_set_in_force_and_its_shadow()
    {
        var stage = Example.Stage;
        LoadedPolicySet all = LoadedPolicySet.Load(Sets.Of(PermitAll)).Set!, none = LoadedPolicySet.Load(new PolicyDocument([], null) { Actions = ActionDeclarations.Of([], null) }).Set!;

        var first = stage.ConformanceTo(all);
        var second = stage.ConformanceTo(none);

        Assert.Null(first.FaultOf("list"));
        Assert.NotNull(second.FaultOf("list"));
        Assert.Same(first, stage.ConformanceTo(all));
        Assert.Same(second, stage.ConformanceTo(none));
    }

    private static Verdict Refused(string error) => new([new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.PolicyError, Errors = [error] }], TimeSpan.Zero);

    /// <summary>Decides by all ways there are, which have to agree.</summary>
    private static Verdict Decide(Identity identity, Group[] groups, Api api, string? schema = Schema, string[]? scopes = null)
    {
        var loaded = LoadedPolicySet.Load(Sets.Of(PermitAll, schema));
        Assert.Empty(loaded.Faults);
        var directory = DirectorySnapshot.Of(groups, [api]);
        var input = Example.Input with { Scopes = [.. scopes ?? ["list"]] };
        var answers = new DecisionAnswers();

        var verdict = Decider.Decide(loaded.Set!, directory, identity, input);

        Assert.Equal(verdict, Decider.DecideByReference(loaded.Set!, directory, identity, input));
        new CandidateDecider(loaded.Set!).Decide(DecisionStage.Of(directory, identity, api.Resource, input.Time)!, input, answers);
        Assert.Equal(verdict.Scopes.Select(scope => scope.Outcome), answers.Scopes.ToArray().Select(answer => answer.Outcome));
        return verdict;
    }
}
