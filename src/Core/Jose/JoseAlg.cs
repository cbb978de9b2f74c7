namespace Assay.Core.Jose;

/// <summary>Signature algorithms (RFC 7518 §3.1). Compared case-sensitively; anything not named here is never accepted.</summary>
public static class JoseAlg
{
    public const string ES256 = "ES256";
    public const string ES384 = "ES384";
    public const string ES512 = "ES512";
    public const string RS256 = "RS256";
    public const string PS256 = "PS256";

    /// <summary>What clients may sign assertions with: the cheap ones to verify. ES384 and ES512 cost ten times as much.</summary>
    public static IReadOnlyList<string> AllowedForClients { get; } = [ES256, PS256, RS256];
}
