using Assay.Core.Policies;

namespace Assay.Core.Tests.Policies;

public sealed class PolicySetDifferenceTests
{
    private const string Read = """@id("read") permit (principal, action == Action::"read", resource) when { context.risk.score < 50 };""";

    [Fact]
    public void Layout_comments_files_and_order_say_nothing()
    {
        var before = Set(("a.cedar", Read), ("b.cedar", """@id("b") forbid (principal, action, resource) unless { true };"""));
        var after = Set(("a.cedar", "// moved\n@id(\"b\")\nforbid(principal,action,resource)unless{true};\n" + Read.Replace(" when", "\n// why\nwhen", StringComparison.Ordinal)));

        Assert.Empty(PolicySetDifference.Between(before, after));
    }

    [Fact]
    public void A_policy_that_only_one_set_has_is_added_or_removed()
    {
        var changes = PolicySetDifference.Between(Set(("a.cedar", Read)), Set(("a.cedar", Read.Replace("read", "list", StringComparison.Ordinal))));

        Assert.Equal([(PolicyChangeKind.Added, "list"), (PolicyChangeKind.Removed, "read")], changes.Select(change => (change.Kind, change.Policy.Id)));
    }

    [Fact]
    public void Obligations_that_changed_are_named_with_both_values()
    {
        var before = Set(("a.cedar", """@id("p") @max_ttl("5m") @bind("any") @reason("r") permit (principal, action, resource);"""));
        var after = Set(("a.cedar", """@id("p") @reason("r") @public @max_ttl("2m") permit (principal, action, resource);"""));

        var change = Assert.Single(PolicySetDifference.Between(before, after));

        Assert.Equal(
            [new AnnotationChange("max_ttl", "5m", "2m"), new AnnotationChange("bind", "any", null), new AnnotationChange("public", null, "")], change.Annotations);
        Assert.Empty(change.Lines);
    }

    [Fact]
    public void Of_a_head_or_condition_that_changed_only_its_lines_are_shown()
    {
        var changes = PolicySetDifference.Between(Set(("a.cedar", Read)), Set(("a.cedar", Read.Replace("50", "80", StringComparison.Ordinal).Replace("permit", "forbid", StringComparison.Ordinal))));

        var change = Assert.Single(changes);
        Assert.Equal(
            ["- permit (", "+ forbid (", "- when { context.risk.score < 50 }", "+ when { context.risk.score < 80 }"],
            change.Lines.Select(Text));
    }

    [Theory]
    [InlineData("a b c", "a b c", "")]
    [InlineData("a b c", "a c", "-b")]
    [InlineData("a c", "a b c", "+b")]
    [InlineData("a b c d", "a x c y", "-b +x -d +y")]
    [InlineData("", "a b", "+a +b")]
    [InlineData("a b", "", "-a -b")]
    [InlineData("a b a b", "b a b a", "-a +a")]
    public void Lines_are_compared_in_their_order(string before, string after, string changes)
    {
        Assert.Equal(changes, string.Join(' ', LineChange.Between(Words(before), Words(after)).Select(line => Text(line).Replace(" ", "", StringComparison.Ordinal))));
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Text(LineChange line) => $"{(line.IsAdded ? '+' : '-')} {line.Text}";

    private static LoadedPolicySet Set(params (string Path, string Text)[] files) =>
        LoadedPolicySet.LoadStored(new PolicyDocument([.. files.Select(file => new PolicyFile(file.Path, file.Text))], null)).Set!;
}
