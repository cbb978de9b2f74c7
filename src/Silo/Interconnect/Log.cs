namespace Assay.Silo.Interconnect;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "A connection from {Remote} to the silo port was refused, because {Detail}; {Unlogged} more like it were not logged since the last such line")]
    public static partial void RefusedInbound(ILogger logger, string remote, string detail, long unlogged);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection to the silo at {Remote} was given up, because {Detail}; {Unlogged} more like it were not logged since the last such line")]
    public static partial void RefusedOutbound(ILogger logger, string remote, string detail, long unlogged);

    [LoggerMessage(Level = LogLevel.Information, Message = "The silo certificate was reloaded; it is valid until {NotAfter:u}")]
    public static partial void Reloaded(ILogger logger, DateTimeOffset notAfter);

    [LoggerMessage(Level = LogLevel.Error, Message = "The new silo certificate is of no use, and the one before it stays: {Faults}")]
    public static partial void NotReloaded(ILogger logger, string faults);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The silo certificate ends at {NotAfter:u}; without a new one this silo then loses the others")]
    public static partial void EndsSoon(ILogger logger, DateTimeOffset notAfter);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection with the silo at {Remote} was closed after the certificates were reloaded, because {Detail}")]
    public static partial void NoLongerTrusted(ILogger logger, string remote, string detail);
}
