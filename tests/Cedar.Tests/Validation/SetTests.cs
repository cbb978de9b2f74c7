namespace Assay.Cedar.Tests.Validation;

public sealed class SetTests
{
    [Fact]
    public void Findings_go_by_policy_and_place()
    {
        var result = Validator.Validate(
            Cedar.Policies("permit(principal is User, action, resource)\nwhen { principal.b }\nwhen { principal.a };\n\nforbid(principal is Doc, action, resource);\n@id(\"é\") permit(principal is Usr, action, resource);"),
            Office.Schema);

        Assert.Equal(
            [
                "test.cedar:2:18: User has no attribute b",
                "test.cedar:3:18: User has no attribute a",
                "test.cedar:5:1: warning: no action of the schema applies to what this head asks for, so the policy does nothing",
                "test.cedar:6:30: the schema declares no entity type Usr (did you mean 'User'?)",
            ],
            result.Findings.Select(finding => finding.ToString()));
        Assert.Equal(["policy0", "policy0", "policy1", "policy2"], result.Findings.Select(finding => finding.PolicyId));
        Assert.Equal([true, true, false, true], result.Findings.Select(finding => finding.IsError));
        Assert.False(result.Passed);
    }

    [Fact]
    public void Nothing_passes_and_against_no_schema_only_what_names_nothing()
    {
        Assert.True(Validator.Validate(PolicySet.Empty, Office.Schema).Passed);
        Assert.Equal(["1:1: NoActionApplies: no action of the schema applies to what this head asks for, so the policy does nothing"],
            Office.Shown(Validator.Validate(Cedar.Policies("permit(principal, action, resource) when { principal.x };"), Schema.Empty)));
        Assert.False(Validator.Validate(Cedar.Policies("permit(principal, action, resource) when { 1 == User::\"a\" };"), Schema.Empty).Passed);
    }

    [Fact]
    public void A_template_is_checked_for_whatever_fills_its_slots()
    {
        Assert.Empty(Office.Findings("permit(principal in ?principal, action, resource == ?resource) when { resource == Doc::\"d\" };"));
        Assert.Equal(
            ["1:81: UnknownAttribute: Team has no attribute age (when principal is Team)", "1:81: UnguardedAttribute: the attribute age of User is optional and may be missing here; guard it: principal has age && principal.age … (when principal is User)"],
            Office.Findings("permit(principal == ?principal, action, resource in ?resource) when { principal.age == 1 };").Order(StringComparer.Ordinal).Reverse());
        Assert.Equal(
            ["1:21: UnknownEntityType: the schema declares no entity type Usr (did you mean 'User'?)"],
            Office.Findings("permit(principal is Usr in ?principal, action, resource);"));
        Assert.StartsWith("1:1: NoActionApplies", Assert.Single(Office.Findings("permit(principal is Doc in ?principal, action, resource);")));
    }

    [Fact]
    public void A_link_is_checked_for_what_fills_its_slots()
    {
        var template = Cedar.Policies("permit(principal in ?principal, action == Action::\"edit\", resource == ?resource);").Templates[0];
        var policies = PolicySet.Of(
        [
            template.Link("right", new EntityUid("Team", "t"), new EntityUid("Doc", "d")),
            template.Link("unknown", new EntityUid("Tem", "t"), new EntityUid("Doc", "d")),
            template.Link("idle", new EntityUid("Team", "t"), new EntityUid("Folder", "f")),
        ]);

        var result = Validator.Validate(policies, Office.Schema);

        Assert.Equal(
            [
                "unknown: UnknownEntityType: the schema declares no entity type Tem (did you mean 'Team'?)",
                "idle: NoActionApplies: no action of the schema applies to what this head asks for, so the policy does nothing; write 'in' instead of '==' for resource",
            ],
            result.Findings.Select(finding => $"{finding.PolicyId}: {finding.Kind}: {finding.Message}"));
    }

    [Fact]
    public void Faults_of_a_template_are_reported_once_under_its_name()
    {
        var template = Cedar.Policies("permit(principal in ?principal, action == Action::\"edit\", resource) when { principal.nme == \"a\" };").Templates[0];
        var policies = PolicySet.Of([template.Link("one", new EntityUid("Team", "t")), template.Link("two", new EntityUid("User", "u"))]);

        Assert.Equal(["template0"], Validator.Validate(policies, Office.Schema).Findings.Select(finding => finding.PolicyId));
    }

    [Theory]
    [InlineData("principal.name == \"a\u202eb\"", "2:21: DirectionControl: \"a\\u{202e}b\" has control characters for the direction of text and looks other than it is")]
    [InlineData("principal.name like \"a\u2066*\"", "2:3: DirectionControl: \"a\\u{2066}\" has control characters for the direction of text and looks other than it is")]
    [InlineData("principal == User::\"bo\u200bb\"", "2:16: InvisibleCharacter: the name \"bo\\u{200b}b\" has a character that cannot be seen")]
    [InlineData("{\"a\u0000\": 1} == {\"a\u0000\": 1}", "2:3: InvisibleCharacter: the name \"a\\u{0}\" has a character that cannot be seen | 2:16: InvisibleCharacter: the name \"a\\u{0}\" has a character that cannot be seen")]
    [InlineData("principal.name == \"tab\tor\u200b none\"", "")]
    [InlineData("principal == User::\"Zoë 😀 Аня\"", "")]
    public void Texts_that_hide_something_are_warned_of(string condition, string findings) =>
        Assert.Equal(findings, string.Join(" | ", Office.InCondition(condition)));
}
