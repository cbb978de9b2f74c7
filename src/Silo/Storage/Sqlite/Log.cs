namespace Assay.Silo.Storage.Sqlite;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Index rows of the evidence could not be sorted; they are read from memory, and sorted later")]
    public static partial void EvidenceNotSorted(ILogger logger, Exception exception);
}
