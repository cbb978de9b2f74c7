using System.Text.RegularExpressions;
using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Oracle.Generation;

/// <summary>Changes a policy or schema text in a few tokens, so that it is perhaps none any more.</summary>
internal sealed partial class TextMutator(Choices choices)
{
    private static readonly string[] Pieces =
    [
        "permit", "forbid", "principal", "action", "resource", "context", "when", "unless", "if", "then", "else", "in", "is", "has", "like", "true", "false", "==", "!=", "<", "<=", ">",
        ">=", "&&", "||", "!", "!!", "-", "- -", "+", "*", "/", "%", ".", "::", ":", ";", ",", "@", "(", ")", "()", "{", "}", "[", "]", "?principal", "?resource", "?other", "?", "_", "__cedar",
        "1", "01", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "- 9223372036854775808", "--1", "\"\"", "\"a\"", "\"\\u{41}\"", "\"\\x41\"", "\"\\q\"", "\"\\*\"", "\"\\u{110000}\"",
        "\"\\u{d800}\"", "\"\\0\"", "\"\\'\"", "\"\\u{0000041}\"", "\"\\u{000041}\"", "\"\n\"", "\"", "'a'", "é", "// comment\n", "//", "/* c */", "\u00a0", "\ufeff", "\u2028", "\0", "\t", "\r", "\r\n", "\u000b", "\u000c",
        "User::\"a\"", "User", "A::B", "A::B::\"x\"", "Action::\"a\"", ".contains(1)", ".contains()", ".isEmpty()", ".getTag(\"a\")", ".foo()", "ip(\"1.1.1.1\")", "ip()", "foo(1)", ".isIpv4()", "isIpv4(1)",
        "[\"a\"]", "[a]", ".if", ".a", ".permit", "has a.b", "has \"a\"", "has \"a\".b", "like \"*\"", "is A in B::\"c\"", "@a(\"b\")", "@a", "@if", "@a(b)", "()", "a: 1", "{a: 1}", "{\"a\": 1, a: 2}", "{if: 1}",
        "entity", "type", "namespace", "appliesTo", "tags", "enum", "Set", "Set<Long>", "Long", "Bool", "Boolean", "String", "ipaddr", "attributes", "?:", "=", "action", "context: {}", "principal: [A]", "resource: A", "__cedar::Long", "{}",
    ];

    public string Mutate(string text)
    {
        var tokens = Tokens().Matches(text).Select(match => match.Value).ToList();
        for (var i = choices.Of(1, 1, 1, 2); i > 0; i--)
            Mutate(tokens);

        return string.Concat(tokens);
    }

    private void Mutate(List<string> tokens)
    {
        var piece = choices.Of(Pieces.AsSpan());
        var at = tokens.Count == 0 ? 0 : (choices.Below(256) * 256 + choices.Below(256)) % tokens.Count;
        if (tokens.Count == 0)
        {
            tokens.Add(piece);
            return;
        }

        switch (choices.Below(6))
        {
            case 0:
                tokens.RemoveAt(at);
                break;
            case 1:
                tokens.Insert(at, tokens[at]);
                break;
            case 2:
                tokens[at] = choices.OnceIn(2) ? piece : $" {piece} ";
                break;
            case 3:
                tokens.Insert(at, $" {piece} ");
                break;
            case 4:
                var other = (at + 1 + choices.Below(20)) % tokens.Count;
                (tokens[at], tokens[other]) = (tokens[other], tokens[at]);
                break;
            default:
                tokens.Insert(at, tokens[(at + choices.Below(256)) % tokens.Count]);
                break;
        }
    }

    [GeneratedRegex("""\s+|[A-Za-z_0-9]+|"(\\.|[^"\\])*"|::|==|!=|<=|>=|&&|\|\||.""", RegexOptions.Singleline)]
    public static partial Regex Tokens();
}
