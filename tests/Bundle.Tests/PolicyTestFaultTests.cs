namespace Assay.Bundle.Tests;

/// <summary>What can be wrong in <c>tests/*.yaml</c>, where, and what would be right.</summary>
public sealed class PolicyTestFaultTests
{
    [Theory]
    [InlineData("tests: [{name: a, identity: svc, expect: denied, scops: [read]}]\n", "1:50: unknown key 'scops' in a test (did you mean 'scopes'?); known are name, identity, with, without, resource, scopes, at, client, credential, binding, origin, signals, entitlementsAge, riskAge, expect")]
    [InlineData("tests: [{name: a, identity: svc, expect: denied, risk: 60}]\n", "1:50: 'risk' has no place in a test: risk is computed from signals; write 'signals: {some-name: 60}' for a score of 60")]
    [InlineData("tests: [{name: a, identity: svc, granted: [read]}]\n", "1:9: a test needs 'expect': granted, denied, or a mapping with 'granted', 'withheld', 'ttl' and 'by'", "1:34: 'granted' has no place in a test: what should come of the case stands under 'expect'")]
    [InlineData("test: []\n", "1:1: a test file needs 'tests', a list of cases", "1:1: unknown key 'test' in a test file (did you mean 'tests'?); known are defaults, tests")]
    [InlineData("defaults: {name: a}\ntests: []\n", "1:12: unknown key 'name' in 'defaults'; known are identity, with, without, resource, scopes, at, client, credential, binding, origin, signals, entitlementsAge, riskAge")]
    [InlineData("tests: [{identity: svc, expect: denied}]\n", "1:9: a test needs 'name'")]
    [InlineData("tests: [{name: ' ', identity: svc, expect: denied}]\n", "1:16: 'name' is empty; say in a sentence what the case shows")]
    [InlineData("tests:\n  - {name: a, identity: svc, expect: denied}\n  - {name: a, identity: svc, expect: denied}\n", "3:12: a test of this file has this name already (line 2); name each after what it shows")]
    [InlineData("tests: [{name: a, expect: denied}]\n", "1:9: a test needs 'identity': the id of one of the bundle, or a mapping with 'attributes' and 'memberships'", "1:9: a test needs 'resource', an API of the bundle: the identity has no defaultResource")]
    [InlineData("tests: [{name: a, identity: svd, resource: 'https://a.example', expect: denied}]\n", "1:29: the bundle declares no identity 'svd' (did you mean 'svc'?); name one of it, or describe one in place: identity: {memberships: [{role: …}]}")]
    [InlineData("tests: [{name: a, identity: {roles: [reader]}, resource: 'https://a.example', expect: denied}]\n", "1:30: unknown key 'roles' in an identity in a test; known are id, kind, name, owner, defaultResource, attributes, memberships")]
    [InlineData("tests: [{name: a, identity: {memberships: [{role: raeder}]}, resource: 'https://a.example', expect: denied}]\n", "1:44: the role 'raeder' is not declared (did you mean 'reader'?); declare it in roles.yaml")]
    [InlineData("tests: [{name: a, identity: svc, without: [{role: writer}], expect: denied}]\n", "1:44: 'svc' is not in Assay::Role::\"writer\", so it cannot be without it")]
    [InlineData("tests: [{name: a, identity: svc, resource: 'https://b.example', expect: denied}]\n", "1:44: the bundle declares no API 'https://b.example' (did you mean 'https://a.example'?); declare it under apis/")]
    [InlineData("tests: [{name: a, identity: svc, scopes: [], expect: denied}]\n", "1:42: 'scopes' is empty; name some, or leave the key out for every scope of the API")]
    [InlineData("tests: [{name: a, identity: svc, scopes: [read, read], expect: denied}]\n", "1:42: the scope 'read' stands twice; keep one")]
    [InlineData("tests: [{name: a, identity: svc, at: 2027-01-01, expect: denied}]\n", "1:38: 'at' must be a moment such as 2027-01-31T00:00:00Z, not the text '2027-01-01'; write 2027-01-01T00:00:00Z")]
    [InlineData("tests: [{name: a, identity: svc, client: private_key_jtw, expect: denied}]\n", "1:42: 'private_key_jtw' is no way for a client to prove itself (did you mean 'private_key_jwt'?); known are private_key_jwt, client_secret_basic, client_secret_post")]
    [InlineData("tests: [{name: a, identity: svc, binding: tls, expect: denied}]\n", "1:43: 'tls' is no token binding (did you mean 'mtls'?); known are none, dpop, mtls")]
    [InlineData("tests: [{name: a, identity: svc, origin: {ip: 10.0.0.0/8}, expect: denied}]\n", "1:47: '10.0.0.0/8' is no address; write one such as 192.0.2.1 or 2001:db8::1")]
    [InlineData("tests: [{name: a, identity: svc, signals: [leaked], expect: denied}]\n", "1:43: 'signals' must be a mapping of names to weights, not a list; write for instance {unusual-country: 60}")]
    [InlineData("tests: [{name: a, identity: svc, signals: {leaked: 101}, expect: denied}]\n", "1:52: the weight of 'leaked' must be a whole number from 1 to 100, not the number 101")]
    [InlineData("tests: [{name: a, identity: svc, signals: {leaked: {age: 1h}}, expect: denied}]\n", "1:52: a signal needs 'weight', 1 to 100")]
    [InlineData("tests: [{name: a, identity: svc, expect: allowed}]\n", "1:42: 'allowed' is nothing to expect; write granted (all of it), denied (nothing), or a mapping with 'granted', 'withheld', 'ttl' and 'by'")]
    [InlineData("tests: [{name: a, identity: svc, expect: {granted: [red]}}]\n", "1:53: 'red' is not asked for (did you mean 'read'?); the test asks for read, write")]
    [InlineData("tests: [{name: a, identity: svc, expect: {granted: read, withheld: {read: noPermit}}}]\n", "1:69: 'read' cannot be granted and withheld; take one of them out")]
    [InlineData("tests: [{name: a, identity: svc, expect: {withheld: {read: nopermit}}}]\n", "1:60: why 'read' is withheld must be a word, not the text 'nopermit' (did you mean 'noPermit'?); known are unknownScope, noPermit, forbidden, stepUpRequired, bindingRequired, policyError, and {stepUpRequired: attestation}")]
    [InlineData("tests: [{name: a, identity: svc, expect: {withheld: {read: granted}}}]\n", "1:60: why 'read' is withheld must be a word, not the text 'granted'; known are unknownScope, noPermit, forbidden, stepUpRequired, bindingRequired, policyError, and {stepUpRequired: attestation}")]
    [InlineData("tests: [{name: a, identity: svc, expect: {withheld: [read]}}]\n", "1:53: 'withheld' must be a mapping of scopes to reasons, not a list; write for instance {payments:write: noPermit}")]
    [InlineData("tests: [{name: a, identity: svc, expect: {ttl: 5m}}]\n", "1:48: there is no token without a granted scope, and so no 'ttl'; name what is granted under 'granted'")]
    [InlineData("tests: [{name: a, identity: svc, expect: {granted: read, by: {raed: p}}}]\n", "1:63: 'raed' is not asked for (did you mean 'read'?); the test asks for read, write")]
    [InlineData("tests: [{name: a, identity: svc, expect: {granted: read, by: [1]}}]\n", "1:63: 'by' must be names, not the number 1")]
    public void In_a_test(string text, params string[] faults)
    {
        using var bundle = Bundle().Write("tests/a.yaml", text);

        Assert.Equal(faults.Select(fault => $"tests/a.yaml:{fault}"), bundle.Faults());
    }

    [Fact]
    public void What_stands_in_a_file_that_cannot_be_read_is_not_missed_by_tests()
    {
        using var bundle = Bundle()
            .Write("identities/svc.yaml", "}{")
            .Write("tests/a.yaml", "tests: [{name: a, identity: svc, resource: 'https://a.example', expect: denied}]\n");

        Assert.Single(bundle.Faults(), fault => fault.StartsWith("identities/svc.yaml:1:1:", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_yaml_files_lie_in_tests()
    {
        using var bundle = Bundle().Write("tests/results.xml", "<testsuites/>").Write("tests/deep/a.yaml", "");

        Assert.Equal(
            ["tests/deep: a folder in tests/ is not read; put its files into tests/ itself", "tests/results.xml: a file in tests/ must end in .yaml; rename it or take it out"],
            bundle.Faults());
    }

    private static TestBundle Bundle() => new TestBundle()
        .Write("apis/a.yaml", "resource: https://a.example\nscopes: [{name: read}, {name: write}]\n")
        .Write("identities/svc.yaml", "id: svc\ndefaultResource: https://a.example\nmemberships: [{role: reader}]\n");
}
