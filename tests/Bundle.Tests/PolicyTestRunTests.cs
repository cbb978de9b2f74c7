using System.Collections.Immutable;
using Assay.Bundle.Testing;
using Assay.Core.Policies;

namespace Assay.Bundle.Tests;

/// <summary>Cases decided, and what is said of those that turn out otherwise.</summary>
public sealed class PolicyTestRunTests : IDisposable
{
    private const string Policies = """
        @id("read") @max_ttl("2m")
        permit (principal in Assay::Role::"reader", action == Action::"read", resource);
        @id("write") @bind("dpop")
        permit (principal in Assay::Role::"writer", action == Action::"write", resource);
        @id("pause") @step_up("approval")
        forbid (principal, action == Action::"write", resource) when { context.risk.score >= 60 };
        @id("office")
        forbid (principal, action, resource)
        unless { context has origin && context.origin.ip.isInRange(ip("192.0.2.0/24")) || context.time < datetime("2027-01-01") };
        @id("tier")
        permit (principal is Assay::Person, action, resource) when { principal has tier && principal.tier > 1 };
        """;

    private readonly TestBundle bundle = new TestBundle()
        .Write("apis/a.yaml", "resource: https://a.example\nmaxTokenLifetime: 4m\nscopes: [{name: read}, {name: write}, {name: audit}]\n")
        .Write("identities/svc.yaml", "id: svc\ndefaultResource: https://a.example\nmemberships: [{role: reader}, {role: writer, expires: 2026-06-01T00:00:00Z}]\n")
        .Write("schema.cedarschema", "namespace Assay { entity Person in [Role, Team] = { tier?: Long }; }")
        .Write("policies/a.cedar", Policies);

    public void Dispose() => bundle.Dispose();

    [Theory]
    [InlineData("{scopes: [read], expect: granted}")]
    [InlineData("{scopes: [read], expect: {granted: read, ttl: 2m, by: read}}")]
    [InlineData("{expect: {granted: [read], withheld: {write: bindingRequired, audit: noPermit}}}")]
    [InlineData("{binding: dpop, scopes: [write, read], expect: {granted: [read, write], ttl: 2m, by: [read, write]}}")]
    [InlineData("{binding: dpop, scopes: [write], expect: {granted: [write], ttl: 4m}}")]
    [InlineData("{binding: dpop, scopes: [write], at: 2026-06-01T00:00:00Z, expect: denied}")]
    [InlineData("{scopes: [read], without: [{role: reader}], expect: denied}")]
    [InlineData("{scopes: [read], identity: {id: other}, resource: 'https://a.example', with: [{role: reader}], expect: granted}")]
    [InlineData("{signals: {odd: 60}, binding: dpop, scopes: [write], expect: {withheld: {write: {stepUpRequired: approval}}, by: {write: pause}}}")]
    [InlineData("{signals: {odd: 60}, binding: dpop, scopes: [write], expect: {withheld: {write: stepUpRequired}}}")]
    [InlineData("{signals: {odd: 40, off: 40}, binding: dpop, scopes: [write], expect: {withheld: {write: stepUpRequired}}}")]
    [InlineData("{signals: {odd: {weight: 60, age: 1h, halfLife: 1h}}, binding: dpop, scopes: [write], expect: granted}")]
    [InlineData("{at: 2027-02-01T00:00:00Z, scopes: [read], expect: {withheld: {read: forbidden}}}")]
    [InlineData("{at: 2027-02-01T00:00:00Z, origin: {ip: 192.0.2.7}, scopes: [read], expect: granted}")]
    [InlineData("{identity: {kind: person, attributes: {tier: 2}}, resource: 'https://A.example', scopes: [audit], expect: {granted: [audit], by: {audit: tier}}}")]
    [InlineData("{scopes: [read, delete], expect: {granted: [read], withheld: {delete: unknownScope}}}")]
    public void A_test_that_says_what_happens_passes(string test)
    {
        Assert.Equal([], Mismatches(test));
    }

    [Theory]
    [InlineData("{scopes: [read], expect: denied}", "read: expected withheld, got granted by read")]
    [InlineData("{scopes: [read], expect: {granted: read, ttl: 5m}}", "ttl: expected 5m, got 2m, as long as read allows (read)")]
    [InlineData("{binding: dpop, scopes: [write], expect: {granted: write, ttl: 5m}}", "ttl: expected 5m, got 4m, as long as the API allows")]
    [InlineData("{scopes: [audit], expect: granted}", "audit: expected granted, got noPermit; needs to be a Assay::Person  (tier); needs principal has tier  principal.tier is absent  (tier)")]
    [InlineData("{scopes: [read], without: [{role: reader}], expect: granted}", "read: expected granted, got noPermit; needs to be in Assay::Role::\"reader\"  (read)")]
    [InlineData("{signals: {odd: 60}, binding: dpop, scopes: [write], expect: granted}", "write: expected granted, got stepUpRequired (approval) by pause; needs a verification: approval; needs an end of: context.risk.score >= 60  context.risk.score = 60  (pause)")]
    [InlineData("{signals: {odd: 60}, binding: dpop, scopes: [write], expect: {withheld: {write: {stepUpRequired: attestation}}}}", "write: expected stepUpRequired (attestation), got stepUpRequired (approval) by pause")]
    [InlineData("{scopes: [write], expect: {withheld: {write: forbidden}}}", "write: expected forbidden, got bindingRequired by write")]
    [InlineData("{scopes: [read], expect: {granted: read, by: raed}}", "by: expected raed, got read")]
    [InlineData("{scopes: [read, audit], expect: {granted: read, by: {audit: read}}}", "by of audit: expected read, got none")]
    public void A_test_that_says_otherwise_fails_with_both_sides_and_what_is_missing(string test, string mismatch)
    {
        Assert.Equal([mismatch], Mismatches(test));
    }

    [Fact]
    public void A_forbid_that_cannot_be_evaluated_is_told_with_its_error()
    {
        bundle.Write("policies/b.cedar", "@id(\"broken\") forbid (principal, action, resource) when { context.client.assurance * 9223372036854775807 > 0 };");

        Assert.StartsWith(
            "read: expected granted, got policyError; could not be evaluated: broken: ", Assert.Single(Mismatches("{scopes: [read], expect: granted}")), StringComparison.Ordinal);
        Assert.Equal([], Mismatches("{scopes: [read], expect: {withheld: {read: policyError}}}"));
    }

    [Fact]
    public void What_a_test_does_not_say_is_what_its_document_says()
    {
        var reading = bundle.Write("tests/a.yaml", """
            defaults: {identity: svc, scopes: [write], binding: dpop, signals: {odd: 60}}
            tests:
              - {name: one, expect: {withheld: {write: stepUpRequired}}}
              - {name: two, signals: {odd: 59}, expect: granted}
            ---
            defaults: {identity: svc, scopes: [write]}
            tests: [{name: three, expect: {withheld: {write: bindingRequired}}}]
            """).Read();

        Assert.Equal([("one", 3, true), ("two", 4, true), ("three", 7, true)], Run(reading).Select(result => (result.Test.Name, result.Test.Line, result.Passed)));
    }

    [Fact]
    public void Coverage_tells_policies_that_never_decided_from_those_that_were_never_satisfied()
    {
        var reading = bundle.Write("tests/a.yaml", """
            defaults: {identity: svc}
            tests:
              - {name: one, scopes: [read, audit], expect: {granted: read}}
              - {name: two, scopes: [write], binding: dpop, signals: {odd: 60}, expect: denied}
            """).Read();
        var run = new PolicyTestRun(reading.Declarations!, LoadedPolicySet.Load(reading.Declarations!.Policies!).Set!);
        foreach (var test in reading.Tests)
            run.Run(test);

        Assert.Equal(
            [("read", 1, 1), ("write", 0, 1), ("pause", 1, 1), ("office", 0, 0), ("tier", 0, 0)],
            run.Coverage.Policies.Select(use => (use.Policy.Id, use.Decided, use.Satisfied)));
        Assert.Equal(40, run.Coverage.Percent);
    }

    [Fact]
    public void The_tests_of_the_quickstart_pass_and_exercise_every_policy()
    {
        var reading = BundleReader.Read(Samples.Path("quickstart"));
        var run = new PolicyTestRun(reading.Declarations!, LoadedPolicySet.Load(reading.Declarations!.Policies!).Set!);

        Assert.Equal([], reading.Tests.Select(run.Run).Where(result => !result.Passed).Select(result => result.Test.Name));
        Assert.Equal(100, run.Coverage.Percent);
    }

    private string[] Mismatches(string test)
    {
        bundle.Write("tests/a.yaml", $"defaults: {{identity: svc}}\ntests:\n  - {{name: a, {test[1..]}\n");
        return [.. Run(bundle.Read()).Single().Mismatches.Select(mismatch =>
            $"{mismatch.Subject}: expected {mismatch.Expected}, got {mismatch.Found}{string.Concat(mismatch.Missing.Select(missing => $"; needs {missing}"))}")];
    }

    private static ImmutableArray<PolicyTestResult> Run(BundleReading reading)
    {
        Assert.Equal([], reading.Faults);
        var run = new PolicyTestRun(reading.Declarations!, LoadedPolicySet.Load(reading.Declarations!.Policies!).Set!);
        return [.. reading.Tests.Select(run.Run)];
    }
}
