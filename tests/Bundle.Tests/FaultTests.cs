namespace Assay.Bundle.Tests;

/// <summary>What is wrong, where, and what would be right.</summary>
public sealed class FaultTests
{
    [Theory]
    [InlineData("id: svc\ngrantTyps: []\n", "2:1: unknown key 'grantTyps' in an identity (did you mean 'grantTypes'?); known are id, kind, name, owner, grantTypes, defaultResource, requestsPerSecond, attributes, memberships, credentials, credential")]
    [InlineData("id: a\nid: b\n", "2:1: 'id' stands twice in this mapping (first in line 1); keep one")]
    [InlineData("name: x\n", "1:1: an identity needs 'id'")]
    [InlineData("id:\n", "1:1: 'id' has no value; give it one, or take the key out")]
    [InlineData("id: 42\n", "1:5: 'id' must be text, not the number 42; if it is meant as text, put it in quotes: \"42\"")]
    [InlineData("id: on\n", "1:5: 'id' must be text, not the word on; if it is meant as text, put it in quotes: \"on\"")]
    [InlineData("id: [a]\n", "1:5: 'id' must be text, not a list")]
    [InlineData("id: a b\n", "1:5: 'a b' has a space in it; allowed are letters, digits and . _ : / @ -")]
    [InlineData("id: svc\nkind: servise\n", "2:7: unknown kind 'servise'; an identity is a workload or a person")]
    [InlineData("id: svc\nkind: persn\n", "2:7: unknown kind 'persn' (did you mean 'person'?); an identity is a workload or a person")]
    [InlineData("id: svc\nname: ''\n", "2:7: 'name' is empty; write 1 to 1024 characters")]
    [InlineData("id: svc\ngrantTypes: client_credentials\n", "2:13: 'grantTypes' must be a list, not the text 'client_credentials'; write for instance [client_credentials]")]
    [InlineData("id: svc\ngrantTypes: [client_credentials, passwrd]\n", "2:34: unknown grant type 'passwrd'; this version has client_credentials")]
    [InlineData("id: svc\nrequestsPerSecond: \"5\"\n", "2:20: 'requestsPerSecond' must be a whole number without quotes, not the text '5'")]
    [InlineData("id: svc\nrequestsPerSecond: 1.5\n", "2:20: 'requestsPerSecond' must be a whole number without quotes, not the number 1.5")]
    [InlineData("id: svc\nrequestsPerSecond: 0\n", "2:20: 'requestsPerSecond' is 0; it must be 1 to 1000000")]
    [InlineData("id: svc\ndefaultResource: http://a.example\n", "2:18: 'http://a.example' is plain http; use https (http is for loopback only)")]
    [InlineData("id: svc\ndisabled: true\n", "2:1: 'disabled' has no place in an identity: an identity is disabled and enabled by a call; no bundle does or undoes it")]
    [InlineData("id: svc\nsignals: []\n", "2:1: 'signals' has no place in an identity: risk signals are raised and cleared by calls and detectors ('assay signal'), never by a bundle")]
    [InlineData("id: svc\nsecret: x\n", "2:1: 'secret' has no place in an identity: secrets never stand in a bundle; declare a public key, or have Assay make a secret once the identity exists")]
    [InlineData("id: svc\nmemberships:\n  - reader\n", "3:5: a membership is a mapping with the keys role, team, expires, not the text 'reader'; write 'role: reader'")]
    [InlineData("id: svc\nmemberships:\n  - role: raeder\n", "3:5: the role 'raeder' is not declared (did you mean 'reader'?); declare it in roles.yaml")]
    [InlineData("id: svc\nmemberships:\n  - team: reader\n", "3:5: the team 'reader' is not declared (did you mean the role 'reader'?); declare it in teams.yaml")]
    [InlineData("id: svc\nmemberships:\n  - role: reader\n    team: treasury\n", "3:5: a membership has 'role' and 'team'; make one entry of each")]
    [InlineData("id: svc\nmemberships:\n  - expires: 2027-01-01T00:00:00Z\n", "3:5: a membership needs 'role' or 'team'; write for instance '- role: exporter'")]
    [InlineData("id: svc\nmemberships:\n  - role: reader\n  - role: reader\n", "4:5: 'svc' is in the role 'reader' twice; keep one")]
    [InlineData("id: svc\nmemberships:\n  - role: reader\n    expires: 2027-01-01\n", "4:14: 'expires' must be a moment such as 2027-01-31T00:00:00Z, not the text '2027-01-01'; write 2027-01-01T00:00:00Z")]
    [InlineData("id: svc\nmemberships:\n  - role: reader\n    expires: 2027-01-01T12:00:00\n", "4:14: 'expires' must be a moment such as 2027-01-31T00:00:00Z, not the text '2027-01-01T12:00:00'; say which time zone: 2027-01-01T12:00:00Z")]
    [InlineData("id: svc\nmemberships:\n  - role: reader\n    expires: 2027-02-30T00:00:00Z\n", "4:14: 'expires' must be a moment such as 2027-01-31T00:00:00Z, not the text '2027-02-30T00:00:00Z'")]
    [InlineData("id: svc\ncredential: secret\n", "2:13: 'credential' can only be 'generate', not the text 'secret'; a public key stands under 'credentials', as '- jwk: …'")]
    [InlineData("id: svc\ncredentials: [generat]\n", "2:15: 'generat' is no credential (did you mean 'generate'?); write '- jwk: …' with a public key, or '- generate'")]
    [InlineData("id: svc\ncredentials: [generate, generate]\n", "2:25: 'generate' stands twice; one key pair is made for an identity")]
    [InlineData("id: svc\ncredentials: [generate]\ncredential: generate\n", "3:13: 'generate' stands twice; keep it here or under 'credentials'")]
    [InlineData("id: svc\ncredentials: [{expires: 2027-01-01T00:00:00Z}]\n", "2:15: a credential needs 'jwk', a public key")]
    [InlineData("id: svc\ncredentials: [{jwk: [a]}]\n", "2:21: 'jwk' must be a public JWK, in place or as keys/<file>.jwk, not a list")]
    [InlineData("id: svc\ncredentials: [{jwk: {kty: oct, k: abc}}]\n", "2:21: the key holds the private key; it is burnt now: make a new pair, and declare only its public half (kty, crv, x, y)")]
    [InlineData("id: svc\ncredentials: [{jwk: '{\"kty\":\"EC\"}'}]\n", "2:21: the key has no 'crv' that can be used; it must be P-256, P-384 or P-521")]
    [InlineData("id: svc\ncredentials: [{jwk: keys/none.jwk}]\n", "2:21: there is no file 'keys/none.jwk' in the bundle; paths begin at the bundle's folder")]
    [InlineData("id: svc\ncredentials: [{jwk: ../../etc/passwd}]\n", "2:21: '../../etc/passwd' is no key file; a public key lies in the bundle's folder keys/ and is named from there: keys/passwd")]
    [InlineData("id: svc\ncredentials: [{jwk: keys/../roles.yaml}]\n", "2:21: there is no file 'keys/../roles.yaml' in the bundle; paths begin at the bundle's folder")]
    [InlineData("id: svc\nattributes: [a]\n", "2:13: 'attributes' must be a mapping of names to values, not a list")]
    [InlineData("id: svc\nattributes: {a: 1.5}\n", "2:17: 'a' is 1.5, a number Cedar does not have; write a whole number, \"1.5\" for text, or {__extn: {fn: decimal, arg: \"1.5\"}}")]
    [InlineData("id: svc\nattributes: {a: 007}\n", "2:17: 'a' is 007, a number Cedar does not have; write a whole number, \"007\" for text, or {__extn: {fn: decimal, arg: \"007\"}}")]
    [InlineData("id: svc\nattributes: {a: yes}\n", "2:17: 'a' is yes, which some read as a truth value and some as text; write true or false, or \"yes\" for text")]
    [InlineData("id: svc\nattributes:\n  a: ~\n", "3:6: 'a' has no value; Cedar has no null, so leave an absent attribute out")]
    [InlineData("id: svc\nattributes: {a: 9223372036854775808}\n", "2:17: 'a' is beyond 64 bits; Cedar's numbers are -9223372036854775808 to 9223372036854775807")]
    [InlineData("id: svc\nattributes: {a: {__extn: {fn: ipaddr, arg: x}}}\n", "2:26: Cedar has no extension 'ipaddr'; it has datetime, decimal, duration, ip")]
    [InlineData("id: svc\nattributes: {a: {__extn: {fn: ip, arg: x}}}\n", "2:26: 'x' is no ip; write for instance \"10.0.0.0/8\"")]
    [InlineData("id: svc\nattributes: {a: {__entity: {type: a b, id: x}}}\n", "2:28: 'a b' is no entity type; write identifiers joined by '::', for instance Assay::Team")]
    [InlineData("id: svc\nattributes: {a: {__expr: x}}\n", "2:18: '__expr' is an old form of Cedar's JSON; use {__extn: {fn: …, arg: …}}")]
    [InlineData("id: svc\nattributes: {owner: x}\n", "2:21: the attribute 'owner' is set by Assay itself, from the field of that name; choose another name")]
    [InlineData("[a]\n", "1:1: an identity is a mapping with the keys id, kind, name, owner, grantTypes, defaultResource, requestsPerSecond, attributes, memberships, credentials, credential, not a list")]
    [InlineData("id: assay-bootstrap\n", "1:5: 'assay-bootstrap' begins with 'assay-', which is kept for Assay itself; choose another name")]
    public void In_an_identity(string text, string fault)
    {
        using var bundle = new TestBundle().Write("identities/svc.yaml", text);

        Assert.Equal([$"identities/svc.yaml:{fault}"], bundle.Faults());
    }

    [Theory]
    [InlineData("scopes: [{name: a}]\n", "1:1: an API needs 'resource'")]
    [InlineData("resource: https://a.example\n", "1:1: the API 'https://a.example' has no scope; list at least one under 'scopes', or no token can be made for it")]
    [InlineData("resource: https://a.example\nscopes: []\n", "2:9: the API 'https://a.example' has no scope; list at least one under 'scopes', or no token can be made for it")]
    [InlineData("resource: https://a.example/#x\nscopes: [{name: a}]\n", "1:11: 'https://a.example/#x' has a fragment ('#'); a resource is an absolute URI without one (RFC 8707 §2)")]
    [InlineData("resource: payments\nscopes: [{name: a}]\n", "1:11: 'payments' is no absolute URI; write for instance https://payments.example")]
    [InlineData("resource: urn:assay:admin\nscopes: [{name: a}]\n", "1:11: 'urn:assay:admin' begins with 'urn:assay:', which is kept for Assay itself; choose another name")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a, group: [b]}]\n", "2:20: unknown key 'group' in a scope (did you mean 'groups'?); known are name, description, groups")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a}, b]\n", "2:21: a scope is a mapping with the keys name, description, groups, not the text 'b'; write 'name: b'")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a}, {name: a}]\n", "2:28: the scope 'a' stands twice in this API; keep one")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a, groups: [b]}, {name: b, groups: [a]}]\n", "2:28: Action::\"a\" is in Action::\"b\" is in Action::\"a\": a circle; take one of these parents out")]
    [InlineData("resource: urn:example:a\nscopes: [{name: 'a\\'}]\n", "2:17: the scope 'a\\' has '\\' in it; a scope is printable ASCII without spaces, quotes and backslashes (RFC 6749 §3.3), for instance payments:read")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a}]\nmaxTokenLifetime: 300\n", "3:19: 'maxTokenLifetime' must be a span of time such as 90s, 5m or 1h, not the number 300; for seconds write 300s")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a}]\nmaxTokenLifetime: 5min\n", "3:19: 'maxTokenLifetime' must be a span of time such as 90s, 5m or 1h, not the text '5min'")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a}]\nresourceServers: [b, b]\n", "3:22: the resource server 'b' stands twice; keep one")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a}]\nresourceServers: b\n", "3:18: 'resourceServers' must be a list, not the text 'b'; write for instance [payments-api]")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a}]\nmaxTokenLifetime: 1h\n", "3:19: 'maxTokenLifetime' is 3600 s; a token lives 60 s to 900 s (15m)")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a}]\nparents: [reader]\n", "3:11: 'reader' is no parent; write '- role: reader', '- team: reader', or a Cedar entity such as 'Zone::\"internal\"'")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a}]\nparents: [{api: urn:example:b}]\n", "3:11: the API 'urn:example:b' is not declared (did you mean 'urn:example:a'?); declare it under apis/")]
    [InlineData("resource: urn:example:a\nscopes: [{name: a}]\npolicyDomain: admin\n", "3:1: 'policyDomain' has no place in an API: every API of a bundle is in the domain 'tokens'")]
    public void In_an_api(string text, string fault)
    {
        using var bundle = new TestBundle().Write("apis/a.yaml", text);

        Assert.Equal([$"apis/a.yaml:{fault}"], bundle.Faults());
    }

    [Theory]
    [InlineData("roles.yaml", "role: []\n", "roles.yaml:1:1: roles.yaml needs 'roles', a list of entries with 'id'", "roles.yaml:1:1: unknown key 'role' in roles.yaml (did you mean 'roles'?); known are roles")]
    [InlineData("roles.yaml", "roles: [{id: a}, {id: a}]\n", "roles.yaml:1:23: the role 'a' is declared twice; keep one, or rename this one")]
    [InlineData("roles.yaml", "roles: [a]\n", "roles.yaml:1:9: a role is a mapping with the keys id, description, parents, attributes, not the text 'a'; write 'id: a'")]
    [InlineData("roles.yaml", "roles: [{id: a, parents: [{role: b}]}, {id: b, parents: [{role: a}]}]\n", "roles.yaml:1:26: Assay::Role::\"a\" is in Assay::Role::\"b\" is in Assay::Role::\"a\": a circle; take one of these parents out")]
    [InlineData("roles.yaml", "roles: [{id: assay-admin}]\n", "roles.yaml:1:14: 'assay-admin' begins with 'assay-', which is kept for Assay itself; choose another name")]
    [InlineData("roles.yaml", "", "roles.yaml: the file is empty; fill it, or take it out")]
    [InlineData("teams.yaml", "teams: [{id: a}]\n---\nteams: []\n", "teams.yaml:3:1: the file holds a second document ('---'); this file is one document")]
    [InlineData("bundle.yaml", "name: My Shop\n", "bundle.yaml:1:7: the bundle's name has 'M' in it; allowed are lower-case letters, digits and . _ -")]
    [InlineData("bundle.yaml", "nam: shop\n", "bundle.yaml:1:1: bundle.yaml needs 'name'", "bundle.yaml:1:1: unknown key 'nam' in bundle.yaml (did you mean 'name'?); known are name")]
    [InlineData("schema.cedarschema", "namespace X;", "schema.cedarschema: there is a schema but no policy; put policies into policies/*.cedar, or take the schema out")]
    [InlineData("signals.yaml", "a: b\n", "signals.yaml: signal sources are not read by this version; take the file out, or what it declares would silently not hold")]
    [InlineData("issuers/a.yaml", "a: b\n", "issuers: trusted issuers are not read by this version; take the folder out, or what it declares would silently not hold")]
    [InlineData("rols.yaml", "a: b\n", "rols.yaml: unknown file (did you mean 'roles.yaml'?); here lie bundle.yaml, roles.yaml, teams.yaml, links.yaml, schema.cedarschema, identities/, apis/, policies/, keys/ and tests/ (Markdown files are skipped)")]
    [InlineData("a.cedar", "", "a.cedar: a policy lies in policies/; move it there")]
    [InlineData("policy/a.cedar", "", "policy: unknown folder (did you mean 'policies'?); a bundle has identities/, apis/, policies/, keys/ and tests/")]
    [InlineData("identities/a.yml", "id: a\n", "identities/a.yml: a file in identities/ must end in .yaml; rename it")]
    [InlineData("policies/a.txt", "", "policies/a.txt: a file in policies/ must end in .cedar; rename it or take it out")]
    [InlineData("identities/deep/a.yaml", "id: a\n", "identities/deep: a folder in identities/ is not read; put its files into identities/ itself")]
    [InlineData("keys/a.jwk", "{}", "keys/a.jwk: no identity has this key; name it in one ('- jwk: keys/a.jwk'), or take the file out")]
    [InlineData("policies/a.cedar", "permit (principal, action, resource);\npermit (principal, action, resource) when { 1 = 2 };\n", "policies/a.cedar:2:47: '=' is no operator; write '==' to compare")]
    public void In_another_file(string path, string text, params string[] faults)
    {
        using var bundle = new TestBundle().Write(path, text);

        Assert.Equal(faults, bundle.Faults());
    }

    [Fact]
    public void All_faults_of_all_files_come_at_once_in_order()
    {
        using var bundle = new TestBundle()
            .Write("policies/a.cedar", "@max_tll(\"5m\")\npermit (principal, action, resource);\n")
            .Write("identities/b.yaml", "id: b\nnam: B\nmemberships: [{role: none}]\n")
            .Write("identities/a.yaml", "id: a b\n")
            .Write("apis/a.yaml", "resource: http://a.example\nscopes: [{name: a b}]\n");

        Assert.Equal(
            ["apis/a.yaml:1:11", "apis/a.yaml:2:17", "identities/a.yaml:1:5", "identities/b.yaml:2:1", "identities/b.yaml:3:15", "policies/a.cedar:1:1"],
            bundle.Read().Faults.Select(fault => $"{fault.Path}:{fault.Line}:{fault.Column}"));
        Assert.Null(bundle.Read().Declarations);
    }

    [Fact]
    public void The_same_object_in_two_files_is_a_fault_at_the_second()
    {
        using var bundle = new TestBundle()
            .Write("identities/a.yaml", "id: svc\n")
            .Write("identities/b.yaml", "name: x\nid: svc\n")
            .Write("apis/a.yaml", "resource: https://a.example\nscopes: [{name: a}]\n")
            .Write("apis/b.yaml", "resource: HTTPS://A.example\nscopes: [{name: a}]\n");

        Assert.Equal(
            [
                "apis/b.yaml:1:11: the API 'https://a.example' is declared twice; keep one, with all its scopes",
                "identities/b.yaml:2:5: the identity 'svc' is declared twice; keep one, or rename this one",
            ],
            bundle.Faults());
    }

    [Fact]
    public void The_same_key_of_two_identities_is_a_fault_at_the_second_key_file()
    {
        using var bundle = new TestBundle()
            .Write("keys/b.json", TestBundle.Jwk)
            .Write("identities/a.yaml", $"id: a\ncredentials: [{{jwk: '{TestBundle.Jwk}'}}]\n")
            .Write("identities/b.yaml", "id: b\ncredentials: [{jwk: ./keys/b.json}]\n");

        Assert.Equal(["keys/b.json:1:1: this key also belongs to 'a'; each identity has its own, or nobody can tell who asked"], bundle.Faults());
    }

    [Fact]
    public void A_private_key_in_a_file_is_refused_without_being_shown()
    {
        using var bundle = new TestBundle()
            .Write("keys/a.jwk", TestBundle.Jwk.Replace("}", ",\"d\":\"c2VjcmV0\"}"))
            .Write("identities/a.yaml", "id: a\ncredentials: [{jwk: keys/a.jwk}]\n");

        Assert.Equal(["keys/a.jwk:1:1: the key holds the private key; it is burnt now: make a new pair, and declare only its public half (kty, crv, x, y)"], bundle.Faults());
    }

    [Fact]
    public void While_the_roles_cannot_be_read_no_role_is_called_undeclared()
    {
        using var bundle = new TestBundle()
            .Write("roles.yaml", "roles: [\n")
            .Write("identities/a.yaml", "id: a\nmemberships: [{role: whatever}]\n");

        Assert.Equal("roles.yaml", Assert.Single(bundle.Read().Faults).Path);
    }

    [Fact]
    public void A_policy_name_that_is_taken_is_a_fault()
    {
        using var bundle = new TestBundle()
            .Write("policies/a.cedar", "@id(\"x\") permit (principal, action, resource);\n")
            .Write("policies/b.cedar", "\n@id(\"x\") forbid (principal, action, resource);\n");

        var fault = Assert.Single(bundle.Read().Faults);
        Assert.Equal(("policies/b.cedar", 2), (fault.Path, fault.Line));
    }
}
