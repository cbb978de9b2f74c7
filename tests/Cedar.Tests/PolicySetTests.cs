namespace Assay.Cedar.Tests;

public sealed class PolicySetTests
{
    [Fact]
    public void Policies_are_numbered_by_their_place_in_the_text_and_templates_by_their_own()
    {
        var set = Cedar.Policies(
            """
            permit(principal, action, resource);
            permit(principal == ?principal, action, resource);
            forbid(principal, action, resource);
            forbid(principal, action, resource in ?resource);
            """);

        Assert.Equal(["policy0", "policy2"], set.Policies.Select(policy => policy.Id));
        Assert.Equal(["template0", "template1"], set.Templates.Select(template => template.Id));
    }

    [Fact]
    public void A_policy_carries_its_effect_annotations_text_and_place()
    {
        var policy = Cedar.Policies("// the first\n\t@id(\"é\\\"1\") @public\n  forbid ( principal , action , resource , )\n when { true } ; // end").Policies[0];

        Assert.Equal(Effect.Forbid, policy.Effect);
        Assert.Equal([new("id", "é\"1"), new("public", "")], policy.Annotations);
        Assert.Equal("@id(\"é\\\"1\") @public\n  forbid ( principal , action , resource , )\n when { true } ;", policy.Text);
        Assert.Equal(new SourcePosition("test.cedar", 14, 2, 2), policy.Position);
        Assert.Equal("policy0 (test.cedar:2:2)", policy.ToString());
    }

    [Fact]
    public void Positions_count_bytes_lines_and_characters()
    {
        var parse = PolicySet.Parse("// é😀\r\n/**/ permit(principal, action, resource);\n\t@x(\"😀\") permit();", "a.cedar");

        Assert.Equal(
            [
                new PolicyFault(new("a.cedar", 11, 2, 1), "'/' cannot stand here; expected 'permit' or 'forbid'"),
                new PolicyFault(new("a.cedar", 72, 3, 17), "')' cannot stand here; expected 'principal' (a head has three parts: principal, action, resource)"),
            ],
            parse.Faults);
    }

    [Fact]
    public void Every_faulty_policy_is_reported_and_none_that_is_right()
    {
        var faults = Cedar.Faults(
            """
            permit(principal, action, resource);
            permit(principal, action) when { true };
            permit(principal, action, resource) when { 1 / 2 == foo && ip::x };
            forbid(principal, action, resource) unless { context.a };
            @id("x"
            permit(principal, action, resource) when { ";" == "};" };
            permit(principal, action, resource) when { a; b; c };
            permit(principal, action, resource)
            """);

        Assert.Equal(
            [
                "test.cedar:2:25: ')' cannot stand here; expected 'resource' (a head has three parts: principal, action, resource)",
                "test.cedar:3:46: the language has no operator '/'",
                "test.cedar:3:53: 'foo' means nothing here; variables are principal, action, resource and context, a string stands in quotes",
                "test.cedar:3:60: 'ip::x' means nothing here; variables are principal, action, resource and context, a string stands in quotes",
                "test.cedar:6:1: 'permit' cannot stand here; expected ')'",
                "test.cedar:7:44: 'a' means nothing here; variables are principal, action, resource and context, a string stands in quotes",
                "test.cedar:7:45: ';' cannot stand here; expected an operator or '}'",
                "test.cedar:8:36: the text ends here, where 'when', 'unless' or ';' was expected",
            ],
            faults);
    }

    [Theory]
    [InlineData("principal", "action", "resource")]
    [InlineData("principal == User::\"alice\"", "action == Action::\"view\"", "resource == Photo::\"holiday\"")]
    [InlineData("principal == ((User::\"alice\"))", "action in (Action::\"read\")", "resource is Photo")]
    [InlineData("principal in Group::\"staff\"", "action in [Action::\"else\", (Action::\"read\"),]", "resource in Photo::\"holiday\"")]
    [InlineData("principal is User", "action in ([Action::\"view\"])", "resource is Photo in Photo::\"holiday\"")]
    [InlineData("principal is User in User::\"bob\"", "action", "resource")]
    public void A_head_that_fits_the_request_is_satisfied(string principal, string action, string resource)
    {
        Assert.Equal(Decision.Allow, Decide(principal, action, resource));
    }

    [Theory]
    [InlineData("principal == User::\"bob\"", "action", "resource")]
    [InlineData("principal in Group::\"else\"", "action", "resource")]
    [InlineData("principal is Group", "action", "resource")]
    [InlineData("principal is Group in Group::\"staff\"", "action", "resource")]
    [InlineData("principal is User in Group::\"else\"", "action", "resource")]
    [InlineData("principal", "action == Action::\"read\"", "resource")]
    [InlineData("principal", "action in Action::\"write\"", "resource")]
    [InlineData("principal", "action in []", "resource")]
    [InlineData("principal", "action == Other::Action::\"view\"", "resource")]
    [InlineData("principal", "action", "resource == Photo::\"other\"")]
    [InlineData("principal", "action", "resource is Album")]
    [InlineData("principal", "action", "resource in Album::\"2024\"")]
    public void A_head_that_does_not_fit_the_request_is_not_satisfied(string principal, string action, string resource)
    {
        Assert.Equal(Decision.Deny, Decide(principal, action, resource));
    }

    [Fact]
    public void A_head_can_be_read_without_evaluating_it()
    {
        var policy = Cedar.Policies("permit(principal is User in Group::\"staff\", action in [Action::\"a\", Action::\"b\"], resource == Photo::\"p\");").Policies[0];

        Assert.Equal(
            (new ScopeConstraint.IsIn("User", new("Group", "staff")), new ScopeConstraint.In([new("Action", "a"), new("Action", "b")]), new ScopeConstraint.Equal(new("Photo", "p"))),
            (policy.Principal, policy.Action, policy.Resource));
        Assert.Equal(ScopeConstraint.Anything, Cedar.Policies("permit(principal, action, resource);").Policies[0].Action);
    }

    [Theory]
    [InlineData("when { true } when { true }", Decision.Allow)]
    [InlineData("when { true } unless { false } when { true }", Decision.Allow)]
    [InlineData("when { true } when { false }", Decision.Deny)]
    [InlineData("unless { true }", Decision.Deny)]
    [InlineData("unless { false } unless { true }", Decision.Deny)]
    public void Every_condition_must_hold(string conditions, Decision decision)
    {
        Assert.Equal(decision, Cedar.Decide($"permit(principal, action, resource) {conditions};").Decision);
    }

    [Fact]
    public void A_condition_after_one_that_fails_to_hold_is_not_evaluated()
    {
        Assert.Empty(Cedar.Decide("permit(principal, action, resource) unless { true } when { context.missing };").Errors);
        Assert.Empty(Cedar.Decide("permit(principal == User::\"bob\", action, resource) when { context.missing };").Errors);
        Assert.Single(Cedar.Decide("permit(principal, action, resource) when { true } unless { 1 };").Errors);
    }

    [Fact]
    public void Policies_of_several_texts_are_gathered_under_names_of_their_own()
    {
        var first = Cedar.Policies("permit(principal, action, resource);").Policies[0].WithId("first");
        var second = Cedar.Policies("forbid(principal, action, resource);").Policies[0].WithId("second");

        var result = Authorizer.Authorize(PolicySet.Of([first, second]), Cedar.Ask(), Entities.Empty);

        Assert.Equal([second], result.Reasons);
        Assert.Equal(("second", Effect.Forbid), (second.Id, second.Effect));
    }

    [Fact]
    public void Two_policies_of_one_name_are_refused()
    {
        var policy = Cedar.Policies("permit(principal, action, resource);").Policies[0];

        var refused = Assert.Throws<CedarDataException>(() => PolicySet.Of([policy, policy]));

        Assert.Equal("two policies have the id \"policy0\"; the second is at test.cedar:1:1", refused.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  // nothing\n//")]
    public void A_text_without_policies_is_a_set_that_denies(string text)
    {
        Assert.Equal(Decision.Deny, Cedar.Decide(text).Decision);
    }

    private static Decision Decide(string principal, string action, string resource) =>
        Cedar.Decide($"permit({principal}, {action}, {resource});", entities: Sample.Entities).Decision;
}
