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
}
