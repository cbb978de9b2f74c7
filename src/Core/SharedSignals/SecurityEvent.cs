namespace Assay.Core.SharedSignals;

/// <summary>What happened, as a change of the registry made it: the same whoever derives it, and however often.</summary>
/// <param name="Type">One of <see cref="EventTypes.Supported"/>.</param>
/// <param name="About">The identity it is about; null when it concerns everybody, or when nobody knows whose the token was.</param>
/// <param name="Token">The <c>jti</c> of the one token it is about; null for all that the subject has.</param>
/// <param name="At">When the change was committed.</param>
/// <param name="Payload">The members of the event: one JSON object.</param>
public sealed record SecurityEvent(string Type, string? About, string? Token, DateTimeOffset At, string Payload)
{
    public bool ConcernsEverybody => About is null && Token is null;
}
