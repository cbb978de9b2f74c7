using System.Collections.Immutable;

namespace Assay.Core.SharedSignals;

/// <summary>Event types by their URIs: those of CAEP 1.0 that are sent, and those of SSF 1.0 about a stream itself.</summary>
public static class EventTypes
{
    public const string SessionRevoked = Caep + "session-revoked";
    public const string TokenClaimsChange = Caep + "token-claims-change";
    public const string CredentialChange = Caep + "credential-change";
    public const string RiskLevelChange = Caep + "risk-level-change";

    /// <summary>Asked for by the receiver (SSF 1.0 §8.1.4).</summary>
    public const string Verification = Ssf + "verification";

    /// <summary>The transmitter stopped a stream, or lets it go on (SSF 1.0 §8.1.5).</summary>
    public const string StreamUpdated = Ssf + "stream-updated";

    private const string Caep = "https://schemas.openid.net/secevent/caep/event-type/";
    private const string Ssf = "https://schemas.openid.net/secevent/ssf/event-type/";

    /// <summary>What a receiver can ask for. The events about a stream come to whom they come, asked for or not.</summary>
    public static ImmutableArray<string> Supported { get; } = [SessionRevoked, TokenClaimsChange, CredentialChange, RiskLevelChange];

    /// <summary>Those of a request that are sent; a request that names none asks for all.</summary>
    public static ImmutableArray<string> Delivered(ImmutableArray<string> requested) =>
        requested.IsDefaultOrEmpty ? Supported : [.. Supported.Where(requested.Contains)];
}
