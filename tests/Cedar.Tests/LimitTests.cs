using System.Text;
using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Tests;

public sealed class LimitTests
{
    private const int Megabyte = 1024 * 1024;

    public static TheoryData<string, string> Floods => new()
    {
        { "(", "nests deeper than 200" },
        { "[", "nests deeper than 200" },
        { "{a:", "nests deeper than 200" },
        { "if ", "nests deeper than 200" },
        { "if true then ", "nests deeper than 200" },
        { "if true then true else ", "nests deeper than 200" },
        { "ip(", "nests deeper than 200" },
        { "principal.contains(", "nests deeper than 200" },
        { "!", "more than 4 unary operators in a row" },
        { "-", "more than 4 unary operators in a row" },
        { "!(", "nests deeper than 200" },
        { "-(", "nests deeper than 200" },
        { "\"", "cannot stand here" },
        { ";", "';' cannot stand here" },
        { "a::", "the text ends here" },
        { "1 == ", "relations do not chain" },
        { ")", "cannot stand here" },
        { "@", "cannot stand here" },
        { "\\", "has no meaning here" },
        { "\U0001F600", "has no meaning here" },
        { "permit(principal,action,resource);", "there is no function 'permit'" },
    };

    [Theory]
    [MemberData(nameof(Floods))]
    public void A_megabyte_of_anything_is_a_fault_and_not_a_crash(string piece, string expected)
    {
        var flood = Repeat(piece, Megabyte / piece.Length);

        var faults = Cedar.Faults($"permit(principal, action, resource) when {{ {flood}");

        Assert.Contains(expected, faults[0]);
    }

    [Theory]
    [InlineData(".a", "nests deeper than 200")]
    [InlineData("[\"a\"]", "nests deeper than 200")]
    [InlineData(".toDate()", "nests deeper than 200")]
    [InlineData(".contains(1)", "nests deeper than 200")]
    public void A_megabyte_of_members_is_a_fault_and_not_a_crash(string piece, string expected)
    {
        var flood = Repeat(piece, Megabyte / piece.Length);

        var faults = Cedar.Faults($"permit(principal, action, resource) when {{ context{flood} }};");

        Assert.Contains(expected, faults[0]);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("!(", ")")]
    [InlineData("if true then ", " else false")]
    [InlineData("false || (", ")")]
    public void Nesting_up_to_the_limit_is_evaluated(string open, string close)
    {
        const int Levels = (CedarLimits.ExpressionDepth / 2) - 2; // some of these are two levels each

        Assert.Equal("true", Cedar.Condition(Repeat(open, Levels) + "true" + Repeat(close, Levels)));
    }

    [Fact]
    public void Nesting_one_beyond_the_limit_is_refused_at_the_place()
    {
        var deepest = Repeat("(", CedarLimits.ExpressionDepth - 1) + "true" + Repeat(")", CedarLimits.ExpressionDepth - 1);

        Assert.Equal("true", Cedar.Condition(deepest));
        Assert.Equal(
            ["test.cedar:1:244: the expression nests deeper than 200"],
            Cedar.Faults($"permit(principal, action, resource) when {{ ({deepest}) }};"));
    }

    [Theory]
    [InlineData("true", " && ", "true")]
    [InlineData("false", " || ", "false")]
    [InlineData("0", " + ", "TypeError")]
    [InlineData("1", " * ", "TypeError")]
    public void A_chain_may_be_long_because_it_is_not_deep(string operand, string operation, string outcome)
    {
        var chain = string.Join(operation, Enumerable.Repeat(operand, 100_000));

        Assert.Equal(outcome, Cedar.Condition(chain));
    }

    [Fact]
    public void Sets_and_records_may_be_wide()
    {
        var numbers = string.Join(',', Enumerable.Range(0, 50_000));
        var fields = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"f{i}: {i}"));

        Assert.Equal("true", Cedar.Condition($"[{numbers}].contains(49999) && {{{fields}}}.f49999 == 49999"));
    }

    [Fact]
    public void A_text_beyond_the_limit_is_refused_whole()
    {
        var text = "permit(principal, action, resource);".PadRight(CedarLimits.PolicyTextLength + 1);

        Assert.Equal(["test.cedar:1:1: the text is longer than 4194304 characters"], Cedar.Faults(text));
    }

    [Fact]
    public void Faults_stop_at_a_hundred()
    {
        Assert.Equal(CedarLimits.PolicyFaults, Cedar.Faults(Repeat("permit();\n", 1000)).Length);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused_where_it_stands()
    {
        Assert.Equal(
            ["test.cedar:2:2: the text is not valid Unicode here (half of a surrogate pair)"],
            Cedar.Faults("// \U0001F600\n \ud800"));
    }

    [Fact]
    public void Deep_and_wide_values_are_compared_and_shown_without_a_crash()
    {
        var nested = Repeat("[", 150) + Repeat("]", 150);

        Assert.Equal("true", Cedar.Condition($"{nested} == {nested} && [{nested}].contains({nested})"));
    }

    [Theory]
    [InlineData("if (", ") then true else false")]
    [InlineData("!(!(", "))")]
    [InlineData("[[", "]].contains([1]) || true")]
    public void The_deepest_policy_is_evaluated_on_a_small_stack(string open, string close)
    {
        var levels = 1;
        while (PolicySet.Parse(Policy(levels + 1), "deep").Set is not null)
            levels++;

        var policies = Cedar.Policies(Policy(levels));
        AuthorizationResult? result = null;
        var small = new Thread(() => result = Compiled.Decide(policies, Cedar.Ask(), Entities.Empty), maxStackSize: 256 * 1024);
        small.Start();
        small.Join();

        Assert.True(levels >= CedarLimits.ExpressionDepth / 5); // one repetition is up to four levels
        Assert.Equal((Decision.Allow, 0), (result!.Decision, result.Errors.Length));

        string Policy(int times) => $"permit(principal, action, resource) when {{ {Repeat(open, times)}true{Repeat(close, times)} }};";
    }

    private static string Repeat(string piece, int times) => new StringBuilder(piece.Length * times).Insert(0, piece, times).ToString();
}
