using System.Collections.Immutable;

namespace Assay.Grains.Policies;

/// <summary>Decisions that a shadow set was there for, by how it would have answered. One decision may count under several of the differences.</summary>
/// <param name="Values">In the order of <see cref="Kinds"/>.</param>
public readonly record struct ShadowCounts(ImmutableArray<long> Values)
{
    /// <summary>The kinds by their name in metrics: those of <see cref="Core.Shadowing.ShadowDifferences"/> in the order of their bits, then two more.</summary>
    public static ImmutableArray<string> Kinds { get; } = 
    [
        "same", "gained", "lost", "stepUp", "shorter", "longer", "otherReason", "failed", "skipped", "asked",
    ];

    /// <summary>It rested.</summary>
    internal const int Skipped = 8;

    /// <summary>It was asked: once per decision.</summary>
    internal const int Asked = 9;
}
