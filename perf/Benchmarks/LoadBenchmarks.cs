using Assay.Cedar;
using BenchmarkDotNet.Attributes;

namespace Assay.Benchmarks;

/// <summary>What it takes to load a set.</summary>
[MemoryDiagnoser, MedianColumn]
public class LoadBenchmarks
{
    private string text = "";
    private PolicySet set = PolicySet.Empty;

    [Params(100, 1_000, 10_000)]
    public int Policies { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        text = TokenPolicies.Indexed(Policies);
        set = PolicySet.Parse(text, "benchmark").Set!;
    }

    [Benchmark]
    public PolicySetParse Parse() => PolicySet.Parse(text, "benchmark");

    [Benchmark]
    public CompiledPolicySet Compile() => CompiledPolicySet.Compile(set);
}
