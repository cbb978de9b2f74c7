namespace Assay.Silo.ClientAuthentication;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Client authentication by {Method} failed: {Reason}; client {Client}, from {Address}")]
    public static partial void AuthenticationFailed(ILogger logger, string method, string reason, string client, string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Client authentication by {Method} failed: {Reason}; client {Client}, from {Address}; {Others} more before it were left out here")]
    public static partial void AuthenticationFailedAmongOthers(ILogger logger, string method, string reason, string client, string address, long others);
}
