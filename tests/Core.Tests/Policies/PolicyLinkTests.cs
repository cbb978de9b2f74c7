using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Tests.Decisions;

namespace Assay.Core.Tests.Policies;

/// <summary>Policies that are made from templates.</summary>
public sealed class PolicyLinkTests
{
    private const string Template = "@id(\"members\") @max_ttl(\"90s\") @reason(\"a member\") permit (principal in ?principal, action == Action::\"list\", resource == ?resource);";

    private static readonly EntityUid Payments = new(EntityTypes.Api, Example.Payments);

    private static readonly PolicyLink Link = new("exporters-list", "members", Example.Exporters, Payments, 3, 5);

    [Fact]
    public void A_link_is_a_policy_of_its_own_name_with_the_obligations_of_its_template()
    {
        var set = LoadedPolicySet.Load(Set(Template, Link)).Set!;

        var verdict = Decider.Decide(set, Example.Directory, Example.Exporter, Example.Input with { PolicyVersion = set.Version });

        Assert.Equal(
            new Verdict(
                [new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.Granted, Policies = ["exporters-list"], Reasons = ["a member"], MaxLifetime = TimeSpan.FromSeconds(90) }],
                TimeSpan.FromSeconds(90)),
            verdict);
        Assert.Equal(verdict, Decider.DecideByReference(set, Example.Directory, Example.Exporter, Example.Input with { PolicyVersion = set.Version }));
        Assert.Equal("members", Assert.Single(set.Policies.Templates).Id);
    }

    [Fact]
    public void A_template_that_nothing_links_is_a_warning() => Assert.Equal(
        ["p.cedar:1:1: nothing links the template 'members', so it decides nothing; link it in links.yaml, or take it out"], Sets.Warnings(Set(Template)));

    [Fact]
    public void A_template_is_checked_also_when_nothing_links_it() => Assert.Equal(
        ["p.cedar:1:93: the context of Action::\"pay\" has no attribute rsk (did you mean 'risk'?)"],
        Sets.Faults(Set("@id(\"t\") permit (principal in ?principal, action == Action::\"pay\", resource) when { context.rsk.score < 5 };")));

    [Fact]
    public void A_template_needs_a_name() => Assert.Equal(
        ["p.cedar:1:1: a template needs @id(\"…\"), the name by which links.yaml makes policies of it"], Sets.Faults(Set("permit (principal == ?principal, action, resource);")));

    [Fact]
    public void A_link_that_does_not_fit_says_what_would_be_right() => Assert.Equal(
        [
            "links.yaml:1:1: there is no template with @id(\"membres\") (did you mean 'members'?)",
            "links.yaml:2:1: 'plain' is a policy and no template; a template has ?principal or ?resource in its head",
            "links.yaml:3:1: the template 'members' has ?resource; say under 'resource' which entity stands for it",
            "links.yaml:4:1: the template 'anybody' has no ?principal; take 'principal' out",
            "links.yaml:5:1: the name 'plain' is taken by the policy at p.cedar:2:1; give the link another id",
            "links.yaml:6:1: 'id' must have 1 to 128 characters, none of them a control character, and no space at either end",
            "links.yaml:8:1: the name 'twice' is taken by the policy at links.yaml:7:1; give the link another id",
            "links.yaml:9:1: the schema declares no entity type Assay::Rool (did you mean 'Assay::Role'?)",
        ],
        Sets.Faults(Set(
            Template + "\n@id(\"plain\") permit (principal, action, resource);\n@id(\"anybody\") permit (principal, action, resource == ?resource);",
            Link with { Template = "membres", Line = 1, Column = 1 },
            Link with { Template = "plain", Line = 2, Column = 1 },
            Link with { Resource = null, Line = 3, Column = 1 },
            new PolicyLink("x", "anybody", Example.Exporters, Payments, 4, 1),
            Link with { Id = "plain", Line = 5, Column = 1 },
            Link with { Id = " ", Line = 6, Column = 1 },
            Link with { Id = "twice", Line = 7, Column = 1 },
            Link with { Id = "twice", Line = 8, Column = 1 },
            Link with { Id = "typo", Principal = new EntityUid("Assay::Rool", "x"), Line = 9, Column = 1 })));

    [Fact]
    public void A_link_that_can_never_apply_is_a_warning_where_it_stands() => Assert.Equal(
        ["links.yaml:3:5: no action of the schema applies to what this head asks for, so the policy does nothing; write 'in' instead of '==' for resource"],
        Sets.Warnings(Set(Template, Link with { Resource = Example.Exporters })));

    private static PolicyDocument Set(string policies, params PolicyLink[] links) => Sets.Of(policies) with { Links = [.. links] };
}
