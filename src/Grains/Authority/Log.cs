using Microsoft.Extensions.Logging;

namespace Assay.Grains.Authority;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Slot {Slot} joined as epoch {Epoch} at feed number {Head}")]
    public static partial void Joined(ILogger logger, string slot, long epoch, long head);

    [LoggerMessage(Level = LogLevel.Error, Message = "Epoch {Epoch} cannot follow the feed; its lease is current: {Current}")]
    public static partial void CannotFollow(ILogger logger, Exception exception, long epoch, bool current);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Epoch {Epoch} was sealed: this silo was taken for gone. It decides nothing any more and stops; start it again")]
    public static partial void Sealed(ILogger logger, long epoch);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Epoch {Epoch} at {Address} was declared dead by the other silos. It decides nothing any more and stops; start it again")]
    public static partial void Condemned(ILogger logger, long epoch, string address);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The database went back: epoch {Epoch} has seen feed number {Applied}, and the newest is {Head} now. This silo decides nothing any more and stops. Stop all silos and run: Assay.Silo recover")]
    public static partial void WentBack(ILogger logger, long epoch, long applied, long head);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Epoch {Epoch} could not report its figures; the lease is renewed without them")]
    public static partial void NoReport(ILogger logger, Exception exception, long epoch);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Epoch {Epoch} could not be left; others wait until its lease has lapsed")]
    public static partial void NotLeft(ILogger logger, Exception exception, long epoch);

    [LoggerMessage(Level = LogLevel.Error, Message = "Evidence of shard {Shard} at position {Position} ({Records} records) was not written, or it is not known; it is tried again unchanged")]
    public static partial void EvidenceNotWritten(ILogger logger, Exception exception, long shard, long position, int records);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Shard {Shard} is sealed; position {Position} and what follows is not written, and no answer of it leaves")]
    public static partial void EvidenceSealed(ILogger logger, long shard, long position);

    [LoggerMessage(Level = LogLevel.Error, Message = "The shadow policy set of domain {Domain} cannot be used and is left out; decisions are as without it")]
    public static partial void ShadowNotLoaded(ILogger logger, Exception exception, string domain);
}
