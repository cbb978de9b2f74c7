using System.Text;
using System.Text.Json;
using Assay.Cedar;
using Assay.Core.Policies;
using Assay.Core.Registry;
using CsCheck;
using static Assay.Core.Tests.Registry.BundleSamples;

namespace Assay.Core.Tests.Registry;

public sealed class BundleRulesTests
{
    private static readonly EntityUid Role = new(EntityTypes.Role, "r");

    [Fact]
    public void The_sample_has_no_fault() => Assert.Empty(Shop.Check());

    [Fact]
    public void Every_fault_is_found_at_once_with_its_place()
    {
        var declared = new BundleDeclarations
        {
            Name = "assay",
            Identities =
            [
                Exporter with { Id = "a b", GrantTypes = ["client_credential", "password", "password"], RequestsPerSecond = 0, DefaultResource = "payments" },
                Exporter with { Id = "assay-bootstrap", Name = "", Memberships = [new(Reader, null), new(Reader, null), new(new(EntityTypes.Role, "raeder"), null)] },
            ],
            Groups = [new DeclaredGroup { Uid = Reader }, new DeclaredGroup { Uid = Reader, Parents = [Writer, new(EntityTypes.Workload, "x"), new("Zone", "z"), new("Zone", "z")] }],
            Apis = [new DeclaredApi { Resource = "urn:assay:admin", MaxTokenLifetime = TimeSpan.FromSeconds(59) }, new DeclaredApi { Resource = "HTTPS://a.example", Scopes = [new("a b", null, ["g", "g"]), new("a b", null, [])] }],
            Generate = ["exporter", "exporter"],
        };

        Assert.Equal(
            [
                "name: the bundle's name begins with 'assay', which is kept for Assay itself; choose another name",
                "groups[1].id: the role 'reader' is declared twice; keep one, or rename this one",
                "groups[1].parents[0]: the role 'writer' is not declared; declare it in roles.yaml",
                "groups[1].parents[1]: 'Assay::Workload::\"x\"' cannot be a parent; a parent is a role, a team, an API or an entity type of your own",
                "groups[1].parents[3]: 'Zone::\"z\"' stands twice; keep one",
                "apis[0].resource: 'urn:assay:admin' begins with 'urn:assay:', which is kept for Assay itself; choose another name",
                "apis[0].maxTokenLifetime: 'maxTokenLifetime' is 59 s; a token lives 60 s to 900 s (15m)",
                "apis[0].scopes: the API 'urn:assay:admin' has no scope; list at least one under 'scopes', or no token can be made for it",
                "apis[1].resource: 'HTTPS://a.example' has capitals in scheme or host; write 'https://a.example'",
                "apis[1].scopes[0].name: the scope 'a b' has a space in it; a scope is printable ASCII without spaces, quotes and backslashes (RFC 6749 §3.3), for instance payments:read",
                "apis[1].scopes[0].groups[1]: the action group 'g' stands twice; keep one",
                "apis[1].scopes[1].name: the scope 'a b' has a space in it; a scope is printable ASCII without spaces, quotes and backslashes (RFC 6749 §3.3), for instance payments:read",
                "apis[1].scopes[1].name: the scope 'a b' stands twice in this API; keep one",
                "identities[0].id: 'a b' has a space in it; allowed are letters, digits and . _ : / @ -",
                "identities[0].grantTypes[2]: the grant type 'password' stands twice; keep one",
                "identities[0].grantTypes[0]: unknown grant type 'client_credential' (did you mean 'client_credentials'?); this version has client_credentials",
                "identities[0].grantTypes[1]: unknown grant type 'password'; this version has client_credentials",
                "identities[0].grantTypes[2]: unknown grant type 'password'; this version has client_credentials",
                "identities[0].defaultResource: 'payments' is no absolute URI; write for instance https://payments.example",
                "identities[0].requestsPerSecond: 'requestsPerSecond' is 0; it must be 1 to 1000000",
                "identities[1].id: 'assay-bootstrap' begins with 'assay-', which is kept for Assay itself; choose another name",
                "identities[1].name: 'name' is empty; write 1 to 1024 characters",
                "identities[1].memberships[1]: 'assay-bootstrap' is in the role 'reader' twice; keep one",
                "identities[1].memberships[2]: the role 'raeder' is not declared (did you mean 'reader'?); declare it in roles.yaml",
                "identities[1].credentials[0].jwk: this key also belongs to 'a b'; each identity has its own, or nobody can tell who asked",
                "generate[1]: the identity 'exporter' stands twice; keep one",
                "generate[0]: unknown identity 'exporter'",
                "generate[1]: unknown identity 'exporter'",
            ],
            declared.Check().Select(fault => fault.ToString()));
    }

    [Fact]
    public void A_bundle_cannot_make_anybody_an_administrator()
    {
        var declared = Shop with { Identities = [Exporter with { Memberships = [new(new(EntityTypes.Role, "assay-admin"), null)] }] };

        Assert.Equal(["identities[0].memberships[0]: the role 'assay-admin' is not declared; declare it in roles.yaml"], declared.Check().Select(fault => fault.ToString()));
        Assert.Equal(
            ["groups[0].id: 'assay-admin' begins with 'assay-', which is kept for Assay itself; choose another name"],
            (new BundleDeclarations { Name = "shop", Groups = [new DeclaredGroup { Uid = new(EntityTypes.Role, "assay-admin") }] }).Check().Select(fault => fault.ToString()));
    }

    [Fact]
    public void A_group_is_a_role_or_a_team()
    {
        var declared = new BundleDeclarations { Name = "shop", Groups = [new DeclaredGroup { Uid = new("Assay::Api", "x") }] };

        Assert.Equal(["groups[0].id: 'Assay::Api::\"x\"' is neither a role nor a team; declare Assay::Role or Assay::Team"], declared.Check().Select(fault => fault.ToString()));
    }

    [Fact]
    public void A_word_that_is_a_team_and_was_used_as_a_role_is_told()
    {
        var declared = Shop with { Identities = [Exporter with { Memberships = [new(new(EntityTypes.Team, "reader"), null)] }] };

        Assert.Equal(
            ["identities[0].memberships[0]: the team 'reader' is not declared (did you mean the role 'reader'?); declare it in teams.yaml"], declared.Check().Select(fault => fault.ToString()));
    }

    [Fact]
    public void Attributes_that_assay_sets_itself_are_refused()
    {
        var declared = With(identity => identity with { Attributes = Value.Record(("name", Value.Of("x")), ("managedBy", Value.Of("y")), ("tier", Value.Of(1L))) });

        Assert.Equal(["identities[0].attributes.name", "identities[0].attributes.managedBy"], declared.Check().Select(fault => fault.Where));
    }

    [Fact]
    public void Attributes_are_bounded_in_depth_and_number()
    {
        Value deep = Value.Of(1L);
        for (var i = 0; i < 16; i++)
            deep = Value.Set(deep);
        var wide = Value.Set(Enumerable.Range(0, 1000).Select(i => (Value)Value.Of((long)i)));

        Assert.Equal(
            ["identities[0].attributes.deep: the attribute is too large; 16 levels and 1000 values are allowed", "identities[0].attributes.wide: the attribute is too large; 16 levels and 1000 values are allowed"],
            With(identity => identity with { Attributes = Value.Record(("deep", deep), ("wide", wide), ("ok", Value.Set(Value.Of(1L)))) }).Check().Select(fault => fault.ToString()));
    }

    [Theory]
    [InlineData("{}", "the key has no 'kty' that can be used; it must be EC or RSA")]
    [InlineData("[]", "the key is no JSON object; write one public JWK (RFC 7517)")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}""", "the key holds the private key; it is burnt now: make a new pair, and declare only its public half (kty, crv, x, y)")]
    public void A_key_that_cannot_be_used_is_refused_with_what_to_do(string jwk, string message)
    {
        var fault = Assert.Single(With(identity => identity with { Keys = [new(jwk, null)] }).Check());

        Assert.Equal(new DeclarationFault("identities[0].credentials[0].jwk", message), fault);
    }

    [Fact]
    public void A_key_that_is_costly_to_check_is_refused()
    {
        using var pair = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);
        var jwk = Assay.Core.Jose.JsonWebKey.From(pair).ToJson();

        Assert.Equal(
            ["the key is EC of 384 bits; use EC P-256, or RSA of 2048 to 3072 bits (larger ones make requests costly to check)"],
            With(identity => identity with { Keys = [new(jwk, null)] }).Check().Select(fault => fault.Message));
    }

    [Fact]
    public void The_same_key_twice_is_refused_whatever_its_kid()
    {
        var again = Key.ToJson().Replace($"\"kid\":\"{Key.Kid}\"", "\"kid\":\"other\"");

        Assert.Equal(["'exporter' has this key twice; keep one"], With(identity => identity with { Keys = [new(Key.ToJson(), null), new(again, null)] }).Check().Select(fault => fault.Message));
    }

    [Fact]
    public void Circles_of_roles_apis_and_action_groups_are_refused()
    {
        var declared = new BundleDeclarations
        {
            Name = "shop",
            Groups = [new DeclaredGroup { Uid = Reader, Parents = [Writer] }, new DeclaredGroup { Uid = Writer, Parents = [Reader] }, new DeclaredGroup { Uid = Role, Parents = [Role] }],
            Apis =
            [
                new DeclaredApi { Resource = "urn:example:a", Scopes = [new("x", null, ["y"]), new("y", null, ["x"])] },
                new DeclaredApi { Resource = "urn:example:b", Scopes = [new("y", null, ["x"])] }, // no circle: actions are apart per API
            ],
        };

        Assert.Equal(
            [
                "apis[0].scopes[0].groups: Action::\"x\" is in Action::\"y\" is in Action::\"x\": a circle; take one of these parents out",
                "groups[0].parents: Assay::Role::\"reader\" is in Assay::Role::\"writer\" is in Assay::Role::\"reader\": a circle; take one of these parents out",
                "groups[2].parents: Assay::Role::\"r\" is in Assay::Role::\"r\": a circle; take one of these parents out",
            ],
            declared.Check().Select(fault => fault.ToString()));
    }

    [Fact]
    public void A_chain_of_ten_thousand_roles_is_no_circle()
    {
        var groups = Enumerable.Range(0, 10_000).Select(i => new DeclaredGroup
        {
            Uid = new(EntityTypes.Role, $"r{i}"),
            Parents = i == 9_999 ? [] : [new(EntityTypes.Role, $"r{i + 1}")],
        });

        Assert.Empty((new BundleDeclarations { Name = "shop", Groups = [.. groups] }).Check());
    }

    [Fact]
    public void Policies_are_loaded_and_their_faults_carry_line_and_column()
    {
        var declared = Shop with { Policies = SetOf("permit (principal, action, resource);\n  permit (") };

        var fault = Assert.Single(declared.Check());

        Assert.Equal(("policies/a.cedar", 2, true), (fault.Where, fault.Line, fault.Column > 0));
    }

    [Fact]
    public void Json_gives_back_what_was_declared()
    {
        var declared = Shop with
        {
            Identities = [Exporter with { Kind = IdentityKind.Person, RequestsPerSecond = 7, Attributes = Value.Record(("ip", Value.Ip("10.0.0.1"))), Memberships = [new(Reader, Later)], Keys = [new(Key.ToJson(), Later)] }],
            Apis = [Shop.Apis[0] with { Name = "P", MaxTokenLifetime = TimeSpan.FromMinutes(5), Parents = [Reader] }],
            Policies = PermitAll with { Schema = "namespace X;" },
            Generate = ["exporter"],
        };

        Content.Same(declared, BundleJson.Decode(BundleJson.Encode(declared)));
    }

    [Fact]
    public void Json_within_a_document_is_read_as_strictly()
    {
        using var lenient = JsonDocument.Parse("""{"bundle":{"v":1,"name":"shop","name":"other"}}""");

        Assert.Throws<JsonException>(() => BundleJson.Read(lenient.RootElement.GetProperty("bundle")));
    }

    [Theory]
    [InlineData("""{"v":2,"name":"shop"}""")]
    [InlineData("""{"v":1}""")]
    [InlineData("""{"v":1,"name":null}""")]
    [InlineData("""{"v":1,"name":"shop","signals":[]}""")]
    [InlineData("""{"v":1,"name":"shop","identities":[{"id":"a","kind":"workload","disabledAt":"2026-01-01T00:00:00Z"}]}""")]
    [InlineData("""{"v":1,"name":"shop","identities":[{"id":"a","kind":"robot"}]}""")]
    [InlineData("""{"v":1,"name":"shop","apis":[{"resource":"urn:example:a","policyDomain":"admin"}]}""")]
    [InlineData("""{"v":1,"name":"shop","policies":{"files":[],"active":true}}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public void Json_that_says_anything_else_is_refused(string json)
    {
        Assert.Throws<JsonException>(() => BundleJson.Decode(Encoding.UTF8.GetBytes(json)));
    }
}
