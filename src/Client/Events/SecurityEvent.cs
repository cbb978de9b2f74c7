using System.Text.Json;

namespace Assay.Client.Events;

/// <summary>What an issuer tells of an identity or a token: a security event token (RFC 8417) whose signature, issuer and receiver were checked.</summary>
public sealed class SecurityEvent
{
    internal SecurityEvent(string id, string type, DateTimeOffset time, string? subject, string? tokenId, bool concernsEverybody, JsonElement details)
    {
        (Id, Type, Time) = (id, type, time);
        (Subject, TokenId, ConcernsEverybody) = (subject, tokenId, concernsEverybody);
        Details = details;
    }

    /// <summary>Its own name (<c>jti</c>): the same however often it is sent.</summary>
    public string Id { get; }

    /// <summary>What happened, a URI: see <see cref="SecurityEventTypes"/>.</summary>
    public string Type { get; }

    /// <summary>When it happened, in whole seconds by the issuer's clock (<c>event_timestamp</c>, else <c>iat</c>).</summary>
    public DateTimeOffset Time { get; }

    /// <summary>The client id it is about; null when it is about one token, about everybody, or about the stream itself.</summary>
    public string? Subject { get; }

    /// <summary>The <c>jti</c> of the one token it is about; else null.</summary>
    public string? TokenId { get; }

    /// <summary>Whether it is about all identities of the issuer.</summary>
    public bool ConcernsEverybody { get; }

    /// <summary>The members of the event, a JSON object.</summary>
    public JsonElement Details { get; }
}

/// <summary>Types of security events, by their URIs (CAEP 1.0 §3, SSF 1.0 §8.1).</summary>
public static class SecurityEventTypes
{
    /// <summary>Tokens ended before their time.</summary>
    public const string SessionRevoked = Caep + "session-revoked";

    /// <summary>A role or a team was taken from an identity: tokens that are out may allow more than a new one would.</summary>
    public const string TokenClaimsChange = Caep + "token-claims-change";

    /// <summary>A credential came, went or was changed.</summary>
    public const string CredentialChange = Caep + "credential-change";

    /// <summary>The risk of an identity went up or down.</summary>
    public const string RiskLevelChange = Caep + "risk-level-change";

    internal const string StreamUpdated = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";

    private const string Caep = "https://schemas.openid.net/secevent/caep/event-type/";
}
