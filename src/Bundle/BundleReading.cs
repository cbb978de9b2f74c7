using System.Collections.Immutable;
using Assay.Bundle.Testing;
using Assay.Core.Registry;

namespace Assay.Bundle;

/// <summary>What reading a bundle folder gave: declarations, or every fault at once.</summary>
/// <param name="Declarations">Checked; null when there are faults.</param>
/// <param name="Faults">Sorted by path, line and column; empty when there are declarations.</param>
/// <param name="Warnings">What is allowed and probably not meant, such as a policy that can never apply; sorted likewise.</param>
public sealed record BundleReading(BundleDeclarations? Declarations, ImmutableArray<BundleFault> Faults, ImmutableArray<BundleFault> Warnings)
{
    /// <summary>The cases of <c>tests/*.yaml</c>, in the order of files and text; empty when there are faults.</summary>
    public ImmutableArray<PolicyTest> Tests { get; init; } = [];
}
