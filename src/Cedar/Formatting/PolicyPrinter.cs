using System.Diagnostics;
using System.Text;

namespace Assay.Cedar;

/// <summary>
/// Writes policies in Cedar syntax from what they mean, laid out as <see cref="PolicyFormatter"/> does. The text reads back as the
/// same policy. Comments are not part of a policy; to keep them, format the text instead.
/// </summary>
public static class PolicyPrinter
{
    /// <summary>The text of a policy. Of a linked policy, the text that says the same without a template.</summary>
    public static string Print(Policy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return Print(policy.Body, policy.Principal, policy.Resource);
    }

    /// <summary>The text of a template.</summary>
    public static string Print(Template template)
    {
        ArgumentNullException.ThrowIfNull(template);
        return Print(template.Body, template.Principal, template.Resource);
    }

    /// <summary>
    /// The text of a set: its policies, then its templates, an empty line between two. Cedar text has no words for links: a linked policy is
    /// written with its slots filled. Nor has it any for identifiers; who needs those writes <see cref="PolicyJson"/>.
    /// </summary>
    public static string Print(PolicySet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        return string.Concat(set.Policies.Select(Print).Concat(set.Templates.Select(Print)).Select((text, i) => $"{(i > 0 ? "\n" : "")}{text}\n"));
    }

    internal static string Print(PolicyBody body, ScopeConstraint principal, ScopeConstraint resource) =>
        PolicyFormatter.Lay(PrintFlat(body, principal, resource)).TrimEnd('\n');

    /// <summary>The text on one line.</summary>
    internal static string PrintFlat(PolicyBody body, ScopeConstraint principal, ScopeConstraint resource)
    {
        var output = new StringBuilder();
        foreach (var (name, value) in body.Annotations)
        {
            output.Append('@').Append(name);
            if (!body.Marks.Contains(name))
                output.Append('(').Append(Escapes.Quote(value)).Append(')');

            output.Append(' ');
        }

        output.Append(body.Effect == Effect.Permit ? "permit (" : "forbid (");
        PrintScope(output, "principal", principal);
        output.Append(", ");
        PrintScope(output, "action", body.Action);
        output.Append(", ");
        PrintScope(output, "resource", resource);
        output.Append(')');
        foreach (var condition in body.Conditions)
        {
            output.Append(condition.IsUnless ? " unless { " : " when { ");
            new ExpressionPrinter(output).Print(condition.Body);
            output.Append(" }");
        }

        return output.Append(';').ToString();
    }

    private static void PrintScope(StringBuilder output, string variable, ScopeConstraint constraint)
    {
        output.Append(variable);
        _ = constraint switch
        {
            ScopeConstraint.Any => output,
            ScopeConstraint.Equal equal => output.Append(" == ").Append(equal.Entity),
            ScopeConstraint.In { Entities: [var only] } => output.Append(" in ").Append(only),
            ScopeConstraint.In contained => output.Append(" in [").AppendJoin(", ", contained.Entities).Append(']'),
            ScopeConstraint.Is typed => output.Append(" is ").Append(typed.Type),
            ScopeConstraint.IsIn typed => output.Append(" is ").Append(typed.Type).Append(" in ").Append(typed.Entity),
            ScopeConstraint.EqualSlot => output.Append(" == ?").Append(variable),
            ScopeConstraint.InSlot => output.Append(" in ?").Append(variable),
            ScopeConstraint.IsInSlot typed => output.Append(" is ").Append(typed.Type).Append(" in ?").Append(variable),
            _ => throw new UnreachableException(),
        };
    }
}
