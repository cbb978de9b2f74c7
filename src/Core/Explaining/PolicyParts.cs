using System.Collections.Immutable;

namespace Assay.Core.Explaining;

/// <summary>A <c>when</c> or <c>unless</c> clause of a policy in its own words.</summary>
/// <param name="Conjuncts">The parts between <c>&amp;&amp;</c> on the outermost level; the whole when there are none.</param>
internal sealed record ConditionText(bool IsUnless, ImmutableArray<string> Conjuncts)
{
    public string Whole => string.Join(" && ", Conjuncts);
}

/// <summary>Takes a policy's text apart far enough to say which part of it was not met. The text has been parsed before: it is well-formed.</summary>
internal static class PolicyParts
{
    public static ImmutableArray<ConditionText> Conditions(string text)
    {
        var words = Words(text);
        var at = words.FindIndex(word => (word.Is("permit") || word.Is("forbid")) && word.Depth == 0);
        var conditions = ImmutableArray.CreateBuilder<ConditionText>();
        for (var i = Math.Max(at, 0); i < words.Count; i++)
        {
            if (words[i].Depth > 0 || !(words[i].Is("when") || words[i].Is("unless")))
                continue;

            var close = words.FindIndex(i + 2, word => word.Is("}") && word.Depth == 0);
            conditions.Add(new ConditionText(words[i].Is("unless"), Conjuncts(text, words, i + 2, close)));
            i = close;
        }

        return conditions.DrainToImmutable();
    }

    /// <summary>Attribute paths in a condition, such as <c>context.risk.score</c>; without the method called on one.</summary>
    public static ImmutableArray<string> Paths(string condition)
    {
        var words = Words(condition);
        var paths = ImmutableArray.CreateBuilder<string>();
        for (var i = 0; i < words.Count; i++)
        {
            if (!(words[i].Is("context") || words[i].Is("principal") || words[i].Is("resource")) || (i > 0 && words[i - 1].Is(".")))
                continue;

            var path = words[i].Text;
            for (; i + 2 < words.Count && words[i + 1].Is(".") && words[i + 2].IsName; i += 2)
            {
                if (i + 3 < words.Count && words[i + 3].Is("("))
                    break;
                path += "." + words[i + 2].Text;
            }

            if (path.Contains('.') && !paths.Contains(path))
                paths.Add(path);
        }

        return paths.DrainToImmutable();
    }

    private static ImmutableArray<string> Conjuncts(string text, List<Word> words, int first, int close)
    {
        var outer = words[first - 1].Depth + 1;
        var inner = words[first..close].Where(word => word.Depth == outer).ToList();
        var start = words[first - 1].End;
        if (inner.Any(word => word.Is("||") || word.Is("if")))
            return [text[start..words[close].Start].Trim()];

        var parts = ImmutableArray.CreateBuilder<string>();
        foreach (var and in inner.Where(word => word.Is("&&")))
        {
            parts.Add(text[start..and.Start].Trim());
            start = and.End;
        }

        parts.Add(text[start..words[close].Start].Trim());
        return parts.DrainToImmutable();
    }

    // Names, strings, and marks; comments and spaces are left out. A closing bracket has the depth of its opening one.
    private static List<Word> Words(string text)
    {
        var words = new List<Word>();
        var depth = 0;
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            var character = text[i];
            if (char.IsWhiteSpace(character))
            {
                i++;
                continue;
            }

            if (text.AsSpan(i).StartsWith("//"))
            {
                var end = text.IndexOf('\n', i);
                i = end < 0 ? text.Length : end + 1;
                continue;
            }

            if (character == '"')
            {
                for (i++; i < text.Length && text[i] != '"'; i++)
                {
                    if (text[i] == '\\')
                        i++;
                }

                i = Math.Min(i + 1, text.Length);
            }
            else if (char.IsAsciiLetterOrDigit(character) || character == '_')
            {
                while (i < text.Length && (char.IsAsciiLetterOrDigit(text[i]) || text[i] == '_'))
                    i++;
            }
            else
            {
                i += text.AsSpan(i).StartsWith("&&") || text.AsSpan(i).StartsWith("||") || text.AsSpan(i).StartsWith("::") ? 2 : 1;
            }

            if (character is ')' or ']' or '}')
                depth--;
            words.Add(new Word(text[start..i], start, i, depth));
            if (character is '(' or '[' or '{')
                depth++;
        }

        return words;
    }

    private readonly record struct Word(string Text, int Start, int End, int Depth)
    {
        public bool IsName => char.IsAsciiLetter(Text[0]) || Text[0] == '_';

        public bool Is(string text) => string.Equals(Text, text, StringComparison.Ordinal);
    }
}
