using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Risk;

namespace Assay.Bundle.Tests;

/// <summary>The story that samples/quickstart/README.md tells, decided by the policies it ships.</summary>
public sealed class QuickstartTests
{
    private const string Payments = "https://payments.example";

    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly BundleReading Reading = BundleReader.Read(Samples.Path("quickstart"));

    [Fact]
    public void The_quickstart_bundle_has_no_fault()
    {
        Assert.Empty(Reading.Faults);
        Assert.Equal("quickstart", Reading.Declarations!.Name);
    }

    [Fact]
    public void Every_identity_of_it_has_its_key_made_at_first_start()
    {
        Assert.Equal(["acme-crm", "ledgerly-sync", "payments-api", "payments-exporter"], Reading.Declarations!.Generate);
        Assert.Equal(["payments-api"], Reading.Declarations.Apis.Single().ResourceServers);
    }

    [Fact]
    public void The_exporter_gets_what_it_is_entitled_to_and_nothing_else()
    {
        var verdict = Decide(Stored("payments-exporter"), RiskAssessment.None, "payments:read", "payments:export", "payments:write");

        Assert.Equal([ScopeOutcome.Granted, ScopeOutcome.Granted, ScopeOutcome.NoPermit], Outcomes(verdict));
        Assert.Equal(TimeSpan.FromMinutes(5), verdict.Lifetime);
    }

    [Fact]
    public void Without_its_membership_the_exporter_loses_the_export()
    {
        var exporter = Stored("payments-exporter");
        var removed = exporter with { Memberships = [.. exporter.Memberships.Where(membership => membership.Group.Id != "payments-exporter")] };

        var verdict = Decide(removed, RiskAssessment.None, "payments:read", "payments:export");

        Assert.Equal([ScopeOutcome.Granted, ScopeOutcome.NoPermit], Outcomes(verdict));
    }

    [Fact]
    public void The_integration_reads_and_writes_while_nothing_stands_against_it()
    {
        var verdict = Decide(Stored("acme-crm"), RiskAssessment.None, "payments:read", "payments:write");

        Assert.Equal([ScopeOutcome.Granted, ScopeOutcome.Granted], Outcomes(verdict));
        Assert.Equal(TimeSpan.FromMinutes(5), verdict.Lifetime);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(80)]
    public void From_a_score_of_50_on_the_integration_must_prove_itself_to_write_and_reads_for_a_minute(int score)
    {
        var verdict = Decide(Stored("acme-crm"), new RiskAssessment(score, "high", ["unusual-country"]), "payments:read", "payments:write");

        Assert.Equal([ScopeOutcome.Granted, ScopeOutcome.StepUpRequired], Outcomes(verdict));
        Assert.Equal(["attestation"], verdict.Scopes[1].StepUp);
        Assert.Equal(["no-change-at-raised-risk"], verdict.Scopes[1].Policies);
        Assert.Equal(["Changes are paused while the risk of this client is raised."], verdict.Scopes[1].PublicReasons);
        Assert.Equal(TimeSpan.FromMinutes(1), verdict.Lifetime);
    }

    [Fact]
    public void At_a_score_of_49_the_integration_still_writes()
    {
        var verdict = Decide(Stored("acme-crm"), new RiskAssessment(49, "medium", ["unusual-country"]), "payments:write");

        Assert.Equal([ScopeOutcome.Granted], Outcomes(verdict));
    }

    [Fact]
    public void A_shared_secret_is_not_enough_to_write()
    {
        var verdict = DecideBy("client_secret_basic", Stored("acme-crm"), RiskAssessment.None, "payments:read", "payments:write");

        Assert.Equal([ScopeOutcome.Granted, ScopeOutcome.NoPermit], Outcomes(verdict));
    }

    [Fact]
    public void The_third_party_reads_through_the_role_above_and_never_refunds()
    {
        var verdict = Decide(Stored("ledgerly-sync"), RiskAssessment.None, "payments:read", "payments:write", "payments:refund");

        Assert.Equal([ScopeOutcome.Granted, ScopeOutcome.Granted, ScopeOutcome.Forbidden], Outcomes(verdict));
        Assert.Equal(["Refunds are not open to third parties."], verdict.Scopes[2].PublicReasons);
    }

    [Fact]
    public void A_leaked_credential_gets_nothing_and_is_told_nothing()
    {
        var verdict = Decide(Stored("payments-exporter"), new RiskAssessment(10, "low", ["credential-leaked"]), "payments:read", "payments:export");

        Assert.Equal([ScopeOutcome.Forbidden, ScopeOutcome.Forbidden], Outcomes(verdict));
        Assert.Empty(verdict.Scopes[0].PublicReasons);
        Assert.Equal(TimeSpan.Zero, verdict.Lifetime);
    }

    private static IEnumerable<ScopeOutcome> Outcomes(Verdict verdict) => verdict.Scopes.Select(scope => scope.Outcome);

    private static Identity Stored(string id) => Plan().Steps.Single(step => step.Identity?.Id == id).Identity!;

    private static BundlePlan Plan() => BundlePlan.Compute(new BundleCurrent(), Reading.Declarations!, prune: false, Now);

    private static Verdict Decide(Identity identity, RiskAssessment risk, params string[] scopes) => DecideBy("private_key_jwt", identity, risk, scopes);

    private static Verdict DecideBy(string method, Identity identity, RiskAssessment risk, params string[] scopes)
    {
        var plan = Plan();
        var policies = LoadedPolicySet.Load(Reading.Declarations!.Policies!).Set!;
        var directory = DirectorySnapshot.Of(plan.Steps.Select(step => step.Group).OfType<Group>(), plan.Steps.Select(step => step.Api).OfType<Api>());
        return Decider.Decide(policies, directory, identity, new DecisionInput
        {
            Realm = "default",
            ClientId = identity.Id,
            Time = Now,
            GrantType = "client_credentials",
            AuthenticationMethod = method,
            CredentialHandle = "handle",
            Resource = Payments,
            Scopes = [.. scopes],
            Risk = risk,
            EntitlementAge = TimeSpan.Zero,
            RiskAge = TimeSpan.Zero,
            IdentityNumber = 1,
            DirectoryNumber = 1,
            PolicyDomain = PolicyDomains.Tokens,
            PolicyVersion = policies.Version,
            DefaultLifetime = TimeSpan.FromMinutes(5),
            MaxLifetime = TimeSpan.FromMinutes(15),
        });
    }
}
