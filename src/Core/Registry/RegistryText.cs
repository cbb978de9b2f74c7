using System.Buffers;
using System.Globalization;
using Assay.Core.Jose;

namespace Assay.Core.Registry;

/// <summary>
/// The grammar of what people write into the registry. Each rule gives null, or what is wrong and what would be right, as the end of a
/// sentence that begins with the field: <c>has a space in it; …</c>.
/// </summary>
public static class RegistryText
{
    public const int MaxIdLength = 128;
    public const int MaxResourceLength = 512;
    public const int MaxTextLength = 1024;
    public static readonly TimeSpan ShortestLifetime = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan LongestLifetime = TimeSpan.FromSeconds(900);

    private const string IdAlphabet = "letters, digits and . _ : / @ -";

    private static readonly SearchValues<char> IdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@-");

    private static readonly SearchValues<char> BundleNameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Identities, roles and teams: 1 to 128 characters of <c>A–Z a–z 0–9 . _ : / @ -</c>.</summary>
    public static string? IdFault(string id) => CharacterFault(id, MaxIdLength, IdCharacters, IdAlphabet);

    /// <summary>Bundles: 1 to 64 characters of <c>a–z 0–9 . _ -</c>; names that begin with <c>assay</c> are Assay's own.</summary>
    public static string? BundleNameFault(string name) =>
        CharacterFault(name, 64, BundleNameCharacters, "lower-case letters, digits and . _ -")
        ?? (name.StartsWith("assay", StringComparison.Ordinal) ? "begins with 'assay', which is kept for Assay itself; choose another name" : null);

    /// <summary>A scope token (RFC 6749 §3.3): printable ASCII but space, <c>"</c> and <c>\</c>; here 1 to 128 of them.</summary>
    public static string? ScopeFault(string scope)
    {
        ArgumentNullException.ThrowIfNull(scope);
        if (scope.Length is 0 or > MaxIdLength)
            return LengthFault(scope, MaxIdLength);

        foreach (var c in scope)
        {
            if (c is <= ' ' or '"' or '\\' or > '~')
                return $"has {Show(c)} in it; a scope is printable ASCII without spaces, quotes and backslashes (RFC 6749 §3.3), for instance payments:read";
        }

        return null;
    }

    /// <summary>An API's identifier: an absolute URI without fragment (RFC 8707 §2); https, or http on loopback, or a urn.</summary>
    public static string? ResourceFault(string resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        if (resource.Length is 0 or > MaxResourceLength)
            return LengthFault(resource, MaxResourceLength);

        foreach (var c in resource)
        {
            if (c is <= ' ' or '"' or '<' or '>' or '\\' or '^' or '`' or '{' or '|' or '}' or > '~')
                return $"has {Show(c)} in it; percent-encode what RFC 3986 does not allow in a URI";
        }

        if (resource.Contains('#'))
            return "has a fragment ('#'); a resource is an absolute URI without one (RFC 8707 §2)";

        var colon = resource.IndexOf(':');
        if (colon < 1 || !Uri.CheckSchemeName(resource[..colon]) || !Uri.TryCreate(resource, UriKind.Absolute, out var uri))
            return "is no absolute URI; write for instance https://payments.example";

        return uri.Scheme switch
        {
            "urn" => UrnFault(resource),
            "http" or "https" when uri.UserInfo.Length > 0 || resource.IndexOf('@') is > 0 and var at && at < AuthorityEnd(resource) =>
                "has a user name in it; leave it out",
            "https" when uri.Host.Length > 0 => null,
            "http" when uri.IsLoopback => null,
            "http" => "is plain http; use https (http is for loopback only)",
            _ => $"has the scheme '{uri.Scheme}'; use https, a urn, or http on loopback",
        };
    }

    /// <summary>The form in which resources are compared: scheme and host in lower case, all else as written.</summary>
    public static string NormalizeResource(string resource) => DirectorySnapshot.Normalize(resource);

    /// <summary>The life of tokens: 60 to 900 s.</summary>
    public static string? LifetimeFault(TimeSpan life) =>
        life < ShortestLifetime || life > LongestLifetime
            ? string.Create(CultureInfo.InvariantCulture, $"is {life.TotalSeconds:0.###} s; a token lives 60 s to 900 s (15m)")
            : null;

    /// <summary>Names and descriptions for people: 1 to 1024 characters, no control characters but line breaks and tabs.</summary>
    public static string? ProseFault(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is 0 or > MaxTextLength)
            return LengthFault(text, MaxTextLength);

        foreach (var c in text)
        {
            if ((char.IsControl(c) && c is not ('\n' or '\t')) || char.IsSurrogate(c) && !IsPaired(text))
                return $"has {Show(c)} in it; write plain text";
        }

        return null;
    }

    /// <summary>What to do about a refused key.</summary>
    public static string KeyFault(JwkFault fault) => fault switch
    {
        JwkFault.TooLarge => "is over 16 KiB; a public key is a few hundred bytes",
        JwkFault.NotAJsonObject => "is no JSON object; write one public JWK (RFC 7517)",
        JwkFault.DuplicateMember => "has a member twice; each may stand once",
        JwkFault.PrivateMember => "holds the private key; it is burnt now: make a new pair, and declare only its public half (kty, crv, x, y)",
        JwkFault.KeyTypeUnsupported => "has no 'kty' that can be used; it must be EC or RSA",
        JwkFault.CurveUnsupported => "has no 'crv' that can be used; it must be P-256, P-384 or P-521",
        JwkFault.MemberInvalid => "lacks a key member, or one is not base64url without padding; an EC key has x and y, an RSA key n and e",
        JwkFault.CoordinateLength => "has an 'x' or 'y' of the wrong length; keep leading zeros (32 bytes on P-256)",
        JwkFault.NotOnCurve => "is no point on its curve; 'x' or 'y' was damaged in copying",
        JwkFault.ModulusInvalid => "has an 'n' that is no RSA modulus; write it as odd number without leading zeros",
        JwkFault.ModulusSize => "has an RSA modulus that is too short or too long; use 2048 to 4096 bits",
        JwkFault.ExponentInvalid => "has an unusual 'e'; use AQAB (65537)",
        JwkFault.AlgMissing => "is an RSA key without 'alg'; say PS256 or RS256",
        JwkFault.AlgMismatch => "has an 'alg' that does not belong to the key; ES256 goes with P-256, PS256 or RS256 with RSA",
        JwkFault.UseNotSignature => "is not for signatures; 'use' must be sig, or absent",
        JwkFault.KidInvalid => "has a 'kid' that is not 1 to 128 printable ASCII characters; leave it out to use the thumbprint",
        _ => "is no single public key; write one public JWK (RFC 7517)",
    };

    private static string? CharacterFault(string text, int max, SearchValues<char> allowed, string alphabet)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0 || text.Length > max)
            return LengthFault(text, max);

        var bad = text.AsSpan().IndexOfAnyExcept(allowed);
        return bad < 0 ? null : $"has {Show(text[bad])} in it; allowed are {alphabet}";
    }

    private static string LengthFault(string text, int max) => text.Length == 0
        ? $"is empty; write 1 to {max} characters"
        : $"is {text.Length} characters long; at most {max} are allowed";

    private static string? UrnFault(string resource)
    {
        // RFC 8141 §2: urn:NID:NSS, the NID 2 to 32 letters, digits and hyphens.
        var parts = resource.Split(':', 3);
        return parts is [_, { Length: >= 2 and <= 32 } nid, { Length: > 0 }] && nid.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            ? null
            : "is no urn; write urn:<namespace>:<name>, for instance urn:example:payments";
    }

    private static int AuthorityEnd(string resource)
    {
        var start = resource.IndexOf("://", StringComparison.Ordinal);
        if (start < 0)
            return Math.Max(resource.IndexOf(':'), 0);

        var end = resource.AsSpan(start + 3).IndexOfAny('/', '?', '#');
        return end < 0 ? resource.Length : start + 3 + end;
    }

    private static bool IsPaired(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else if (char.IsSurrogate(text[i]))
                return false;
        }

        return true;
    }

    private static string Show(char c) => c switch
    {
        ' ' => "a space",
        '\t' => "a tab",
        '\n' or '\r' => "a line break",
        < ' ' or > '~' => $"the character U+{(int)c:X4}",
        _ => $"'{c}'",
    };
}
