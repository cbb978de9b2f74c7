using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Policies;

public enum PolicyChangeKind
{
    Added,
    Removed,
    Changed,
}

/// <summary>What two policy sets say differently, policy by policy under their names. Layout, comments and the order of policies say nothing.</summary>
public static class PolicySetDifference
{
    /// <summary>The policies that differ: those of the second set in its order, then those that only the first has.</summary>
    public static ImmutableArray<PolicyChange> Between(LoadedPolicySet before, LoadedPolicySet after)
    {
        var old = before.Policies.Policies.ToDictionary(policy => policy.Id, StringComparer.Ordinal);
        var changes = ImmutableArray.CreateBuilder<PolicyChange>();
        foreach (var policy in after.Policies.Policies)
        {
            if (!old.Remove(policy.Id, out var was))
                changes.Add(new PolicyChange(PolicyChangeKind.Added, policy, [], []));
            else if (Compare(was, policy) is { } change)
                changes.Add(change);
        }

        foreach (var policy in before.Policies.Policies)
        {
            if (old.ContainsKey(policy.Id))
                changes.Add(new PolicyChange(PolicyChangeKind.Removed, policy, [], []));
        }

        return changes.DrainToImmutable();
    }

    private static PolicyChange? Compare(Policy before, Policy after)
    {
        ImmutableArray<AnnotationChange> annotations =
        [
            .. before.Annotations.Keys.Union(after.Annotations.Keys, StringComparer.Ordinal)
                .Select(name => new AnnotationChange(name, before.Annotations.GetValueOrDefault(name), after.Annotations.GetValueOrDefault(name)))
                .Where(change => change.Before != change.After && change.Name != "id"), // it is the name they share; of a template, that of the template
        ];
        var lines = LineChange.Between(Body(before), Body(after));
        return annotations.IsEmpty && lines.IsEmpty ? null : new PolicyChange(PolicyChangeKind.Changed, after, annotations, lines);
    }

    // Printed from what it means, so that both sides are laid out alike; an annotation stands on a line of its own. Without the semicolon, which would
    // make another line of the last one when a condition comes after it.
    private static string[] Body(Policy policy) => [.. PolicyPrinter.Print(policy).TrimEnd(';').Split('\n').SkipWhile(line => line.StartsWith('@'))];
}

/// <param name="Policy">As it is after the change; a removed one as it was.</param>
/// <param name="Annotations">Of a changed policy: annotations with another value.</param>
/// <param name="Lines">Of a changed policy: lines of its head and conditions that differ.</param>
public sealed record PolicyChange(PolicyChangeKind Kind, Policy Policy, ImmutableArray<AnnotationChange> Annotations, ImmutableArray<LineChange> Lines);

/// <param name="Before">Null: it had none of this name.</param>
/// <param name="After">Null: it has none of this name any more.</param>
public readonly record struct AnnotationChange(string Name, string? Before, string? After);

/// <summary>One line that only one of two texts has.</summary>
public readonly record struct LineChange(bool IsAdded, string Text)
{
    // Lines of one policy: more are compared as a whole.
    private const int MostLines = 1_000;

    /// <summary>The fewest lines to take out and to put in, in the order of the texts, what is taken out first.</summary>
    public static ImmutableArray<LineChange> Between(ReadOnlySpan<string> before, ReadOnlySpan<string> after)
    {
        var changes = ImmutableArray.CreateBuilder<LineChange>();
        if (before.Length > MostLines || after.Length > MostLines)
        {
            if (!before.SequenceEqual(after))
            {
                foreach (var line in before)
                    changes.Add(new LineChange(false, line));
                foreach (var line in after)
                    changes.Add(new LineChange(true, line));
            }

            return changes.DrainToImmutable();
        }

        // common[i, j]: how many lines the rests from i and from j have in common, in order.
        var common = new int[before.Length + 1, after.Length + 1];
        for (var i = before.Length - 1; i >= 0; i--)
        {
            for (var j = after.Length - 1; j >= 0; j--)
                common[i, j] = before[i] == after[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        }

        for (int i = 0, j = 0; i < before.Length || j < after.Length;)
        {
            if (i < before.Length && j < after.Length && before[i] == after[j])
                (i, j) = (i + 1, j + 1);
            else if (j == after.Length || (i < before.Length && common[i + 1, j] >= common[i, j + 1]))
                changes.Add(new LineChange(false, before[i++]));
            else
                changes.Add(new LineChange(true, after[j++]));
        }

        return changes.DrainToImmutable();
    }
}
