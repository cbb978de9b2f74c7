namespace Assay.Silo.StatusLists;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "The status lists of shard {Shard} were made again from its evidence in {Seconds:0.00} s: {Tokens} tokens, {Ended} of them revoked")]
    public static partial void Restored(ILogger logger, long shard, int tokens, int ended, double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "The status lists of shard {Shard} could not be made again; nothing is said of its tokens until they are")]
    public static partial void NotRestored(ILogger logger, Exception exception, long shard);

    [LoggerMessage(Level = LogLevel.Error, Message = "The batch of shard {Shard} at position {Position} cannot be read; its tokens are shown as invalid: {Reason}")]
    public static partial void NotReadable(ILogger logger, long shard, long position, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The status lists could not be kept; it is tried again: {Reason}")]
    public static partial void NotKept(ILogger logger, string reason);
}
