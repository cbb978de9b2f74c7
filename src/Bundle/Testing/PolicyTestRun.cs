using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Risk;

namespace Assay.Bundle.Testing;

/// <summary>
/// Asks policy about cases, as a server with this bundle and nothing else would, and keeps count of which policies had a say. For one thread.
/// </summary>
public sealed class PolicyTestRun(BundleDeclarations declared, LoadedPolicySet policies)
{
    // The cluster's defaults: no case may depend on what some server is set to.
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromMinutes(15);

    private readonly StandaloneRegistry registry = StandaloneRegistry.Of(declared);
    private readonly PolicyCoverage coverage = new(policies);

    /// <summary>Which policies the cases run so far have exercised.</summary>
    public PolicyCoverage Coverage => coverage;

    /// <summary>Decides one case, and says how that differs from what it expects.</summary>
    public PolicyTestResult Run(PolicyTest test)
    {
        var identity = Identity(test.Subject);
        var input = Input(test.Request, identity.Id);
        var verdict = Decider.Decide(policies, registry.Directory, identity, input);
        var scene = DecisionScene.Of(registry.Directory, identity, input)!; // the reader refused a test of an undeclared API
        coverage.Add(scene, verdict);
        return new PolicyTestResult(test, verdict, new Comparison(test.Expected, verdict, policies, scene, input).Mismatches());
    }

    private Identity Identity(TestSubject subject)
    {
        var identity = subject.IsOfBundle ? registry.Identities[subject.Declared.Id] : InPlace(subject.Declared);
        return identity with
        {
            Memberships =
            [
                .. identity.Memberships.Where(has => !subject.Removed.Contains(has.Group)),
                .. subject.Added.Select(one => new Membership { Group = one.Group, ExpiresAt = one.ExpiresAt }),
            ],
        };
    }

    private static Identity InPlace(DeclaredIdentity declared) => new()
    {
        Id = declared.Id,
        Kind = declared.Kind,
        Name = declared.Name,
        Owner = declared.Owner,
        Attributes = declared.Attributes,
        Memberships = [.. declared.Memberships.Select(one => new Membership { Group = one.Group, ExpiresAt = one.ExpiresAt })],
    };

    private DecisionInput Input(TestRequest request, string clientId) => new()
    {
        Realm = "default",
        ClientId = clientId,
        Time = request.Time,
        GrantType = "client_credentials",
        AuthenticationMethod = request.Method,
        CredentialHandle = request.Credential,
        Binding = request.Binding,
        Resource = request.Resource,
        Scopes = request.Scopes,
        OriginIp = request.OriginIp,
        Risk = RiskScore.Assess(request.Signals, request.Time),
        EntitlementAge = request.EntitlementAge,
        RiskAge = request.RiskAge,
        IdentityNumber = 0,
        DirectoryNumber = 0,
        PolicyDomain = PolicyDomains.Tokens,
        PolicyVersion = policies.Version,
        DefaultLifetime = DefaultLifetime,
        MaxLifetime = MaxLifetime,
    };
}

/// <summary>What came of one case.</summary>
/// <param name="Verdict">What policy said.</param>
/// <param name="Mismatches">What should have been otherwise; empty when the case passed.</param>
public sealed record PolicyTestResult(PolicyTest Test, Verdict Verdict, ImmutableArray<TestMismatch> Mismatches)
{
    public bool Passed => Mismatches.IsEmpty;
}

/// <summary>One thing that is not as expected.</summary>
/// <param name="Subject">A scope, <c>ttl</c>, or <c>by</c>.</param>
/// <param name="Expected">What the case says.</param>
/// <param name="Found">What policy says.</param>
/// <param name="Missing">Of a scope that should have been granted: what it waits for, nearest first.</param>
public sealed record TestMismatch(string Subject, string Expected, string Found, ImmutableArray<string> Missing);
