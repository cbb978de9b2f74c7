namespace Assay.Cedar.Tests.Validation;

public sealed class ModeTests
{
    [Theory]
    [InlineData("[1, true].isEmpty()", "2:3: IncompatibleTypes", "2:3: IncompatibleTypes")]
    [InlineData("[principal, resource].contains(principal)", "2:3: IncompatibleTypes", "")]
    [InlineData("principal in [Team::\"t\", principal]", "2:16: IncompatibleTypes", "")]
    [InlineData("[].isEmpty()", "2:3: EmptySet", "")]
    [InlineData("principal.roles == []", "2:22: EmptySet", "")]
    [InlineData("principal.roles.contains(1)", "2:3: IncompatibleTypes", "")]
    [InlineData("principal.roles.containsAny([1])", "2:3: IncompatibleTypes", "")]
    [InlineData("principal.name != 1", "2:3: IncompatibleTypes", "")]
    [InlineData("principal == \"alice\"", "2:3: IncompatibleTypes", "")]
    [InlineData("principal == principal.home", "2:3: IncompatibleTypes", "")]
    [InlineData("ip(principal.name).isIpv4()", "2:3: ComputedConstructorArgument", "")]
    [InlineData("ip(if context.n == 1 then \"a\" else \"b\").isIpv4()", "2:3: ComputedConstructorArgument", "")]
    [InlineData("ip(\"nowhere\").isIpv4()", "2:3: BadConstructorArgument", "2:3: BadConstructorArgument")]
    [InlineData("(if context.n == 1 then 1 else true) == 1", "2:4: IncompatibleTypes", "2:4: IncompatibleTypes")]
    [InlineData("(if context.n == 1 then principal else resource).name == \"a\"", "2:4: IncompatibleTypes", "")]
    [InlineData("(if context.n == 1 then principal else resource).level == 1", "2:4: IncompatibleTypes", "2:52: UnknownAttribute")]
    [InlineData("(if context.n == 1 then principal else resource) is User", "2:4: IncompatibleTypes", "")]
    [InlineData("(if context.n == 1 then principal else resource) has level", "2:4: IncompatibleTypes", "")]
    [InlineData("(if context.n == 1 then principal else resource) in Team::\"t\"", "2:4: IncompatibleTypes", "")]
    [InlineData("(if context.n == 1 then {a: 1, b: 1} else {a: 2}).a == 1", "2:4: IncompatibleTypes", "")]
    [InlineData("(if context.n == 1 then {a: 1, b: 1} else {a: 2}).b == 1", "2:4: IncompatibleTypes", "2:53: UnknownAttribute")]
    [InlineData("(if context.n == 1 then {a: 1, b: 1} else {a: 2}) has b", "2:4: IncompatibleTypes", "")]
    [InlineData("(if context.n == 1 then principal.home else {zip: \"a\"}).zip == \"a\"", "2:4: IncompatibleTypes", "")]
    [InlineData("(if context.n == 1 then principal.home else {zip: \"a\", floor: 1}).floor == 1", "2:4: IncompatibleTypes", "2:69: UnguardedAttribute")]
    [InlineData("(if context.n == 1 then principal else resource).hasTag(\"k\") && (if context.n == 1 then principal else resource).getTag(\"k\") == 1", "2:4: IncompatibleTypes 2:68: IncompatibleTypes", "2:68: IncompatibleTypes")]
    [InlineData("(if context.n == 1 then principal else Team::\"t\").hasTag(\"k\") && (if context.n == 1 then principal else Team::\"t\").getTag(\"k\") == \"v\"", "2:4: IncompatibleTypes 2:69: IncompatibleTypes", "")]
    [InlineData("[{a: true}, {a: false}].contains({a: true})", "", "")]
    [InlineData("1 == \"a\" || context.n == 1", "", "")]
    [InlineData("principal == resource || context.n == 1", "", "")]
    public void Strict_mode_asks_for_one_type_where_permissive_mode_asks_for_safety(string condition, string strict, string permissive)
    {
        Assert.Equal(strict, Places(condition, ValidationMode.Strict));
        Assert.Equal(permissive, Places(condition, ValidationMode.Permissive));
    }

    private static string Places(string condition, ValidationMode mode) => string.Join(
        ' ', Office.InCondition(condition, mode).Select(finding => finding[..finding.IndexOf(": ", 6, StringComparison.Ordinal)]));
}
