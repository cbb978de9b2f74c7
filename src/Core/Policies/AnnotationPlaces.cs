using Assay.Cedar;

namespace Assay.Core.Policies;

/// <summary>Finds where an annotation of a parsed policy stands, so that a fault points at it and not at the policy around it.</summary>
internal static class AnnotationPlaces
{
    /// <summary>The place of the <c>@</c>; the policy's own when it has no such annotation.</summary>
    public static SourcePosition Find(Annotated policy, string name)
    {
        var text = policy.Text.AsSpan();
        for (var at = 0; Next(text, ref at);)
        {
            var start = at++;
            SkipBlank(text, ref at);
            var word = at;
            while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
                at++;

            if (text[word..at].SequenceEqual(name))
                return Moved(policy.Position, text[..start]);
        }

        return policy.Position;
    }

    /// <summary>Moves to the next <c>@</c> of the head; false when the annotations are over.</summary>
    private static bool Next(ReadOnlySpan<char> text, ref int at)
    {
        while (true)
        {
            SkipBlank(text, ref at);
            if (at >= text.Length)
                return false;

            switch (text[at])
            {
                case '@':
                    return true;
                case '(' or ')':
                    at++;
                    break;
                case '"':
                    SkipString(text, ref at);
                    break;
                default:
                    return false; // permit or forbid
            }
        }
    }

    private static void SkipBlank(ReadOnlySpan<char> text, ref int at)
    {
        while (at < text.Length)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
            }
            else if (text[at..].StartsWith("//"))
            {
                var end = text[at..].IndexOf('\n');
                at = end < 0 ? text.Length : at + end;
            }
            else
            {
                return;
            }
        }
    }

    private static void SkipString(ReadOnlySpan<char> text, ref int at)
    {
        for (at++; at < text.Length && text[at] != '"'; at++)
        {
            if (text[at] == '\\')
                at++;
        }

        at++;
    }

    private static SourcePosition Moved(SourcePosition from, ReadOnlySpan<char> over)
    {
        var (offset, line, column) = (from.Offset, from.Line, from.Column);
        foreach (var rune in over.EnumerateRunes())
        {
            offset += rune.Utf8SequenceLength;
            (line, column) = rune.Value == '\n' ? (line + 1, 1) : (line, column + 1);
        }

        return new SourcePosition(from.Source, offset, line, column);
    }
}

/// <summary>A policy or a template, as far as annotations are about it.</summary>
internal readonly record struct Annotated(Effect Effect, IReadOnlyDictionary<string, string> Annotations, SourcePosition Position, string Text)
{
    public static Annotated Of(Policy policy) => new(policy.Effect, policy.Annotations, policy.Position, policy.Text);

    public static Annotated Of(Template template) => new(template.Effect, template.Annotations, template.Position, template.Text);
}
