using Assay.Cedar;
using BenchmarkDotNet.Attributes;

namespace Assay.Benchmarks;

/// <summary>One scope of a token request against sets of several sizes: told apart by their heads, and not.</summary>
[MemoryDiagnoser, MedianColumn]
public class ScopeBenchmarks
{
    private static readonly EntityUid[] Scopes = [new("Action", TokenPolicies.Scope), new("Action", "service-3.write"), new("Action", "service-3.export"), new("Action", "service-3.admin")];

    private readonly Evaluation evaluation = new();
    private CompiledPolicySet compiled = null!;
    private Request request = null!;

    [Params(100, 1_000, 10_000)]
    public int Policies { get; set; }

    [Params(true, false)]
    public bool Indexed { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        compiled = CompiledPolicySet.Compile(PolicySet.Parse(Indexed ? TokenPolicies.Indexed(Policies) : TokenPolicies.Unindexed(Policies), "benchmark").Set!);
        request = new Request(TokenPolicies.Workload, Scopes[0], TokenPolicies.Resource, TokenPolicies.Context);
    }

    [Benchmark]
    public Decision Compiled()
    {
        evaluation.Begin(compiled, request.Principal, request.Resource, request.Context, TokenPolicies.Entities);
        return evaluation.Decide(request.Action);
    }

    [Benchmark]
    public int CompiledFourScopes()
    {
        evaluation.Begin(compiled, request.Principal, request.Resource, request.Context, TokenPolicies.Entities);
        var allowed = 0;
        foreach (var scope in Scopes)
            allowed += (int)evaluation.Decide(scope);

        return allowed;
    }

    [Benchmark(Baseline = true)]
    public Decision Interpreter() => Authorizer.Authorize(compiled.Source, request, TokenPolicies.Entities).Decision;
}
