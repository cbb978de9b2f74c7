using CsCheck;

namespace Assay.Cedar.Tests.Formatting;

public sealed class PolicyPrinterTests
{
    [Fact]
    public void Any_policy_prints_as_a_text_that_is_the_same_policy()
    {
        PolicyGenerators.Policy.Sample(policy =>
        {
            var (body, principal, resource) = policy;
            var isTemplate = principal.HasSlot || resource.HasSlot;

            var set = Cedar.Policies(PolicyPrinter.Print(body, principal, resource));

            var expected = isTemplate ? PolicyJson.ToJson(new Template("x", body, principal, resource)) : PolicyJson.ToJson(new Policy("x", body, principal, resource));
            Assert.Equal(expected, isTemplate ? PolicyJson.ToJson(set.Templates.Single()) : PolicyJson.ToJson(set.Policies.Single()));
        });
    }

    [Theory]
    [InlineData("-9223372036854775808")]
    [InlineData("-(-9223372036854775808)")]
    [InlineData("(-9223372036854775808).a")]
    [InlineData("-(5)")]
    [InlineData("--(5)")]
    [InlineData("-5.a")]
    [InlineData("(-5).a")]
    [InlineData("----context.a")]
    [InlineData("----(-context.a)")]
    [InlineData("!(-context.a)")]
    [InlineData("!!true")]
    [InlineData("1 - -1")]
    [InlineData("1 - (1 - 1)")]
    [InlineData("(1 + 2) * 3 - 4 * 5 * -6")]
    [InlineData("(1 * 2) * 3")]
    [InlineData("(true && false) && true || (true || false)")]
    [InlineData("(true || false) && true")]
    [InlineData("(1 == 2) == (3 < 4)")]
    [InlineData("(if true then 1 else 2) + 3")]
    [InlineData("if if true then false else true then if true then 1 else 2 else if false then 3 else 4")]
    [InlineData("context has a.b.c && context has \"if\" && context[\"if\"].b[\"a b\"].c")]
    [InlineData("\"a*\" like \"\\*a**\\\\*\\0é\"")]
    [InlineData("principal is A::B in [resource] && !(principal in resource)")]
    [InlineData("{ \"a b\": 1, a: { b: [] } }.a.b.isEmpty()")]
    [InlineData("ip(\"1.2.3.4\").isInRange(ip(\"1.0.0.0/8\")) && decimal(1, 2).lessThan()")]
    [InlineData("A::\"\\\"\\\\\\n\".getTag(\"x\").contains([1, \"a\"])")]
    public void Parentheses_and_quotes_stand_where_reading_needs_them_and_nowhere_else(string expression)
    {
        var policy = Cedar.Policies($"permit(principal, action, resource) when {{ {expression} }};").Policies[0];

        Assert.Equal($"permit (principal, action, resource)\nwhen {{ {expression} }};", PolicyPrinter.Print(policy));
    }

    [Theory]
    [InlineData("((true))", "true")]
    [InlineData("000 == - 5", "0 == -5")]
    [InlineData("principal[\"a\"][\"if\"] has \"b\"", "principal.a[\"if\"] has b")]
    [InlineData("\"\\u{41}\\x42\\'\" like \"\\u{2a}\"", "\"AB'\" like \"*\"")]
    [InlineData("principal == A :: B :: \"c\"", "principal == A::B::\"c\"")]
    public void What_can_be_written_in_several_ways_is_printed_in_one(string written, string printed)
    {
        var policy = Cedar.Policies($"permit(principal, action, resource) when {{ {written} }};").Policies[0];

        Assert.Equal($"permit (principal, action, resource)\nwhen {{ {printed} }};", PolicyPrinter.Print(policy));
    }

    [Fact]
    public void A_set_prints_policies_links_with_their_values_and_templates()
    {
        var set = Cedar.Policies("@a @b(\"\") permit(principal is A in ?principal, action in [Action::\"x\", Action::\"y\"], resource == ?resource); forbid(principal, action, resource) unless { false };")
            .Link("template0", "link", new("A", "1"), new("B", "2"));

        Assert.Equal(
            """
            forbid (principal, action, resource)
            unless { false };

            @a
            @b("")
            permit (
                principal is A in A::"1",
                action in [Action::"x", Action::"y"],
                resource == B::"2"
            );

            @a
            @b("")
            permit (
                principal is A in ?principal,
                action in [Action::"x", Action::"y"],
                resource == ?resource
            );

            """,
            PolicyPrinter.Print(set));
        Assert.Equal("", PolicyPrinter.Print(PolicySet.Empty));
    }

    [Fact]
    public void The_deepest_expression_is_printed_and_read_again()
    {
        const int Levels = CedarLimits.ExpressionDepth - 1;
        var deepest = string.Concat(Enumerable.Repeat("[", Levels)) + "1" + string.Concat(Enumerable.Repeat("]", Levels));
        var policy = Cedar.Policies($"permit(principal, action, resource) when {{ {deepest} }};").Policies[0];

        var again = Cedar.Policies(PolicyPrinter.Print(policy)).Policies[0];

        Assert.Equal(PolicyJson.ToJson(policy), PolicyJson.ToJson(again));
        Assert.Equal(PolicyJson.ToJson(policy), PolicyJson.ToJson(PolicyJson.ReadPolicy(PolicyJson.ToJson(policy), "deep", "deep.json")));
    }
}
