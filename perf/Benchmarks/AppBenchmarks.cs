using Assay.Benchmarks.Apps;
using Assay.Cedar;
using BenchmarkDotNet.Attributes;

namespace Assay.Benchmarks;

/// <summary>One decision of the paper's applications, over many random requests.</summary>
[MemoryDiagnoser, MedianColumn]
public class AppBenchmarks
{
    private const int Requests = 256;

    private readonly Evaluation evaluation = new();
    private CompiledPolicySet compiled = null!;
    private Entities entities = null!;
    private Request[] requests = null!;

    [Params("gdrive", "github", "tinytodo")]
    public string App { get; set; } = "";

    [Params(5, 20, 50)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var app = Apps.App.Named(App);
        compiled = CompiledPolicySet.Compile(PolicySet.Parse(app.Policies, app.Name).Set!);
        (entities, requests) = app.World(Size, seed: 1, Requests);
    }

    [Benchmark(OperationsPerInvoke = Requests)]
    public int Compiled()
    {
        var allowed = 0;
        foreach (var request in requests)
        {
            evaluation.Begin(compiled, request.Principal, request.Resource, request.Context, entities);
            allowed += (int)evaluation.Decide(request.Action);
        }

        return allowed;
    }

    [Benchmark(OperationsPerInvoke = Requests, Baseline = true)]
    public int Interpreter()
    {
        var allowed = 0;
        foreach (var request in requests)
            allowed += (int)Authorizer.Authorize(compiled.Source, request, entities).Decision;

        return allowed;
    }
}
