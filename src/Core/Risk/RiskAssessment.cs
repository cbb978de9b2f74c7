using System.Collections.Immutable;

namespace Assay.Core.Risk;

/// <summary>The risk of an identity at one moment.</summary>
/// <param name="Score">0 (none known) to 100.</param>
/// <param name="Level"><c>low</c> below 25, <c>medium</c> below 50, <c>high</c> below 80, else <c>critical</c>.</param>
/// <param name="Signals">Names of the signals that still weigh, sorted, distinct.</param>
public sealed record RiskAssessment(int Score, string Level, ImmutableArray<string> Signals)
{
    public static RiskAssessment None { get; } = new(0, "low", []);

    /// <summary>By content.</summary>
    public bool Equals(RiskAssessment? other) =>
        other is not null && Score == other.Score && Level == other.Level && Signals.AsSpan().SequenceEqual(other.Signals.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Score, Level, Signals.Length);
}
