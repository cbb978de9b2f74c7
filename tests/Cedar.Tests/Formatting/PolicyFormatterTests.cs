using CsCheck;

namespace Assay.Cedar.Tests.Formatting;

public sealed class PolicyFormatterTests
{
    [Fact]
    public void A_file_is_laid_out_with_its_comments_where_they_were()
    {
        const string Text = """
            // The payments policies.


            // Readers.
            @id("read") // the name
            @public permit(principal in Role::"reader",   // who
              action == Action::"read", resource) when{context.score<50&&(true)};   // low
            // Nobody else.
            forbid( principal,action , resource )
              when { // when
                // first

                // second
                context.a.b == 1
                // last
              } unless { false }
            ;
            // The end.
            """;

        const string Formatted = """
            // The payments policies.

            // Readers.
            @id("read") // the name
            @public
            permit (
                principal in Role::"reader", // who
                action == Action::"read",
                resource
            )
            when { context.score < 50 && (true) }; // low

            // Nobody else.
            forbid (principal, action, resource)
            when { // when
                // first

                // second
                context.a.b == 1
                // last
            }
            unless { false };
            // The end.

            """;

        Assert.Equal(Formatted, Format(Text));
    }

    [Fact]
    public void A_line_that_is_too_long_is_split_from_the_outside_in()
    {
        const string Text = """
            permit(principal,action in [Action::"an-action-with-a-long-name",Action::"another-action-with-a-long-name",Action::"read"],resource) when {
            context.first.attribute.with.a.name.of.some.length == 1 && context.second.attribute.with.a.name.of.some.length == 2 ||
            [1, 2].containsAny([context.first.attribute.with.a.name.of.some.length,context.second.attribute.with.a.name.of.some.length])
            || datetime("2024-01-01").offset(duration("1000000d")).offset(duration("2000000d")).offset(duration("3000000d")).toDate() == context.now
            } unless { if context.first.attribute.with.a.name.of.some.length == 1 then context.second.attribute.with.a.name else if context.a then context.b else false };
            """;

        const string Formatted = """
            permit (
                principal,
                action in [
                    Action::"an-action-with-a-long-name",
                    Action::"another-action-with-a-long-name",
                    Action::"read"
                ],
                resource
            )
            when {
                context.first.attribute.with.a.name.of.some.length == 1 &&
                    context.second.attribute.with.a.name.of.some.length == 2 ||
                [1, 2].containsAny([
                    context.first.attribute.with.a.name.of.some.length,
                    context.second.attribute.with.a.name.of.some.length
                ]) ||
                datetime("2024-01-01").offset(duration("1000000d"))
                    .offset(duration("2000000d"))
                    .offset(duration("3000000d"))
                    .toDate() ==
                    context.now
            }
            unless {
                if context.first.attribute.with.a.name.of.some.length == 1
                then context.second.attribute.with.a.name
                else if context.a then context.b else false
            };

            """;

        Assert.Equal(Formatted, Format(Text));
    }

    [Fact]
    public void Formatting_keeps_what_is_said_and_formatting_again_changes_nothing()
    {
        var comment = Gen.OneOfConst("", "", "", "", " ", "\n", "\n\n", " // c\n", "\n// own\n", "\r\n\n// a\r\n// b\n\n", "\t//// é😀 \"\n");
        Gen.Select(PolicyGenerators.Policy.Array[0, 3], comment.Array[1, 60]).Sample((policies, comments) =>
        {
            var flat = string.Concat(policies.Select(policy => PolicyPrinter.PrintFlat(policy.Body, policy.Principal, policy.Resource)));
            var tokens = FormatToken.ReadAll(flat);
            var text = string.Concat(tokens.Select((token, i) => comments[i % comments.Length] + token.Text + " "));

            var formatted = Format(text);

            Assert.Equal(FormatToken.Content(FormatToken.ReadAll(text)), FormatToken.Content(FormatToken.ReadAll(formatted)));
            Assert.Equal(PolicyJson.ToJson(Cedar.Policies(text)), PolicyJson.ToJson(Cedar.Policies(formatted)));
            Assert.Equal(formatted, Format(formatted));
        });
    }

    [Fact]
    public void Lines_are_at_most_a_hundred_characters_unless_a_token_is_longer()
    {
        const int Width = 100;
        const int Longest = 60;
        var names = Gen.Int[1, 30].Select(length => new string('n', length));
        Gen.Select(names, names, names, Gen.OneOfConst("==", "&&", "||", "+", "*", "in", "like \"p\" &&")).Array[1, 12].Sample(parts =>
        {
            var text = $"permit(principal, action, resource) when {{ {string.Join(" && ", parts.Select(part => $"((context.{part.Item1}) {part.Item4} (context.{part.Item2}.contains(context.{part.Item3})))"))} }};";

            var lines = Format(text).Split('\n');

            Assert.All(lines, line => Assert.True(line.Length <= Width || line.Trim().Length <= Longest, line));
        });
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" \r\n ", "")]
    [InlineData("// only a comment", "// only a comment\n")]
    [InlineData("// a\r\n\r\n\r\n// b  \r\n", "// a\n\n// b\n")]
    [InlineData("permit(principal,action,resource,);", "permit (principal, action, resource,);\n")]
    [InlineData("permit(principal,action in(((Action::\"a\"))),resource);", "permit (\n    principal,\n    action in (((Action::\"a\"))),\n    resource\n);\n")]
    [InlineData("permit(principal,action in[],resource);", "permit (\n    principal,\n    action in [],\n    resource\n);\n")]
    [InlineData("permit(principal,action,resource)when{ \"a\nb\"==000 };", "permit (principal, action, resource)\nwhen { \"a\nb\" == 000 };\n")]
    [InlineData("permit(principal,action,resource)when{{}=={a:1,}};", "permit (principal, action, resource)\nwhen { {} == { a: 1, } };\n")]
    public void Small_things_are_laid_out_too(string text, string formatted)
    {
        Assert.Equal(formatted, Format(text));
    }

    [Fact]
    public void A_text_with_faults_is_not_formatted()
    {
        const string Text = "permit(principal, action, resource);\npermit(principal);";

        var format = PolicyFormatter.Format(Text, "test.cedar");

        Assert.Null(format.Text);
        Assert.Equal(PolicySet.Parse(Text, "test.cedar").Faults, format.Faults);
    }

    [Fact]
    public void A_wide_file_is_formatted_in_time()
    {
        var chain = string.Join(" || ", Enumerable.Repeat("context.a.b == 1", 50_000));

        Assert.Equal(50_000, Format($"permit(principal, action, resource) when {{ {chain} }};").Split("== 1").Length - 1);
    }

    [Fact]
    public void The_deepest_policy_is_formatted_or_refused_on_a_small_stack()
    {
        const int Levels = CedarLimits.ExpressionDepth - 1;
        var deepest = string.Concat(Enumerable.Repeat("(", Levels)) + "true" + string.Concat(Enumerable.Repeat(")", Levels));
        PolicyFormat? format = null;
        var small = new Thread(() => format = PolicyFormatter.Format($"permit(principal, action, resource) when {{ {deepest} }};", "deep.cedar"), maxStackSize: 256 * 1024);
        small.Start();
        small.Join();

        Assert.True(format!.Text is null != format.Faults.IsEmpty);
    }

    private static string Format(string text)
    {
        var format = PolicyFormatter.Format(text, "test.cedar");
        return format.Text ?? throw new InvalidOperationException(string.Join('\n', format.Faults));
    }
}
