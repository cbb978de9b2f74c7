using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>
/// Lays a policy text out the one way: an annotation, a scope that asks for something and a condition each on a line of its own, four
/// blanks for each level, lines of at most 100 characters where the tokens allow it, one empty line between policies. Only blanks and
/// line ends change: every token and every comment stays, in its order.
/// </summary>
public static class PolicyFormatter
{
    /// <summary>
    /// Lays out a whole file. The result is checked before it is returned: it has the same tokens and comments, it reads as
    /// policies, and laying it out again changes nothing. Whatever cannot be formatted so is refused with a fault.
    /// </summary>
    /// <param name="text">Policies and templates in Cedar syntax, at most <see cref="CedarLimits.PolicyTextLength"/> long.</param>
    /// <param name="source">The name positions carry, usually a file path.</param>
    public static PolicyFormat Format(string text, string source)
    {
        var parsed = PolicySet.Parse(text, source);
        if (parsed.Set is null)
            return new PolicyFormat(null, parsed.Faults);

        var formatted = TryLay(text);
        return formatted is not null && HasSameContent(text, formatted) && PolicySet.Parse(formatted, source).Set is not null && TryLay(formatted) == formatted
            ? new PolicyFormat(formatted, [])
            : new PolicyFormat(null, [new PolicyFault(new SourcePosition(source, 0, 1, 1), "this text cannot be formatted without changing it; it is left as it is")]);
    }

    private static bool HasSameContent(string one, string other) =>
        FormatToken.Content(FormatToken.ReadAll(one)).SequenceEqual(FormatToken.Content(FormatToken.ReadAll(other)));

    private static string? TryLay(string text)
    {
        try
        {
            return Lay(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Lays out a text that is known to read as policies.</summary>
    /// <exception cref="FormatException">It does not, or it nests too deep for the stack of this thread.</exception>
    internal static string Lay(string text) => new PolicyLayouter(FormatToken.ReadAll(text)).Run();
}

/// <summary>What formatting a policy text gave: a text, or the faults.</summary>
/// <param name="Text">The text laid out, ending in a line feed unless empty; null when there is any fault.</param>
/// <param name="Faults">Why it was not formatted.</param>
public sealed record PolicyFormat(string? Text, ImmutableArray<PolicyFault> Faults);
