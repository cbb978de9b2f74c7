namespace Assay.Silo.Collectors;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Evidence cannot be sent to {Endpoint}: {Why}. It is tried again until it can; nothing is lost, and tokens do not wait for it")]
    public static partial void CannotSend(ILogger logger, Uri endpoint, string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "Evidence is sent to {Endpoint} again")]
    public static partial void SendsAgain(ILogger logger, Uri endpoint);
}
