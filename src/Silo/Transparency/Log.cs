namespace Assay.Silo.Transparency;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Critical, Message = "Shard {Shard} of the evidence was at {Before} records under another root or more of them, and is at {Now}: it was changed behind the silos' backs. Run: assay evidence verify")]
    public static partial void WentBack(ILogger logger, long shard, long before, long now);

    [LoggerMessage(Level = LogLevel.Warning, Message = "How far the evidence has come could not be looked up or written down; it is tried again: {Reason}")]
    public static partial void NotWatched(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The witness at {Url} does not cosign the evidence log: {Why}. It is asked again, less often")]
    public static partial void NotWitnessed(ILogger logger, Uri url, string why);
}
