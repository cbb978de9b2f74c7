namespace Assay.Silo;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The key ring could not be tended; it is tried again")]
    public static partial void KeysNotTended(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed: {Method} {Path}")]
    public static partial void RequestFailed(ILogger logger, Exception exception, string method, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Requests are refused, the last one {Method} {Path}: {Reason}")]
    public static partial void RequestRefused(ILogger logger, string method, string path, string reason);
}
