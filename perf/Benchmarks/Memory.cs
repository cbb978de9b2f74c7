using System.Diagnostics;
using System.Runtime.CompilerServices;
using Assay.Cedar;

namespace Assay.Benchmarks;

/// <summary>What loaded sets hold, and that dropped ones hold nothing.</summary>
internal static class Memory
{
    private const int Sets = 1_000;

    public static void Print()
    {
        foreach (var policies in (int[])[10, 100, 1_000, 10_000])
            PrintSize(policies);

        LoadAndDrop(10);
        var start = Live();
        var clock = Stopwatch.StartNew();
        LoadAndDrop(Sets);
        var elapsed = clock.Elapsed;
        Console.WriteLine($"{Sets} sets of 100 policies loaded, used and dropped in {elapsed.TotalSeconds:F2} s: {Live() - start:+0;-0;0} bytes remain");
    }

    // In a method of its own, as below: what a local refers to lives until its method returns.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void PrintSize(int policies)
    {
        var copies = Math.Max(1, 20_000 / policies);
        var parsed = new PolicySet[copies];
        var compiled = new CompiledPolicySet[copies];
        var before = Live();
        for (var i = 0; i < copies; i++)
            parsed[i] = PolicySet.Parse(TokenPolicies.Indexed(policies), "memory").Set!;
        var afterParsing = Live();
        for (var i = 0; i < copies; i++)
            compiled[i] = CompiledPolicySet.Compile(parsed[i]);
        var afterCompiling = Live();
        GC.KeepAlive(compiled);
        Console.WriteLine(
            $"{policies} policies: {(afterParsing - before) / copies / 1024.0:F1} KiB parsed, text included, and {(afterCompiling - afterParsing) / copies / 1024.0:F1} KiB more compiled");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void LoadAndDrop(int sets)
    {
        var evaluation = new Evaluation();
        for (var i = 0; i < sets; i++)
        {
            var text = TokenPolicies.Indexed(100).Replace("credential-leaked", $"signal-{i}", StringComparison.Ordinal);
            var compiled = CompiledPolicySet.Compile(PolicySet.Parse(text, "memory").Set!);
            compiled.Authorize(new Request(TokenPolicies.Workload, new("Action", TokenPolicies.Scope), TokenPolicies.Resource, TokenPolicies.Context), TokenPolicies.Entities);
            evaluation.Begin(compiled, TokenPolicies.Workload, TokenPolicies.Resource, TokenPolicies.Context, TokenPolicies.Entities);
            evaluation.Decide(new("Action", TokenPolicies.Scope));
            evaluation.Clear();
        }
    }

    private static long Live()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
