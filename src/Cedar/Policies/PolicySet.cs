using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Policies that are evaluated together. Immutable.</summary>
public sealed class PolicySet
{
    internal PolicySet(ImmutableArray<Policy> policies, ImmutableArray<Template> templates) =>
        (Policies, Templates) = (policies, templates);

    /// <summary>The set without policies, which denies everything.</summary>
    public static PolicySet Empty { get; } = new([], []);

    /// <summary>Static and linked policies, in order.</summary>
    public ImmutableArray<Policy> Policies { get; }

    /// <summary>Templates, in order. They are not evaluated; link them and add the policies with <see cref="Of"/>.</summary>
    public ImmutableArray<Template> Templates { get; }

    /// <summary>
    /// Reads a policy text. Every faulty policy is reported with its first syntax fault and all its other faults; the set is there
    /// only when there is none. Never throws on bad text, however large, deep or malformed.
    /// </summary>
    /// <param name="text">Policies in Cedar syntax, at most <see cref="CedarLimits.PolicyTextLength"/> long.</param>
    /// <param name="source">The name positions carry, usually a file path.</param>
    public static PolicySetParse Parse(string text, string source)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(source);
        return new PolicyParser(text, source).ParseSet();
    }

    /// <summary>Gathers policies, for example of several files or linked from templates.</summary>
    /// <exception cref="CedarDataException">Two policies have the same identifier.</exception>
    public static PolicySet Of(IEnumerable<Policy> policies)
    {
        ArgumentNullException.ThrowIfNull(policies);
        ImmutableArray<Policy> all = [.. policies];
        var ids = new HashSet<string>(all.Length, StringComparer.Ordinal);
        foreach (var policy in all)
        {
            if (!ids.Add(policy.Id))
                throw new CedarDataException($"two policies have the id {Escapes.Quote(policy.Id)}; the second is at {policy.Position}");
        }

        return new PolicySet(all, []);
    }
}

/// <summary>What reading a policy text gave: a set, or the faults.</summary>
/// <param name="Set">The policies; null when there is any fault.</param>
/// <param name="Faults">What is wrong, in the order of the text.</param>
public sealed record PolicySetParse(PolicySet? Set, ImmutableArray<PolicyFault> Faults);
