namespace Assay.Silo.Hosting;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Garbage collector: {Kind}, with {Heaps}")]
    public static partial void GarbageCollector(ILogger logger, string kind, string heaps);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Garbage collector: {Kind}, with {Heaps}. Meant for a silo is server, with a number of heaps that stays: otherwise requests wait for it longer. Look for DOTNET_gcServer and DOTNET_GCDynamicAdaptationMode")]
    public static partial void AnotherGarbageCollector(ILogger logger, string kind, string heaps);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Silo} ({Address}) cannot renew its lease and is sealed; it is declared dead, and its identities move to the others")]
    public static partial void DeclaredDead(ILogger logger, string silo, SiloAddress address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The leases of the other silos could not be looked at: {Fault}")]
    public static partial void CannotLook(ILogger logger, string fault);
}
