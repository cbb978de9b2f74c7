namespace Assay.Silo.Evidence;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The silo stopped with {Records} records that are not known to be durable; no answer of theirs has left")]
    public static partial void GaveUp(ILogger logger, int records);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The evidence writer broke; nothing is issued any more and the silo stops")]
    public static partial void Broken(ILogger logger, Exception exception);
}
