namespace Assay.Silo.Recovery;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "How far the database has come cannot be written to {File}: {Why}. An older copy of it would not be noticed at the next start")]
    public static partial void NotKept(ILogger logger, string file, string why);
}
