namespace Assay.Silo.SharedSignals;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Events of stream {Stream} cannot be pushed; they wait and are tried again: {Reason}")]
    public static partial void PushFailed(ILogger logger, string stream, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Events of stream {Stream} are pushed again")]
    public static partial void PushGoesOn(ILogger logger, string stream);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream} could not be delivered; it is tried again")]
    public static partial void NotDelivered(ILogger logger, Exception exception, string stream);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Event streams could not be looked through; it is tried again: {Reason}")]
    public static partial void NotSwept(ILogger logger, string reason);
}
