using Assay.Bundle.Testing;
using Assay.Core.Policies;

namespace Assay.Bundle.Tests;

/// <summary>The bundle of samples/service-to-service is what its story says.</summary>
public sealed class ServiceToServiceTests
{
    [Fact]
    public void The_bundle_has_no_fault_and_passes_its_own_tests()
    {
        var reading = BundleReader.Read(Samples.Path(Path.Combine("service-to-service", "bundle")));
        Assert.Empty(reading.Faults);
        var run = new PolicyTestRun(reading.Declarations!, LoadedPolicySet.Load(reading.Declarations!.Policies!).Set!);

        var results = reading.Tests.Select(run.Run).ToArray();

        Assert.Equal(3, results.Length);
        Assert.All(results, result => Assert.True(result.Passed, $"{result.Test.Name}: {string.Join("; ", result.Mismatches)}"));
        Assert.Equal(["nightly-close"], reading.Declarations.Generate);
    }
}
