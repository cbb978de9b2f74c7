namespace Assay.Cedar.Tests.Validation;

public sealed class GuardTests
{
    [Theory]
    [InlineData("principal has age && principal.age > 1")]
    [InlineData("principal has age && context.n > 1 && principal.age > 1")]
    [InlineData("context.n > 1 && (principal has age && principal.age > 1)")]
    [InlineData("(principal has age && context.n > 1) && principal.age > 1")]
    [InlineData("if principal has age then principal.age > 1 else false")]
    [InlineData("if principal has age && context.n > 1 then principal.age > 1 else context.n > 2")]
    [InlineData("(if context.n > 1 then principal has age else principal has age && context.n > 0) && principal.age > 1")]
    [InlineData("(if true then principal has age else false) && principal.age > 1")]
    [InlineData("(principal has age || false) && principal.age > 1")]
    [InlineData("(false || principal has age) && principal.age > 1")]
    [InlineData("(principal has age && context.n > 1 || principal has age && context.n < 1) && principal.age > 1")]
    [InlineData("(principal has age && context.n == 1 || principal has age) && principal.age > 1")]
    [InlineData("principal has \"age\" && principal[\"age\"] > 1 && principal.age > 1")]
    [InlineData("principal[\"home\"] has floor && principal.home.floor > 1")]
    [InlineData("principal has boss.boss.age && principal.boss.boss.age > 1 && principal.boss.boss has name")]
    [InlineData("principal has boss && principal.boss has boss.age && principal.boss.boss.age > 1")]
    [InlineData("principal.hasTag(\"k\") && principal.getTag(\"k\") == \"v\"")]
    [InlineData("principal.hasTag(principal[\"name\"]) && principal.getTag(principal.name) == \"v\"")]
    [InlineData("principal has boss && principal.boss.hasTag(\"k\") && principal.boss.getTag(\"k\") == \"v\"")]
    [InlineData("(if context.n != 1 then principal else resource.owner) has age && (if !(context.n == 1) then principal else resource.owner).age > 1")]
    [InlineData("(if context.n > 1 then principal else resource.owner) has age && (if !(context.n <= 1) then principal else resource.owner).age > 1")]
    [InlineData("{a: principal, b: 1}.a has age && {b: 1, a: principal}.a.age > 1")]
    [InlineData("false && principal.age > 1 || context.n > 1")]
    [InlineData("true || principal.age > 1")]
    [InlineData("principal is Team && principal.age > 1 || context.n > 1")]
    public void What_a_guard_says_holds_where_it_is_evaluated_first(string condition) =>
        Assert.DoesNotContain(Office.InCondition(condition), finding => finding.Contains("Unguarded", StringComparison.Ordinal));

    [Theory]
    [InlineData("principal.age > 1 && principal has age", "2:13: UnguardedAttribute")]
    [InlineData("principal has age || principal.age > 1", "2:34: UnguardedAttribute")]
    [InlineData("!(principal has age) && principal.age > 1", "2:37: UnguardedAttribute")]
    [InlineData("if principal has age then true else principal.age > 1", "2:49: UnguardedAttribute")]
    [InlineData("(if principal has age then true else false) && principal.age > 1", "2:60: UnguardedAttribute")]
    [InlineData("(if context.n > 1 then principal has age else true) && principal.age > 1", "2:68: UnguardedAttribute")]
    [InlineData("(principal has age || context.n > 1) && principal.age > 1", "2:53: UnguardedAttribute")]
    [InlineData("(principal has age && context.n > 1 || principal has boss) && principal.age > 1", "2:75: UnguardedAttribute")]
    [InlineData("principal has boss && principal.age > 1", "2:35: UnguardedAttribute")]
    [InlineData("principal has age && resource.owner.age > 1", "2:39: UnguardedAttribute")]
    [InlineData("principal has boss && principal.boss.boss.age > 1", "2:40: UnguardedAttribute 2:45: UnguardedAttribute")]
    [InlineData("((principal has age) == true) && principal.age > 1", "2:46: UnguardedAttribute")]
    [InlineData("[principal has age].contains(true) && principal.age > 1", "2:51: UnguardedAttribute")]
    [InlineData("principal.hasTag(\"k\") && principal.getTag(\"l\") == \"v\"", "2:28: UnguardedTag")]
    [InlineData("principal.hasTag(\"k\") && resource.owner.getTag(\"k\") == \"v\"", "2:28: UnguardedTag")]
    [InlineData("principal.hasTag(\"age\") && principal.age > 1", "2:40: UnguardedAttribute")]
    [InlineData("principal has name && principal.getTag(\"name\") == \"v\"", "2:25: UnguardedTag")]
    [InlineData("principal.hasTag(principal.name) && principal.getTag(resource.name) == \"v\"", "2:39: UnguardedTag")]
    [InlineData("(if context.n > 1 then principal else resource.owner) has age && (if context.n >= 1 then principal else resource.owner).age > 1", "2:123: UnguardedAttribute")]
    public void What_a_guard_says_holds_nowhere_else(string condition, string places) =>
        Assert.Equal(places, string.Join(' ', Office.InCondition(condition).Select(finding => finding[..finding.IndexOf(": ", 6, StringComparison.Ordinal)])));

    [Fact]
    public void A_guard_in_one_condition_covers_the_next()
    {
        Assert.Empty(Office.Findings("permit(principal is User, action, resource) when { principal has age } unless { principal.age > 1 };"));
        Assert.Equal(
            ["1:91: UnguardedAttribute: the attribute age of User is optional and may be missing here; guard it: principal has age && principal.age …"],
            Office.Findings("permit(principal is User, action, resource) unless { principal has age } when { principal.age > 1 };"));
    }

    [Theory]
    [InlineData("false")]
    [InlineData("true && principal is Team")]
    [InlineData("!(principal is User)")]
    [InlineData("resource == principal")]
    [InlineData("action == Action::\"read\"")]
    [InlineData("action in [Action::\"read\", Yard::Action::\"mow\"] || false")]
    [InlineData("principal in resource")]
    [InlineData("action in principal")]
    [InlineData("principal has likes.x")]
    [InlineData("action has name")]
    [InlineData("resource.owner.hasTag(\"k\") && Team::\"t\".hasTag(\"k\")")]
    [InlineData("if principal is Team then true else 1 == 2")]
    [InlineData("\"a\" == 1")]
    public void Conditions_that_are_never_true_are_warned_of(string condition)
    {
        var findings = Office.InCondition(condition, ValidationMode.Permissive);

        Assert.Equal(["1:1: NeverSatisfied: the conditions are false for every request that the schema allows; the policy does nothing"], findings);
    }

    [Theory]
    [InlineData("principal has name")]
    [InlineData("principal in Team::\"t\"")]
    [InlineData("resource == Doc::\"d\"")]
    [InlineData("action == Action::\"edit\"")]
    [InlineData("action in [Action::\"all\", Action::\"read\"]")]
    [InlineData("resource.owner in principal")]
    [InlineData("principal.hasTag(\"k\")")]
    [InlineData("1 < 0")]
    public void Conditions_that_can_be_true_are_not(string condition) => Assert.Empty(Office.InCondition(condition));
}
