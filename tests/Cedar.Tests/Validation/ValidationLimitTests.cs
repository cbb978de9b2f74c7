using System.Text;

namespace Assay.Cedar.Tests.Validation;

public sealed class ValidationLimitTests
{
    [Theory]
    [InlineData("if (", "context.n == 1", ") then true else false")]
    [InlineData("!(!(", "context.n == 1", "))")]
    [InlineData("(if context.n == 1 then ", "principal", " else principal) is User in Team::\"t\"")]
    [InlineData("[[", "true", "]].isEmpty()")]
    [InlineData("{a: ", "context.n", "}.a == 1")]
    [InlineData("((", "principal has boss.boss.boss", ") == true)")]
    public void The_deepest_policy_is_checked_on_a_small_stack(string open, string middle, string close)
    {
        var levels = 1;
        while (PolicySet.Parse(Policy(levels + 1), "deep").Set is not null)
            levels++;

        var policies = Cedar.Policies(Policy(levels));
        ValidationResult? result = null;
        var small = new Thread(() => result = Validator.Validate(policies, Office.Schema), maxStackSize: 512 * 1024);
        small.Start();
        small.Join();

        Assert.NotNull(result);
        Assert.True(levels >= CedarLimits.ExpressionDepth / 8);

        string Policy(int times) =>
            $"permit(principal is User, action == Action::\"read\", resource) when {{ {Repeat(open, times)}{middle}{Repeat(close, times)} }};";
    }

    [Theory]
    [InlineData("context.n == 1", " && ")]
    [InlineData("context.n == 1", " || ")]
    [InlineData("principal has age && principal.age == 1", " && ")]
    [InlineData("principal has age && principal.age == 1", " || ")]
    [InlineData("resource.owner == principal", " && ")]
    public void A_long_chain_is_checked(string operand, string operation) =>
        Assert.Empty(Office.InCondition(string.Join(operation, Enumerable.Repeat(operand, 20_000))));

    [Fact]
    public void Many_different_guards_are_kept_apart()
    {
        var chain = string.Join(" && ", Enumerable.Range(0, 10_000).Select(i => $"principal.hasTag(\"{i}\") && principal.getTag(\"{i}\") == \"v\""));

        Assert.Empty(Office.InCondition(chain));
    }

    [Fact]
    public void A_wide_set_and_a_wide_record_are_checked()
    {
        var numbers = string.Join(',', Enumerable.Range(0, 50_000));
        var fields = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"f{i}: {i}"));

        Assert.Empty(Office.InCondition($"[{numbers}].contains(context.n) && {{{fields}}}.f49999 == context.n"));
    }

    [Fact]
    public void Findings_of_one_policy_stop_at_a_hundred_and_warnings_never_hide_an_error()
    {
        var faults = string.Join(" && ", Enumerable.Range(0, 1000).Select(i => $"principal.x{i}"));
        var warnings = string.Join(" && ", Enumerable.Repeat("principal.name != \"\u202e\"", 1000));

        Assert.Equal(CedarLimits.PolicyFindings, Office.InCondition(faults).Length);
        Assert.Equal(CedarLimits.PolicyFindings + 1, Office.InCondition($"{warnings} && principal.x").Length);
        Assert.False(Validator.Validate(Cedar.Policies($"permit(principal, action, resource) when {{ {warnings} && principal.x }};"), Office.Schema).Passed);
    }

    [Fact]
    public void A_type_is_shown_only_as_far_as_a_message_can_bear()
    {
        var fields = string.Join(", ", Enumerable.Range(0, 1000).Select(i => $"field{i}: {{a: {i}}}"));

        Assert.InRange(Assert.Single(Office.InCondition($"{{{fields}}} < 1")).Length, 100, 500);
    }

    [Fact]
    public void Hundreds_of_policies_under_dozens_of_actions_are_checked_in_a_moment()
    {
        var schema = new StringBuilder("entity User in [Team] = { name: String, age?: Long }; entity Team; entity Doc = { owner: User, level?: Long };\n");
        for (var i = 0; i < 60; i++)
            schema.Append($"action a{i} appliesTo {{ principal: [User, Team], resource: Doc, context: {{ n: Long, at{i}?: Long }} }};\n");

        var policies = new StringBuilder();
        for (var i = 0; i < 500; i++)
            policies.Append($"permit(principal, action, resource) when {{ principal is User && principal has age && principal.age > {i} && resource has level && resource.level < context.n }};\n");

        var (set, parsed) = (Cedar.Policies(policies.ToString()), Schema.Parse(schema.ToString(), "many.cedarschema").Schema!);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var result = Validator.Validate(set, parsed);

        // Work is counted in what it allocates, about 100 MB, which does not depend on what else the machine does.
        Assert.Empty(result.Findings);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 300_000_000);
    }

    private static string Repeat(string piece, int times) => new StringBuilder(piece.Length * times).Insert(0, piece, times).ToString();
}
