using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Assay.Core.Jose;

/// <summary>Why a text is not a token worth looking at.</summary>
public enum JwsFault
{
    None,

    /// <summary>Longer than <see cref="CompactJws.MaxLength"/>.</summary>
    TooLarge,

    /// <summary>Not three segments, or one of them is empty.</summary>
    NotThreeSegments,

    /// <summary>A segment has padding, white space, another alphabet or unused bits.</summary>
    NotBase64Url,

    /// <summary>Header or payload is not valid UTF-8, or holds half a surrogate pair.</summary>
    NotUnicode,

    /// <summary>Header or payload is not one JSON object.</summary>
    NotAJsonObject,

    /// <summary>An object has the same member name twice.</summary>
    DuplicateMember,

    /// <summary>Nested over 16 levels deep.</summary>
    TooDeep,

    /// <summary>Over 256 members.</summary>
    TooManyMembers,

    /// <summary>The header has <c>crit</c> (RFC 7515 §4.1.11).</summary>
    CriticalHeader,

    /// <summary>The header has no <c>alg</c>.</summary>
    AlgMissing,

    /// <summary><c>alg</c> is <c>none</c> or no name at all.</summary>
    AlgInvalid,

    /// <summary><c>kid</c> is not 1 to 128 printable ASCII characters.</summary>
    KidInvalid,

    /// <summary><c>typ</c> is not 1 to 128 printable ASCII characters.</summary>
    TypInvalid,
}

/// <summary>
/// A signed token taken apart (RFC 7515 §7.1), well-formed and nothing more: its signature is not verified and nothing in it is true yet. Header and
/// payload are each one JSON object in valid UTF-8 without duplicate names.
/// </summary>
public sealed class CompactJws
{
    /// <summary>The longest token that is looked at, in bytes.</summary>
    public const int MaxLength = 16 * 1024;

    private CompactJws(JoseHeader header, ReadOnlyMemory<byte> signingInput, ReadOnlyMemory<byte> payload, ReadOnlyMemory<byte> signature) =>
        (Header, SigningInput, Payload, Signature) = (header, signingInput, payload, signature);

    public JoseHeader Header { get; }

    /// <summary>What the signature is over: the text up to the second dot, a slice of the memory that was parsed.</summary>
    public ReadOnlyMemory<byte> SigningInput { get; }

    /// <summary>The decoded payload, UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>The decoded signature, not empty.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>
    /// Takes a token apart, or says why it is none. Never throws. The result refers to <paramref name="token"/>, which must not change while it is in use.
    /// </summary>
    public static bool TryParse(ReadOnlyMemory<byte> token, [NotNullWhen(true)] out CompactJws? jws, out JwsFault fault)
    {
        fault = Parse(token, out jws);
        return jws is not null;
    }

    /// <inheritdoc cref="TryParse(ReadOnlyMemory{byte}, out CompactJws?, out JwsFault)"/>
    public static bool TryParse(string token, [NotNullWhen(true)] out CompactJws? jws, out JwsFault fault)
    {
        if (token.Length <= MaxLength)
            return TryParse(Encoding.UTF8.GetBytes(token), out jws, out fault); // what is not ASCII fails as base64url

        (jws, fault) = (null, JwsFault.TooLarge);
        return false;
    }

    private static JwsFault Parse(ReadOnlyMemory<byte> token, out CompactJws? jws)
    {
        jws = null;
        if (token.Length > MaxLength)
            return JwsFault.TooLarge;
        if (!TrySplit(token.Span, out var header, out var payload, out var signature))
            return JwsFault.NotThreeSegments;

        // One array for the three decoded segments; 3/4 of the text is enough for their sum.
        var decoded = new byte[token.Length * 3 / 4 + 1];
        if (!Base64UrlText.TryDecode(token.Span[header], decoded, out var headerLength)
            || !Base64UrlText.TryDecode(token.Span[payload], decoded.AsSpan(headerLength), out var payloadLength)
            || !Base64UrlText.TryDecode(token.Span[signature], decoded.AsSpan(headerLength + payloadLength), out var signatureLength))
            return JwsFault.NotBase64Url;

        var headerJson = decoded.AsSpan(0, headerLength);
        var payloadJson = decoded.AsMemory(headerLength, payloadLength);
        if (FaultOf(StrictJson.CheckObject(headerJson)) is not JwsFault.None and var inHeader)
            return inHeader;
        if (JoseHeader.Read(headerJson, out var fault) is not { } joseHeader)
            return fault;
        if (FaultOf(StrictJson.CheckObject(payloadJson.Span)) is not JwsFault.None and var inPayload)
            return inPayload;

        jws = new CompactJws(
            joseHeader, token[..payload.End], payloadJson, decoded.AsMemory(headerLength + payloadLength, signatureLength));
        return JwsFault.None;
    }

    private static bool TrySplit(ReadOnlySpan<byte> token, out Range header, out Range payload, out Range signature)
    {
        header = payload = signature = default;
        var first = token.IndexOf((byte)'.');
        if (first <= 0)
            return false;
        var length = token[(first + 1)..].IndexOf((byte)'.');
        if (length <= 0)
            return false;

        var second = first + 1 + length;
        (header, payload, signature) = (..first, (first + 1)..second, (second + 1)..token.Length);
        return second + 1 < token.Length && !token[signature].Contains((byte)'.');
    }

    private static JwsFault FaultOf(JsonFault fault) => fault switch
    {
        JsonFault.None => JwsFault.None,
        JsonFault.NotUnicode => JwsFault.NotUnicode,
        JsonFault.DuplicateMember => JwsFault.DuplicateMember,
        JsonFault.TooDeep => JwsFault.TooDeep,
        JsonFault.TooManyMembers => JwsFault.TooManyMembers,
        _ => JwsFault.NotAJsonObject,
    };
}
