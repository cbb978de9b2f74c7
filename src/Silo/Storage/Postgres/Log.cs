namespace Assay.Silo.Storage.Postgres;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Notifications of the database are not heard; changes of other silos are found by polling until they are")]
    public static partial void NotListening(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "The database {Place} was empty and is now of schema version {Version}")]
    public static partial void SetUp(ILogger logger, string place, int version);
}
