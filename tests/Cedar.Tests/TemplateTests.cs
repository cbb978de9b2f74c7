namespace Assay.Cedar.Tests;

public sealed class TemplateTests
{
    [Theory]
    [InlineData("principal == ?principal", "User", "alice", Decision.Allow)]
    [InlineData("principal == ?principal", "User", "bob", Decision.Deny)]
    [InlineData("principal in (?principal)", "Group", "staff", Decision.Allow)]
    [InlineData("principal in ?principal", "Group", "else", Decision.Deny)]
    [InlineData("principal is User in ?principal", "Group", "staff", Decision.Allow)]
    [InlineData("principal is Group in ?principal", "Group", "staff", Decision.Deny)]
    public void A_linked_principal_stands_where_the_slot_was(string principal, string type, string id, Decision decision)
    {
        var template = Cedar.Policies($"permit({principal}, action, resource) when {{ true }};").Templates[0];

        var policy = template.Link("link0", principal: new(type, id));

        Assert.Equal(decision, Authorizer.Authorize(PolicySet.Of([policy]), Cedar.Ask(), Sample.Entities).Decision);
    }

    [Theory]
    [InlineData("resource == ?resource", Decision.Allow)]
    [InlineData("resource in ?resource", Decision.Allow)]
    [InlineData("resource is Photo in ?resource", Decision.Allow)]
    [InlineData("resource is Album in ?resource", Decision.Deny)]
    public void A_linked_resource_stands_where_the_slot_was(string resource, Decision decision)
    {
        var template = Cedar.Policies($"permit(principal, action, {resource});").Templates[0];

        var policy = template.Link("link0", resource: Cedar.Photo);

        Assert.Equal(decision, Authorizer.Authorize(PolicySet.Of([policy]), Cedar.Ask(), Entities.Empty).Decision);
    }

    [Fact]
    public void A_linked_policy_inherits_everything_but_its_name()
    {
        var template = Cedar.Policies("@id(\"t\") forbid(principal in ?principal, action, resource == ?resource);").Templates[0];

        var policy = template.Link("link7", Cedar.Alice, Cedar.Photo);

        Assert.Equal(
            ("link7", "template0", Effect.Forbid, template.Text, template.Position, "t"),
            (policy.Id, policy.TemplateId, policy.Effect, policy.Text, policy.Position, policy.Annotations["id"]));
        Assert.Equal(
            (new ScopeConstraint.In([Cedar.Alice]), new ScopeConstraint.Equal(Cedar.Photo)), (policy.Principal, policy.Resource));
        Assert.Equal((new ScopeConstraint.InSlot(), new ScopeConstraint.EqualSlot()), (template.Principal, template.Resource));
    }

    [Fact]
    public void A_template_decides_nothing_by_itself()
    {
        Assert.Equal(Decision.Deny, Cedar.Decide("permit(principal == ?principal, action, resource);").Decision);
    }

    [Fact]
    public void Exactly_the_slots_there_are_must_be_filled()
    {
        var template = Cedar.Policies("permit(principal == ?principal, action, resource);").Templates[0];

        Assert.Equal("template template0 needs a value for its slot ?principal", Assert.Throws<CedarDataException>(() => template.Link("l")).Message);
        Assert.Equal(
            "template renamed has no slot ?resource",
            Assert.Throws<CedarDataException>(() => template.WithId("renamed").Link("l", Cedar.Alice, Cedar.Photo)).Message);
    }

    [Fact]
    public void A_set_decides_by_the_policies_linked_from_its_templates()
    {
        var set = Cedar.Policies("permit(principal == ?principal, action, resource); forbid(principal, action, resource == ?resource);")
            .Link("template0", "alice", principal: Cedar.Alice)
            .Link("template0", "bob", principal: new("User", "bob"))
            .Link("template0", "alice again", principal: Cedar.Alice)
            .Link("template1", "other", resource: new("Photo", "other"));

        var result = Authorizer.Authorize(set, Cedar.Ask(), Entities.Empty);

        Assert.Equal((Decision.Allow, "alice, alice again"), (result.Decision, string.Join(", ", result.Reasons.Select(policy => policy.Id))));
        Assert.Equal(["template0", "template1"], set.Templates.Select(template => template.Id));
    }

    [Fact]
    public void A_linked_policy_brings_its_template_along()
    {
        var template = Cedar.Policies("permit(principal == ?principal, action, resource);").Templates[0];

        var set = PolicySet.Of([template.Link("a", Cedar.Alice), template.Link("b", Cedar.Alice)]);

        Assert.Equal([template], set.Templates);
        Assert.Equal([template, template], set.Policies.Select(policy => policy.Template));
    }

    [Fact]
    public void A_link_that_does_not_fit_its_set_is_refused()
    {
        var set = Cedar.Policies("permit(principal, action, resource); permit(principal == ?principal, action, resource);").Link("template0", "link", Cedar.Alice);

        Assert.Equal("there is no template \"policy0\"", Refusal(() => set.Link("policy0", "l", Cedar.Alice)));
        Assert.Equal("template template0 needs a value for its slot ?principal", Refusal(() => set.Link("template0", "l")));
        Assert.Equal("template template0 has no slot ?resource", Refusal(() => set.Link("template0", "l", Cedar.Alice, Cedar.Photo)));
        Assert.Equal("the linked policy \"policy0\" has the id of a policy", Refusal(() => set.Link("template0", "policy0", Cedar.Alice)));
        Assert.Equal("the linked policy \"link\" has the id of a policy", Refusal(() => set.Link("template0", "link", Cedar.Alice)));
        Assert.Equal("the linked policy \"template0\" has the id of a template", Refusal(() => set.Link("template0", "template0", Cedar.Alice)));
    }

    [Fact]
    public void Templates_and_policies_share_their_names()
    {
        var set = Cedar.Policies("permit(principal, action, resource); permit(principal == ?principal, action, resource);");
        var other = Cedar.Policies("\nforbid(principal, action, resource in ?resource);").Templates[0];

        Assert.Equal(
            "the policy \"template0\" has the id of a template",
            Refusal(() => PolicySet.Of([set.Policies[0].WithId("template0")], set.Templates)));
        Assert.Equal(
            "two templates have the id \"template0\"; the second is at test.cedar:2:1",
            Refusal(() => PolicySet.Of([set.Templates[0].Link("a", Cedar.Alice), other.Link("b", resource: Cedar.Photo)])));
    }

    private static string Refusal(Action act) => Assert.Throws<CedarDataException>(act).Message;
}
