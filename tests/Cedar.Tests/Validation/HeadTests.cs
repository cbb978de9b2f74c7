namespace Assay.Cedar.Tests.Validation;

public sealed class HeadTests
{
    [Theory]
    [InlineData("principal == Usr::\"a\", action, resource", "1:21: UnknownEntityType: the schema declares no entity type Usr (did you mean 'User'?)")]
    [InlineData("principal in Yard::Team::\"a\", action, resource", "1:21: UnknownEntityType: the schema declares no entity type Yard::Team (did you mean 'Team'?)")]
    [InlineData("principal is Zebra, action, resource", "1:21: UnknownEntityType: the schema declares no entity type Zebra")]
    [InlineData("principal is User in Taem::\"t\", action, resource", "1:29: UnknownEntityType: the schema declares no entity type Taem (did you mean 'Team'?)")]
    [InlineData("principal is Usr in Team::\"t\", action, resource", "1:21: UnknownEntityType: the schema declares no entity type Usr (did you mean 'User'?)")]
    [InlineData("principal, action, resource is Dok in Foldr::\"f\"", "1:39: UnknownEntityType: the schema declares no entity type Dok (did you mean 'Doc'?) | 1:46: UnknownEntityType: the schema declares no entity type Foldr (did you mean 'Folder'?)")]
    [InlineData("principal, action == Action::\"raed\", resource", "1:29: UnknownAction: the schema declares no action Action::\"raed\" (did you mean 'Action::\"read\"'?)")]
    [InlineData("principal, action in [Action::\"read\", Action::\"mow\"], resource", "1:46: UnknownAction: the schema declares no action Action::\"mow\" (did you mean 'Yard::Action::\"mow\"'?)")]
    [InlineData("principal, action == Action::\"destroy\", resource", "1:29: UnknownAction: the schema declares no action Action::\"destroy\"")]
    [InlineData("principal, action == Action::\"paint\", resource == Color::\"rad\"", "1:58: UnknownEntityId: Color::\"rad\" is not among the enumerated entities of Color: \"red\", \"green\" (did you mean 'red'?)")]
    [InlineData("principal, action in [], resource", "1:1: EmptySet: 'action in []' holds for no action; name at least one")]
    [InlineData("principal, action in [Action::\"read\", Yard::Action::\"mow\"], resource", "1:1: IncompatibleTypes: the actions of a list have one type; Action and Yard::Action are different")]
    public void A_head_names_only_what_is_declared(string head, string findings) =>
        Assert.Equal(findings, string.Join(" | ", Office.Findings($"permit({head});")));

    [Theory]
    [InlineData("principal == User::\"a\", action, resource")]
    [InlineData("principal in Team::\"a\", action, resource")]
    [InlineData("principal in User::\"a\", action, resource")]
    [InlineData("principal is Team, action, resource")]
    [InlineData("principal is User in Team::\"t\", action == Action::\"edit\", resource is Doc in Folder::\"f\"")]
    [InlineData("principal, action in [Action::\"read\", Action::\"edit\"], resource")]
    [InlineData("principal, action in Action::\"all\", resource")]
    [InlineData("principal, action == Action::\"paint\", resource == Color::\"red\"")]
    public void A_head_that_some_request_satisfies_is_left_alone(string head) => Assert.Empty(Office.Findings($"forbid({head});"));

    [Theory]
    [InlineData("principal, action == Action::\"all\", resource", "; write 'in' instead of '==' for action")]
    [InlineData("principal, action == Yard::Action::\"mow\", resource", "")]
    [InlineData("principal is Doc, action, resource", "")]
    [InlineData("principal is Team, action == Action::\"edit\", resource", "")]
    [InlineData("principal is User in Folder::\"f\", action, resource", "")]
    [InlineData("principal, action in [Action::\"read\", Action::\"edit\"], resource is Color", "")]
    [InlineData("principal == Team::\"t\", action == Action::\"edit\", resource", "; write 'in' instead of '==' for principal")]
    [InlineData("principal, action == Action::\"edit\", resource == Folder::\"f\"", "; write 'in' instead of '==' for resource")]
    [InlineData("principal == Team::\"t\", action == Action::\"edit\", resource == Folder::\"f\"", "; write 'in' instead of '==' for principal and for resource")]
    public void A_head_that_no_request_satisfies_is_warned_of(string head, string advice)
    {
        var result = Validator.Validate(Cedar.Policies($"\npermit({head});"), Office.Schema);

        Assert.Equal([$"2:1: NoActionApplies: no action of the schema applies to what this head asks for, so the policy does nothing{advice}"], Office.Shown(result));
        Assert.True(result.Passed);
    }

    [Fact]
    public void Conditions_are_checked_only_for_requests_that_satisfy_the_head()
    {
        Assert.Empty(Office.Findings("permit(principal is Team, action, resource) when { principal.size > 1 };"));
        Assert.Empty(Office.Findings("permit(principal, action == Action::\"edit\", resource) when { context has reason && resource.size > 1 };"));
        Assert.Equal(
            ["1:54: UnknownAttribute: User has no attribute size (when principal is User)"],
            Office.Findings("permit(principal, action, resource) when { principal.size > 1 };"));
    }

    [Fact]
    public void A_fault_of_some_requests_names_the_first_of_them()
    {
        Assert.Equal(
            ["1:52: UnknownAttribute: the context of Action::\"paint\" has no attribute n (when action == Action::\"paint\")"],
            Office.Findings("permit(principal, action, resource) when { context.n > 1 };"));
    }
}
