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
}
