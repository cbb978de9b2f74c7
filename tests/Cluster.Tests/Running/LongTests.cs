namespace Assay.Cluster.Tests.Running;

/// <summary>Trials have two sizes: a small one always, the full one with <c>ASSAY_LONG_TESTS=1</c>.</summary>
internal static class LongTests
{
    public static bool Wanted => Environment.GetEnvironmentVariable("ASSAY_LONG_TESTS") == "1";

    public static int Size(int small, int full) => Wanted ? full : small;
}
