namespace Assay.Client.Events;

/// <summary>What an event means for the tokens that its own client holds.</summary>
internal static class OwnTokens
{
    /// <summary>
    /// What may allow less now is not used any more: the next call asks for a decision of now. What may allow more is renewed by the next call, in the background.
    /// </summary>
    public static void Heed(SecurityEvent happened, string self, TokenCache cache)
    {
        if (happened.TokenId is { } token)
        {
            if (happened.Type == SecurityEventTypes.SessionRevoked)
                cache.LetGo(held => JwtId.Of(held.AccessToken) == token);
            return;
        }

        if (!happened.ConcernsEverybody && happened.Subject != self)
            return;
        switch (happened.Type)
        {
            case SecurityEventTypes.SessionRevoked or SecurityEventTypes.TokenClaimsChange:
            case SecurityEventTypes.CredentialChange when Text(happened, "change_type") is "revoke" or "delete":
            case SecurityEventTypes.RiskLevelChange when LevelOf(happened, "current_level") >= LevelOf(happened, "previous_level"):
                cache.LetGo(null);
                break;
            case SecurityEventTypes.CredentialChange or SecurityEventTypes.RiskLevelChange:
                cache.RenewSoon();
                break;
        }
    }

    // What nobody knows counts as the worst.
    private static int LevelOf(SecurityEvent happened, string member) => Text(happened, member) switch
    {
        "LOW" => 0,
        "MEDIUM" => 1,
        "HIGH" => 2,
        _ => member == "current_level" ? 2 : 0,
    };

    private static string? Text(SecurityEvent happened, string member) =>
        happened.Details.TryGetProperty(member, out var value) && value.ValueKind == System.Text.Json.JsonValueKind.String ? value.GetString() : null;
}
