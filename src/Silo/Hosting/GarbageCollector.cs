using System.Globalization;
using System.Runtime;

namespace Assay.Silo.Hosting;

/// <summary>
/// How this process collects garbage. <c>Silo.csproj</c> says what is meant: the server's collector, with a number of heaps that stays. Whoever starts the
/// process can say otherwise (<c>DOTNET_gcServer</c>, <c>DOTNET_GCDynamicAdaptationMode</c>), so what is in force is said at start.
/// </summary>
/// <param name="IsServer">A heap for each core, collected by all cores together. Never on a single core, whatever was asked for.</param>
/// <param name="Adapts">The number of heaps follows the load (DATAS), and requests stand still while it changes.</param>
internal sealed record GarbageCollector(bool IsServer, bool Adapts)
{
    public static GarbageCollector InForce() => new(GCSettings.IsServerGC, GCSettings.IsServerGC && AdaptationMode() != 0);

    /// <summary>As it is meant, for a machine with so many cores.</summary>
    public bool IsMeant(int cores) => !Adapts && (IsServer || cores == 1);

    public void Report(ILogger logger)
    {
        var kind = IsServer ? "server" : "workstation";
        var heaps = Adapts ? "a number of heaps that follows the load" : "a number of heaps that stays";
        if (IsMeant(Environment.ProcessorCount))
            Log.GarbageCollector(logger, kind, heaps);
        else
            Log.AnotherGarbageCollector(logger, kind, heaps);
    }

    /// <summary>What the collector itself took from the environment and the runtime configuration; 1, its default, where it says nothing.</summary>
    private static long AdaptationMode() =>
        GC.GetConfigurationVariables().TryGetValue("GCDynamicAdaptationMode", out var mode) ? Convert.ToInt64(mode, CultureInfo.InvariantCulture) : 1;
}
