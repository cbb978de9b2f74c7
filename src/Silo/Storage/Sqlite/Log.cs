namespace Assay.Silo.Storage.Sqlite;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Index rows of the evidence could not be sorted; they are read from memory, and sorted later")]
    public static partial void EvidenceNotSorted(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "The index of the evidence in '{File}' is damaged; what cannot be merged is read from where it is. {Remedy}")]
    public static partial void EvidenceIndexDamaged(ILogger logger, Exception exception, string file, string remedy);
}
