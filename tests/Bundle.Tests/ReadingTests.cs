using System.Text;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Bundle.Tests;

/// <summary>What a folder without faults means.</summary>
public sealed class ReadingTests
{
    [Fact]
    public void Every_field_of_every_file_is_read()
    {
        using var bundle = new TestBundle()
            .Write("bundle.yaml", "name: corner-shop\n")
            .Write("roles.yaml", """
                roles:
                  - id: reader
                    description: May see
                  - id: writer
                    parents:
                      - role: reader
                      - team: treasury
                      - api: HTTPS://Payments.example
                      - Zone::"internal"
                    attributes: {level: 3}
                """)
            .Write("teams.yaml", "teams: [{id: treasury}]\n")
            .Write("apis/payments.yaml", """
                resource: HTTPS://Payments.example
                name: Payments
                maxTokenLifetime: 10m
                resourceServers: [gateway, exporter]
                parents: [{team: treasury}]
                attributes: {zone: internal}
                scopes:
                  - name: payments:read
                  - name: payments:write
                    description: Change
                    groups: [payments:change, all]
                """)
            .Write("identities/exporter.yaml", $$$"""
                id: exporter
                kind: person
                name: Exporter
                owner: treasury
                grantTypes: [client_credentials]
                defaultResource: https://PAYMENTS.example
                requestsPerSecond: 10
                attributes:
                  enabled: true
                  level: -3
                  text: "5"
                  plain: 10.0.0.0/8
                  list: [a, b, a]
                  nested: {a: {b: 1}}
                  owner2: {__entity: {type: "Assay::Team", id: treasury}}
                  since: {__extn: {fn: datetime, arg: "2026-01-01T00:00:00Z"}}
                  price: {__extn: {fn: decimal, arg: "1.25"}}
                  grace: {__extn: {fn: duration, arg: 1h30m}}
                  net: {__extn: {fn: ip, arg: 10.0.0.0/8}}
                memberships:
                  - role: reader
                  - team: treasury
                    expires: 2026-12-31T23:59:59.5+01:00
                credentials:
                  - generate
                  - jwk: {{{TestBundle.Jwk}}}
                    expires: 2027-01-01T00:00:00Z
                  - jwk: keys/second.jwk
                """)
            .Write("keys/second.jwk", """{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}""")
            .Write("policies/b.cedar", "permit (principal, action, resource);\n")
            .Write("policies/a.cedar", "forbid (principal, action, resource) when { context.risk.score >= 50 };\n")
            .Write("schema.cedarschema", "entity Zone;\nnamespace Assay {\n  entity Role in [Role, Team, Api, Zone] = { level?: Long };\n  entity Api in [Team] = { zone: String };\n  entity Person in [Role, Team] = { enabled: Bool, level: Long, text: String, plain: String, list: Set<String>, nested: { a: { b: Long } }, owner2: Team, since: datetime, price: decimal, grace: duration, net: ipaddr };\n}\n")
            .Write("tests/some.yaml", "tests: []\n");

        var reading = bundle.Read();

        Assert.Empty(reading.Faults);
        Assert.Equal(
            """
            {"v":1,"name":"corner-shop","identities":[{"id":"exporter","kind":"person","name":"Exporter","owner":"treasury","grantTypes":["client_credentials"],
            "defaultResource":"https://payments.example","requestsPerSecond":10,"attributes":{"enabled":true,"level":-3,"text":"5","plain":"10.0.0.0/8","list":["a","b"],
            "nested":{"a":{"b":1}},"owner2":{"__entity":{"type":"Assay::Team","id":"treasury"}},"since":{"__extn":{"fn":"datetime","arg":"2026-01-01T00:00:00.000Z"}},
            "price":{"__extn":{"fn":"decimal","arg":"1.2500"}},"grace":{"__extn":{"fn":"duration","arg":"5400000ms"}},"net":{"__extn":{"fn":"ip","arg":"10.0.0.0/8"}}},
            "memberships":[{"group":"Assay::Role::\"reader\""},{"group":"Assay::Team::\"treasury\"","expiresAt":"2026-12-31T22:59:59.5Z"}],
            "keys":[{"publicJwk":"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\",
            \"kid\":\"cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s\",\"use\":\"sig\",\"alg\":\"ES256\"}","expiresAt":"2027-01-01T00:00:00Z"},
            {"publicJwk":"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\",
            \"kid\":\"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U\",\"use\":\"sig\",\"alg\":\"ES256\"}"}]}],
            "groups":[{"uid":"Assay::Role::\"reader\"","description":"May see"},
            {"uid":"Assay::Role::\"writer\"","parents":["Assay::Role::\"reader\"","Assay::Team::\"treasury\"","Assay::Api::\"https://payments.example\"","Zone::\"internal\""],"attributes":{"level":3}},
            {"uid":"Assay::Team::\"treasury\""}],
            "apis":[{"resource":"https://payments.example","name":"Payments","scopes":[{"name":"payments:read"},{"name":"payments:write","description":"Change","groups":["payments:change","all"]}],
            "maxTokenLifetime":"00:10:00","resourceServers":["gateway","exporter"],"parents":["Assay::Team::\"treasury\""],"attributes":{"zone":"internal"}}],
            "policies":{"files":[{"path":"policies/a.cedar","text":"forbid (principal, action, resource) when { context.risk.score >= 50 };\n"},
            {"path":"policies/b.cedar","text":"permit (principal, action, resource);\n"}],
            "schema":"entity Zone;\nnamespace Assay {\n  entity Role in [Role, Team, Api, Zone] = { level?: Long };\n  entity Api in [Team] = { zone: String };\n  entity Person in [Role, Team] = { enabled: Bool, level: Long, text: String, plain: String, list: Set<String>, nested: { a: { b: Long } }, owner2: Team, since: datetime, price: decimal, grace: duration, net: ipaddr };\n}\n",
            "actions":"// The scopes of the set's APIs as actions, made by Assay. To write one yourself, declare it in schema.cedarschema.\naction \"all\";\naction \"payments:change\";\naction \"payments:read\" appliesTo { principal: [Assay::Workload, Assay::Person], resource: [Assay::Api], context: Assay::Context };\naction \"payments:write\" in [\"all\", \"payments:change\"] appliesTo { principal: [Assay::Workload, Assay::Person], resource: [Assay::Api], context: Assay::Context };\n",
            "tests":[{"path":"tests/some.yaml","text":"tests: []\n"}]},"generate":["exporter"]}
            """.ReplaceLineEndings(""),
            Encoding.UTF8.GetString(BundleJson.Encode(reading.Declarations!)));
    }

    [Fact]
    public void What_is_not_said_has_its_default()
    {
        using var bundle = new TestBundle().Write("identities/svc.yaml", "id: svc\n");

        var identity = Assert.Single(bundle.Read().Declarations!.Identities);

        Assert.Equal((IdentityKind.Workload, "client_credentials", null, 0, 0), (identity.Kind, Assert.Single(identity.GrantTypes), identity.DefaultResource, identity.Memberships.Length, identity.Keys.Length));
    }

    [Fact]
    public void Without_a_name_the_bundle_is_called_as_its_folder()
    {
        using var bundle = new TestBundle();

        Assert.Equal("shop", bundle.Read().Declarations!.Name);
        Assert.Equal("shop", BundleReader.Read(bundle.Folder + "/").Declarations!.Name);
        Assert.Equal("shop", BundleReader.Read(bundle.Path(".")).Declarations!.Name);
    }

    [Fact]
    public void A_file_may_hold_several_identities_as_documents()
    {
        using var bundle = new TestBundle().Write("identities/all.yaml", "---\nid: a\n---\nid: b\n---\n# nothing more\n");

        Assert.Equal(["a", "b"], bundle.Read().Declarations!.Identities.Select(identity => identity.Id));
    }

    [Fact]
    public void A_bundle_without_policies_has_none()
    {
        using var bundle = new TestBundle();

        Assert.Null(bundle.Read().Declarations!.Policies);
    }

    [Fact]
    public void The_text_of_a_policy_is_taken_as_it_is_but_for_a_byte_order_mark()
    {
        using var bundle = new TestBundle().Write("policies/a.cedar", [0xEF, 0xBB, 0xBF, .. "permit (principal, action, resource); // ü\r\n"u8]);

        Assert.Equal([new PolicyFile("policies/a.cedar", "permit (principal, action, resource); // ü\r\n")], bundle.Read().Declarations!.Policies!.Files);
    }

    [Fact]
    public void Tests_belong_to_the_set_as_they_are()
    {
        using var bundle = new TestBundle().Write("policies/a.cedar", "permit (principal, action, resource);\n").Write("tests/b.yaml", "tests: [] # b\n").Write("tests/a.yaml", "tests: [] # a\n");

        Assert.Equal([new PolicyFile("tests/a.yaml", "tests: [] # a\n"), new PolicyFile("tests/b.yaml", "tests: [] # b\n")], bundle.Read().Declarations!.Policies!.Tests);
    }

    [Fact]
    public void Markdown_and_dot_files_have_no_effect()
    {
        using var bundle = new TestBundle()
            .Write("tests/NOTES.md", "x")
            .Write("README.md", "# Shop")
            .Write("identities/NOTES.md", "x")
            .Write(".gitignore", "x")
            .Write(".git/config", "x")
            .Write("policies/.keep", "");

        Assert.Empty(bundle.Faults());
    }

    [Fact]
    public void Links_within_the_folder_are_followed()
    {
        using var bundle = new TestBundle()
            .Write("..data/roles.yaml", "roles: [{id: linked}]\n")
            .Write("..data/ids/svc.yaml", "id: svc\nmemberships: [{role: linked}]\n")
            .Without("roles.yaml")
            .Link("roles.yaml", "..data/roles.yaml")
            .Link("identities", "./..data/ids");

        var reading = bundle.Read();

        Assert.Empty(reading.Faults);
        Assert.Equal("svc", Assert.Single(reading.Declarations!.Identities).Id);
    }

    [Fact]
    public void A_folder_reached_by_a_link_is_read()
    {
        using var bundle = new TestBundle();
        var link = bundle.Folder + "-link";
        Directory.CreateSymbolicLink(link, bundle.Folder);

        Assert.Equal("shop", BundleReader.Read(link).Declarations!.Name);
    }
}
