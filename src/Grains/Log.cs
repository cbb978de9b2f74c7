using Microsoft.Extensions.Logging;

namespace Assay.Grains;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Error, Message = "Signing key {KeyId} cannot be unwrapped and will not sign: {Reason}")]
    public static partial void KeyCannotBeUnwrapped(ILogger logger, string keyId, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The change to identity {Identity} has an unknown outcome; it is read again before it decides")]
    public static partial void ChangeOutcomeUnknown(ILogger logger, Exception exception, string identity);

    [LoggerMessage(Level = LogLevel.Error, Message = "Identity {Identity} could not be loaded again")]
    public static partial void ReloadFailed(ILogger logger, Exception exception, string identity);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The receiver of event stream {Stream} refuses event {JwtId} for good: {Error}")]
    public static partial void EventRefused(ILogger logger, string stream, string jwtId, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Event stream {Stream} could not be read or written; it is read again")]
    public static partial void StreamInDoubt(ILogger logger, Exception exception, string stream);
}
