using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Explaining;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Risk;
using Assay.Core.Tests.Decisions;
using CsCheck;

namespace Assay.Core.Tests.Explaining;

/// <summary>Why a scope was withheld, and what would have it granted.</summary>
public sealed class ShortfallTests
{
    private const string Permit = "permit (principal, action, resource)";
    private const string Forbid = "forbid (principal, action, resource)";

    private static readonly EntityUid Readers = new(EntityTypes.Role, "readers");
    private static readonly EntityUid Partners = new(EntityTypes.Role, "partners");
    private static readonly EntityUid External = new(EntityTypes.Role, "external");
    private static readonly EntityUid Billing = new(EntityTypes.Team, "billing");

    /// <summary>In the team billing and, as a partner, external; at a risk of 60 by two signals.</summary>
    private static readonly Identity Worker = new()
    {
        Id = "worker",
        Owner = "ann",
        Attributes = Value.Record(
            ("tier", Value.Of(1)), ("trusted", Value.Of(false)), ("labels", Value.Set(Value.Of("eu"))), ("team", Value.Of(Billing)),
            ("address", Value.Record(("country", Value.Of("de"))))),
        Memberships = [new Membership { Group = Billing }, new Membership { Group = Partners }],
        Signals =
        [
            new RiskSignal { Name = "leak", Source = "admin", Weight = 50, RaisedAt = Example.Now },
            new RiskSignal { Name = "travel", Source = "admin", Weight = 20, RaisedAt = Example.Now },
        ],
    };

    private static readonly DirectorySnapshot Directory = DirectorySnapshot.Of(
        [
            new Group { Uid = Readers },
            new Group { Uid = External },
            new Group { Uid = Partners, Parents = [External] },
            new Group { Uid = Billing, Attributes = Value.Record(("name", Value.Of("billing")), ("env", Value.Of("test"))) },
        ],
        [Example.PaymentsApi with { Attributes = Value.Record(("owner", Value.Of("bob")), ("readers", Value.Set(Value.Of(Readers)))) }]);

    private static readonly DecisionInput Input = Example.Input with
    {
        ClientId = "worker", AuthenticationMethod = "client_secret_basic", Risk = RiskScore.Assess(Worker.Signals, Example.Now),
    };

    [Theory]
    // Groups.
    [InlineData("permit (principal in Assay::Role::\"readers\", action, resource);", "membership in Assay::Role::\"readers\"")]
    [InlineData("permit (principal is Assay::Workload in Assay::Role::\"readers\", action, resource);", "membership in Assay::Role::\"readers\"")]
    [InlineData("permit (principal is Assay::Person in Assay::Role::\"readers\", action, resource);", "")]
    [InlineData("permit (principal in Assay::Role::\"nowhere\", action, resource);", "")]
    [InlineData(Permit + " when { principal in [Assay::Role::\"readers\", Assay::Team::\"billing\"] && principal in Assay::Role::\"readers\" };", "membership in Assay::Role::\"readers\"")]
    [InlineData(Permit + " when { principal in resource.readers };", "membership in Assay::Role::\"readers\"")]
    [InlineData(Permit + " when { principal is Assay::Workload in Assay::Role::\"readers\" };", "membership in Assay::Role::\"readers\"")]
    [InlineData(Permit + " unless { principal in Assay::Role::\"external\" };", "no membership in Assay::Role::\"partners\"")]
    [InlineData(Permit + "; forbid (principal in Assay::Role::\"external\", action, resource);", "no membership in Assay::Role::\"partners\"")]
    [InlineData("permit (principal in Assay::Role::\"readers\", action == Action::\"export\", resource);", "")]
    [InlineData("permit (principal == Assay::Workload::\"other\", action, resource);", "")]
    // Risk.
    [InlineData(Permit + " when { context.risk.score < 50 };", "the signal leak cleared")]
    [InlineData(Permit + " when { context.risk.score < 20 };", "the signal leak cleared + the signal travel cleared")]
    [InlineData(Permit + " when { 55 > context.risk.score };", "the signal leak cleared | the signal travel cleared")]
    [InlineData(Permit + " when { context.risk.level == \"low\" };", "the signal leak cleared")]
    [InlineData(Permit + " unless { context.risk.signals.contains(\"travel\") };", "the signal travel cleared")]
    [InlineData(Permit + " unless { context.risk.signals.containsAny([\"travel\", \"leak\"]) };", "the signal leak cleared + the signal travel cleared")]
    [InlineData(Permit + " when { context.risk.score >= 90 };", "")]
    // Verifications: alone they do not lift what a hard forbid or a missing permit withholds.
    [InlineData(Permit + "; @step_up(\"approval\") " + Forbid + " when { context.risk.score >= 50 };", "a verification: approval | the signal leak cleared")]
    [InlineData(Permit + "; @step_up(\"approval\") " + Forbid + "; @step_up(\"attestation\") " + Forbid + ";", "a verification: approval + a verification: attestation")]
    [InlineData(Permit + "; @step_up(\"approval\") " + Forbid + "; " + Forbid + ";", "")]
    [InlineData("@step_up(\"approval\") " + Forbid + ";", "")]
    [InlineData("permit (principal in Assay::Role::\"readers\", action, resource); @step_up(\"approval\") " + Forbid + ";", "a verification: approval + membership in Assay::Role::\"readers\"")]
    // How the client comes.
    [InlineData(Permit + " when { context.client.assurance >= 2 };", "authentication by private_key_jwt")]
    [InlineData(Permit + " when { [\"private_key_jwt\"].contains(context.client.method) };", "authentication by private_key_jwt")]
    [InlineData(Permit + " when { context.client.method == \"tls_client_auth\" };", "")]
    [InlineData("@bind(\"mtls\") " + Permit + ";", "a token bound by mtls")]
    [InlineData("@bind(\"any\") permit (principal in Assay::Role::\"readers\", action, resource);", "a token bound by dpop + membership in Assay::Role::\"readers\"")]
    [InlineData(Permit + " when { context has origin && context.origin.ip.isInRange(ip(\"10.0.0.0/8\")) };", "a request from 10.0.0.0/8")]
    [InlineData(Permit + " when { context has origin };", "")]
    [InlineData(Permit + " when { context.time >= datetime(\"2026-02-01T00:00:00Z\") };", "a request at 2026-02-01 00:00:00Z")]
    [InlineData(Permit + " when { context.time.toTime() < duration(\"8h\") };", "a request at 2026-02-01 07:59:59.999Z")]
    [InlineData(Permit + " when { context.time.toTime() >= duration(\"18h\") };", "a request at 2026-01-31 18:00:00Z")]
    // Attributes: of the identity, of what they lead to, of the API.
    [InlineData(Permit + " when { principal.tier > 1 };", "tier = 2 of Assay::Workload::\"worker\"")]
    [InlineData(Permit + " when { principal has grade && principal.grade >= 3 };", "grade = 3 of Assay::Workload::\"worker\"")]
    [InlineData(Permit + " when { principal has grade };", "an attribute grade of Assay::Workload::\"worker\"")]
    [InlineData(Permit + " unless { principal has tier };", "no attribute tier of Assay::Workload::\"worker\"")]
    [InlineData(Permit + " when { principal.trusted };", "trusted = true of Assay::Workload::\"worker\"")]
    [InlineData(Permit + " when { principal.trusted != false };", "trusted = true of Assay::Workload::\"worker\"")]
    [InlineData(Permit + " when { principal.labels.containsAll([\"eu\", \"gold\"]) };", "labels = [\"eu\", \"gold\"] of Assay::Workload::\"worker\"")]
    [InlineData(Permit + " when { principal.address.country == \"fr\" };", "address.country = \"fr\" of Assay::Workload::\"worker\"")]
    [InlineData(Permit + " when { principal.team.env == \"prod\" };", "env = \"prod\" of Assay::Team::\"billing\"")]
    [InlineData(Permit + " when { resource.owner == principal.owner };", "owner = \"ann\" of Assay::Api::\"https://payments.example\" | owner = \"bob\" of Assay::Workload::\"worker\"")]
    [InlineData(Permit + " when { principal.getTag(\"env\") == \"prod\" };", "")]
    [InlineData(Permit + " when { principal.address.country like \"f*\" };", "")]
    // Connectives.
    [InlineData(Permit + " when { principal in Assay::Role::\"readers\" || context.client.assurance >= 2 };", "authentication by private_key_jwt | membership in Assay::Role::\"readers\"")]
    [InlineData(Permit + " when { !(context.risk.score >= 50 || context.client.assurance < 2) };", "the signal leak cleared + authentication by private_key_jwt")]
    [InlineData(Permit + " when { if context.risk.score >= 50 then principal in Assay::Role::\"readers\" else true };", "the signal leak cleared | membership in Assay::Role::\"readers\"")]
    [InlineData(Permit + " when { principal.tier > 1 } unless { context.risk.score >= 50 };", "the signal leak cleared + tier = 2 of Assay::Workload::\"worker\"")]
    [InlineData(Permit + " when { false };", "")]
    // A forbid that cannot be evaluated denies.
    [InlineData(Permit + "; " + Forbid + " when { principal.grade < 2 };", "grade = 2 of Assay::Workload::\"worker\"")]
    [InlineData("", "")]
    public void What_would_have_it_granted_is_named_when_deciding_again_with_it_grants_it(string policies, string expected)
    {
        Assert.Equal(expected, Ways(policies));
    }

    /// <summary>Nothing is named on the strength of one policy alone: here the forbid strikes an owner as soon as the permit is met.</summary>
    [Fact]
    public void What_another_policy_then_forbids_is_not_named()
    {
        Assert.Equal("", Ways(Permit + " when { principal.tier > 1 }; " + Forbid + " when { principal.tier == 2 };"));
    }

    [Fact]
    public void A_risk_that_was_assumed_is_lowered_and_no_signal_cleared()
    {
        var assumed = Input with { Risk = new RiskAssessment(80, "critical", []) };

        Assert.Equal("a risk score of 49", Ways(Permit + " when { context.risk.score < 50 };", assumed));
    }

    [Fact]
    public void Every_way_that_is_named_grants_the_scope_when_it_is_decided_again()
    {
        var named = 0;
        Situations.All.Sample(
            situation =>
            {
                var (identity, groups, api, document, input) = situation;
                var (directory, policies) = (DirectorySnapshot.Of(groups, [api]), LoadedPolicySet.LoadStored(document).Set!);
                var shortfall = Shortfall.Of(policies, directory, identity, input)!;
                foreach (var scope in Decider.Decide(policies, directory, identity, input).Scopes)
                {
                    foreach (var way in shortfall.WaysTo(scope))
                    {
                        Assert.False(scope.Granted);
                        Interlocked.Increment(ref named);
                        if (way.Any(remedy => remedy is Remedy.Verify))
                            continue; // what a verification lifts, the decider cannot be told yet
                        var then = way.Aggregate(new Hypothesis(directory, identity, input, []), (situation, remedy) => situation.With(remedy));
                        var again = Decider.Decide(policies, then.Directory, then.Identity, then.Input with { Scopes = [scope.Scope] });
                        Assert.True(again.GrantsAny, $"{string.Join(" + ", way.Select(remedy => remedy.Text))} does not open {scope.Scope}:\n{string.Join('\n', document.Files.Select(file => file.Text))}");
                    }
                }
            },
            iter: 500);

        Assert.NotEqual(0, named);
    }

    [Theory]
    [InlineData("permit (principal in Assay::Role::\"readers\", action, resource);", "to be in Assay::Role::\"readers\" (p#0)")]
    [InlineData(Permit + " when { context has origin && context.origin.ip.isLoopback() };", "context has origin [context.origin is absent] (p#0)")]
    [InlineData(Permit + " when { context.risk.score < 50 && principal.tier > 1 };", "context.risk.score < 50 [context.risk.score = 60] (p#0), principal.tier > 1 [principal.tier = 1] (p#0)")]
    [InlineData(Permit + " when { principal.trusted || context.risk.score < 50 };", "principal.trusted || context.risk.score < 50 [principal.trusted = false, context.risk.score = 60] (p#0)")]
    [InlineData(Permit + " unless { principal.team.env == \"test\" };", "unless { principal.team.env == \"test\" } [principal.team.env = \"test\"] (p#0)")]
    [InlineData(Permit + " when { principal.hasTag(\"env\") };", "principal.hasTag(\"env\") [principal.getTag(\"env\") is absent] (p#0)")]
    [InlineData(Permit + "; forbid (principal in Assay::Role::\"external\", action, resource);", "not to be in Assay::Role::\"external\" (p#1)")]
    [InlineData(Permit + "; " + Forbid + " when { context.risk.score >= 50 };", "an end of: context.risk.score >= 50 [context.risk.score = 60] (p#1)")]
    [InlineData(Permit + "; " + Forbid + " unless { principal.trusted };", "principal.trusted [principal.trusted = false] (p#1)")]
    [InlineData(Permit + "; " + Forbid + ";", "another policy set: this forbid has no condition that could end (p#1)")]
    [InlineData("permit (principal, action == Action::\"export\", resource);", "a policy that permits Action::\"list\" on this API: there is none")]
    public void What_was_not_met_is_told_in_the_policys_own_words_with_what_it_saw(string policies, string expected)
    {
        var set = Example.Policies(policies);
        var verdict = Decider.Decide(set, Directory, Worker, Input);

        var missing = Shortfall.Of(set, Directory, Worker, Input)!.Of(verdict.Scopes[0]);

        Assert.Equal(
            expected,
            string.Join(", ", missing.Select(one => one.Needs + (one.Found.IsEmpty ? "" : $" [{string.Join(", ", one.Found)}]") + (one.Policy is null ? "" : $" ({one.Policy})"))));
    }

    private static string Ways(string policies, DecisionInput? input = null)
    {
        var set = Example.Policies(policies);
        var verdict = Decider.Decide(set, Directory, Worker, input ?? Input);
        Assert.False(verdict.GrantsAny);
        return string.Join(" | ", Shortfall.Of(set, Directory, Worker, input ?? Input)!.WaysTo(verdict.Scopes[0]).Select(way => string.Join(" + ", way.Select(remedy => remedy.Text))));
    }
}
