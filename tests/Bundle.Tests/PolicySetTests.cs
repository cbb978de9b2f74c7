using Assay.Cedar;
using Assay.Core.Policies;

namespace Assay.Bundle.Tests;

/// <summary>The policies of a bundle as one set: actions made of its APIs, its schema, its links, and what it declares held against all that.</summary>
public sealed class PolicySetTests
{
    private const string Api = "resource: https://a.example\nscopes:\n  - name: read\n  - name: write\n    groups: [change]\n";

    private static TestBundle Bundle(string policies = "@id(\"p\") permit (principal, action == Action::\"read\", resource);\n") =>
        new TestBundle().Write("apis/a.yaml", Api).Write("policies/p.cedar", policies);

    [Fact]
    public void Policies_may_name_the_scopes_of_the_bundle_and_their_groups()
    {
        using var bundle = Bundle("permit (principal, action in [Action::\"read\", Action::\"change\"], resource);\n");

        Assert.Empty(bundle.Faults());
        Assert.Empty(bundle.Read().Warnings);
    }

    [Fact]
    public void A_scope_that_no_api_of_the_bundle_has_is_a_fault_where_a_policy_names_it()
    {
        using var bundle = Bundle("permit (\n  principal,\n  action == Action::\"raed\",\n  resource\n);\n");

        Assert.Equal(["policies/p.cedar:3:13: the schema declares no action Action::\"raed\" (did you mean 'Action::\"read\"'?)"], bundle.Faults());
    }

    [Fact]
    public void While_the_apis_cannot_be_read_no_action_is_called_undeclared()
    {
        using var bundle = Bundle().Write("apis/b.yaml", "scopes: [{name: other}]\n").Write("policies/q.cedar", "permit (principal, action == Action::\"other\", resource);\n");

        Assert.Equal(["apis/b.yaml:1:1: an API needs 'resource'"], bundle.Faults());
    }

    [Fact]
    public void A_circle_of_groups_over_two_apis_is_a_fault_in_one_of_them()
    {
        using var bundle = Bundle().Write("apis/b.yaml", "resource: https://b.example\nscopes:\n  - name: change\n    groups: [write]\n");

        Assert.Equal(["apis/a.yaml:5:13: Action::\"write\" is in Action::\"change\" is in Action::\"write\": a circle; take one of these parents out"], bundle.Faults());
    }

    [Fact]
    public void Attributes_that_the_schema_does_not_have_are_faults_where_they_are_written()
    {
        using var bundle = Bundle()
            .Write("schema.cedarschema", "entity Zone; namespace Assay { entity Workload in [Role, Team] = { environment: String, level?: Long }; entity Team in [Team] = { floor?: Long }; entity Api in [Zone]; }\n")
            .Write("identities/i.yaml", "id: i\nattributes:\n  enviroment: production\n  level: high\n")
            .Write("identities/j.yaml", "id: j\nkind: person\nattributes: {environment: x}\n")
            .Write("teams.yaml", "teams:\n  - id: treasury\n    attributes: {floor: third}\n    parents: [{role: reader}]\n")
            .Write("apis/b.yaml", "resource: https://b.example\nscopes: [{name: read}]\nparents: ['Zone::\"x\"', 'Zoen::\"x\"']\n");

        Assert.Equal(
            [
                "apis/b.yaml:3:24: by the schema nothing of type Assay::Api is in a Zoen; declare it in schema.cedarschema, within 'namespace Assay { entity Api in [… , Zoen] … }'",
                "identities/i.yaml:1:1: the schema asks every Assay::Workload for 'environment' (String); give it, or make it optional in schema.cedarschema ('environment?: …')",
                "identities/i.yaml:3:15: the schema declares no attribute 'enviroment' of Assay::Workload (did you mean 'environment'?); declare it in schema.cedarschema, within 'namespace Assay { entity Workload … }'",
                "identities/i.yaml:4:10: the attribute does not fit the schema: level: expected Long, got string",
                "identities/j.yaml:3:27: the schema declares no attribute 'environment' of Assay::Person; declare it in schema.cedarschema, within 'namespace Assay { entity Person … }'",
                "teams.yaml:3:25: the attribute does not fit the schema: floor: expected Long, got string",
                "teams.yaml:4:15: by the schema nothing of type Assay::Team is in a Assay::Role; declare it in schema.cedarschema, within 'namespace Assay { entity Team in [… , Assay::Role] … }'",
            ],
            bundle.Faults());
    }

    [Fact]
    public void What_a_policy_names_and_nobody_declares_is_a_warning()
    {
        using var bundle = Bundle("""
            @id("a") permit (principal in Assay::Role::"raeder", action, resource);
            @id("b") permit (principal is Assay::Workload in Assay::Team::"treasury", action, resource == Assay::Api::"https://b.example");
            @id("c") permit (principal == Assay::Workload::"anybody", action, resource in Assay::Role::"reader") when { false };
            @id("t") permit (principal in ?principal, action == Action::"read", resource);
            """).Write("links.yaml", "links:\n  - {id: l, template: t, principal: {team: sales}}\n");

        Assert.Empty(bundle.Faults());
        Assert.Equal(
            [
                "links.yaml:2:5: the team 'sales' is not declared; declare it in teams.yaml, or nothing this policy says comes to pass",
                "policies/p.cedar:1:1: the role 'raeder' is not declared (did you mean 'reader'?); declare it in roles.yaml, or nothing this policy says comes to pass",
                "policies/p.cedar:2:1: the API 'https://b.example' is not declared (did you mean 'https://a.example'?); declare it under apis/, or nothing this policy says comes to pass",
                "policies/p.cedar:3:1: the conditions are false for every request that the schema allows; the policy does nothing",
            ],
            bundle.Read().Warnings.Select(warning => warning.ToString()));
    }

    [Fact]
    public void Links_are_read_with_entities_as_literals_or_by_kind()
    {
        using var bundle = Bundle("@id(\"t\") permit (principal in ?principal, action, resource == ?resource);\n").Write("links.yaml", """
            links:
              - id: readers
                template: t
                principal: {role: reader}
                resource: {api: HTTPS://A.example}
              - {id: treasury, template: t, principal: 'Assay::Team::"treasury"', resource: 'Assay::Api::"https://a.example"'}
            """);

        var reading = bundle.Read();

        Assert.Empty(reading.Faults);
        EntityUid api = new("Assay::Api", "https://a.example");
        Assert.Equal(
            [
                new PolicyLink("readers", "t", new EntityUid("Assay::Role", "reader"), api, 2, 5),
                new PolicyLink("treasury", "t", new EntityUid("Assay::Team", "treasury"), api, 6, 5),
            ],
            reading.Declarations!.Policies!.Links);
        Assert.Equal(["readers", "treasury"], LoadedPolicySet.Load(reading.Declarations.Policies).Set!.Policies.Policies.Select(policy => policy.Id));
    }

    [Theory]
    [InlineData("link: []\n", "links.yaml:1:1: links.yaml needs 'links', a list of entries with 'id' and 'template'", "links.yaml:1:1: unknown key 'link' in links.yaml (did you mean 'links'?); known are links")]
    [InlineData("links: [{template: t}]\n", "links.yaml:1:9: a link needs 'id'")]
    [InlineData("links: [{id: a, template: t, principal: reader}]\n", "links.yaml:1:41: 'reader' is no entity; write for instance {role: reader}, or a Cedar entity such as Assay::Role::\"reader\"")]
    [InlineData("links: [{id: a, template: t, principal: {role: a, team: b}}]\n", "links.yaml:1:41: 'principal' names one entity by one of the keys workload, person, role, team, api; write for instance {role: exporter}")]
    [InlineData("links: [{id: a, template: t, principal: {group: a}}]\n", "links.yaml:1:41: 'principal' names one entity by one of the keys workload, person, role, team, api; write for instance {role: exporter}", "links.yaml:1:42: unknown key 'group' in 'principal'; known are workload, person, role, team, api")]
    [InlineData("links: [{id: a, template: u, principal: {role: reader}}]\n", "links.yaml:1:9: there is no template with @id(\"u\") (did you mean 't'?)")]
    public void A_link_that_is_wrong_is_a_fault_where_it_stands(string links, params string[] faults)
    {
        using var bundle = Bundle("@id(\"t\") permit (principal in ?principal, action, resource);\n").Write("links.yaml", links);

        Assert.Equal(faults, bundle.Faults());
        Assert.DoesNotContain(bundle.Read().Warnings, warning => warning.Message.Contains("nothing links", StringComparison.Ordinal) && links.Contains("template: t", StringComparison.Ordinal));
    }

    [Fact]
    public void Links_without_policies_are_a_fault()
    {
        using var bundle = new TestBundle().Write("links.yaml", "links: []\n");

        Assert.Equal(["links.yaml: there are links but no policy; put the templates into policies/*.cedar, or take the links out"], bundle.Faults());
    }
}
