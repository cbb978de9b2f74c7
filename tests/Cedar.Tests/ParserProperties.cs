using CsCheck;

namespace Assay.Cedar.Tests;

public sealed class ParserProperties
{
    private static readonly string[] Pieces =
    [
        "permit", "forbid", "(", ")", "principal", "action", "resource", "context", ",", ";", "when", "unless", "{", "}", "[", "]", "true", "false", "if", "then",
        "else", "in", "is", "has", "like", "==", "!=", "<", "&&", "||", "!", "-", "+", "*", "/", ".", "::", ":", "@", "id", "User::\"a\"", "\"x\"", "\"\\u{41}\"",
        "\"\\q\"", "\"", "1", "9223372036854775808", "?principal", "?x", "ip", "contains", "é", "😀", "\n", "// c\n", "principal, action, resource",
    ];

    [Fact]
    public void Any_soup_of_tokens_is_a_set_or_faults_inside_the_text()
    {
        Gen.OneOfConst(Pieces).Array[0, 60].Sample(pieces =>
        {
            var text = string.Join(' ', pieces);

            var parse = PolicySet.Parse(text, "soup");

            Assert.Equal(parse.Faults.IsEmpty, parse.Set is not null);
            Assert.All(parse.Faults, fault => Assert.InRange(fault.Position.Offset, 0, System.Text.Encoding.UTF8.GetByteCount(text)));
        });
    }

    [Fact]
    public void Any_string_is_a_set_or_faults()
    {
        Gen.String.Sample(text => Assert.Equal(PolicySet.Parse(text, "any").Faults.IsEmpty, PolicySet.Parse(text, "any").Set is not null));
    }

    [Fact]
    public void A_policy_parses_again_from_its_own_text()
    {
        var condition = Gen.Select(Generators.Value, Generators.Value, (a, b) => $"when {{ {a} == {b} }}");

        condition.Array[1, 4].Sample(conditions =>
        {
            var text = string.Concat(conditions.Select(c => $" permit(principal, action, resource) {c} ;\n"));

            var again = Cedar.Policies(string.Concat(Cedar.Policies(text).Policies.Select(policy => policy.Text)));

            Assert.Equal(Cedar.Policies(text).Policies.Select(policy => policy.Text), again.Policies.Select(policy => policy.Text));
        });
    }

    [Fact]
    public void Patterns_agree_with_the_definition()
    {
        var letters = Gen.OneOfConst('a', 'b', '*');

        Gen.Select(letters.Array[0, 7], Gen.OneOfConst('a', 'b').Array[0, 9]).Sample((pattern, text) =>
            Assert.Equal(
                Matches(pattern, text) ? "true" : "false",
                Cedar.Condition($"\"{new string(text)}\" like \"{new string(pattern)}\"")));
    }

    private static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        if (pattern.IsEmpty)
            return text.IsEmpty;

        if (pattern[0] != '*')
            return !text.IsEmpty && text[0] == pattern[0] && Matches(pattern[1..], text[1..]);

        for (var skip = 0; skip <= text.Length; skip++)
        {
            if (Matches(pattern[1..], text[skip..]))
                return true;
        }

        return false;
    }
}
