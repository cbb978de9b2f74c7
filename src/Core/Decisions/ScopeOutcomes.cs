using System.Collections.Immutable;

namespace Assay.Core.Decisions;

/// <summary>The word for each <see cref="ScopeOutcome"/>, as evidence, policy tests and people write it.</summary>
public static class ScopeOutcomes
{
    public static ImmutableArray<string> Words { get; } = [.. Enum.GetValues<ScopeOutcome>().Select(WordOf)];

    public static string WordOf(ScopeOutcome outcome) => DecisionJson.Outcomes.Of(outcome);

    /// <summary>Null when no outcome is called that.</summary>
    public static ScopeOutcome? Find(string word) => DecisionJson.Outcomes.TryFind(word, out var outcome) ? outcome : null;
}
