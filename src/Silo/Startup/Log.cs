namespace Assay.Silo.Startup;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "A token request was rehearsed in {Milliseconds} ms")]
    public static partial void Rehearsed(ILogger logger, long milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A token request could not be rehearsed: {Why} The first ones take longer")]
    public static partial void NotRehearsed(ILogger logger, string why);
}
