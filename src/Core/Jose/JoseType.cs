namespace Assay.Core.Jose;

/// <summary>Values of the <c>typ</c> header (RFC 7515 §4.1.9): which kind of token this is, so one kind never passes as another.</summary>
public static class JoseType
{
    /// <summary>An access token (RFC 9068 §2.1).</summary>
    public const string AccessToken = "at+jwt";

    /// <summary>An answer of introspection (RFC 9701 §5).</summary>
    public const string Introspection = "token-introspection+jwt";

    /// <summary>A token status list (draft-ietf-oauth-status-list §5.1).</summary>
    public const string StatusList = "statuslist+jwt";

    /// <summary>A security event token (RFC 8417 §2.3).</summary>
    public const string SecurityEvent = "secevent+jwt";

    /// <summary>A client's assertion about itself (draft-ietf-oauth-rfc7523bis).</summary>
    public const string ClientAuthentication = "client-authentication+jwt";

    /// <summary>The untyped JWT many clients still send.</summary>
    public const string Jwt = "JWT";

    private const string Application = "application/";

    /// <summary>
    /// Whether <paramref name="typ"/> names <paramref name="kind"/>: case-insensitive, and <c>application/</c> is implied where there is no slash.
    /// An absent type matches nothing.
    /// </summary>
    public static bool Matches(string? typ, string kind)
    {
        if (typ is null)
            return false;

        return Subtype(typ).Equals(Subtype(kind), StringComparison.OrdinalIgnoreCase);
    }

    private static ReadOnlySpan<char> Subtype(string typ)
    {
        if (!typ.StartsWith(Application, StringComparison.OrdinalIgnoreCase))
            return typ;

        var rest = typ.AsSpan(Application.Length);
        return rest.Contains('/') ? typ : rest; // "application/a/b" is no media type; do not let it become "a/b"
    }
}
