using System.Text.Json;

namespace Assay.Core.Jose;

/// <summary>
/// The three header parameters that are read (RFC 7515 §4.1). They are hints for a look-up and never trusted; keys or addresses of keys in a
/// header (<c>jwk</c>, <c>jku</c>, <c>x5u</c>, <c>x5c</c>) are not even kept.
/// </summary>
/// <param name="Alg">Never <c>none</c>; not yet compared with any key.</param>
/// <param name="Kid">1 to 128 printable ASCII characters, or null when absent.</param>
/// <param name="Typ">1 to 128 printable ASCII characters, or null when absent; compare with <see cref="JoseType.Matches"/>.</param>
public sealed record JoseHeader(string Alg, string? Kid, string? Typ)
{
    public const int MaxKidLength = 128;

    private const int MaxTypLength = 128;
    private const int MaxAlgLength = 32;

    /// <summary>Reads a header that passed <see cref="StrictJson"/>.</summary>
    internal static JoseHeader? Read(ReadOnlySpan<byte> json, out JwsFault fault)
    {
        string? alg = null, kid = null, typ = null;
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("crit"u8))
                return Refuse(JwsFault.CriticalHeader, out fault); // we understand no extension, so none may be critical (§4.1.11)

            if (reader.ValueTextEquals("alg"u8))
            {
                if (!TryReadAlg(ref reader, out alg))
                    return Refuse(JwsFault.AlgInvalid, out fault);
            }
            else if (reader.ValueTextEquals("kid"u8))
            {
                if (!TryReadPrintable(ref reader, MaxKidLength, out kid))
                    return Refuse(JwsFault.KidInvalid, out fault);
            }
            else if (reader.ValueTextEquals("typ"u8))
            {
                if (!TryReadPrintable(ref reader, MaxTypLength, out typ))
                    return Refuse(JwsFault.TypInvalid, out fault);
            }
            else
            {
                reader.Skip();
            }
        }

        if (alg is null)
            return Refuse(JwsFault.AlgMissing, out fault);

        fault = JwsFault.None;
        return new JoseHeader(alg, kid, typ);
    }

    internal static bool IsPrintable(string text, int maxLength) =>
        text.Length is > 0 && text.Length <= maxLength && !text.AsSpan().ContainsAnyExceptInRange(' ', '~');

    private static bool TryReadAlg(ref Utf8JsonReader reader, out string? alg) =>
        TryReadPrintable(ref reader, MaxAlgLength, out alg) && !string.Equals(alg, "none", StringComparison.OrdinalIgnoreCase);

    private static bool TryReadPrintable(ref Utf8JsonReader reader, int maxLength, out string? text)
    {
        text = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
            return false;

        text = Known(ref reader) ?? reader.GetString()!;
        return IsPrintable(text, maxLength);
    }

    // The usual values cost no string.
    private static string? Known(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("ES256"u8) ? JoseAlg.ES256
        : reader.ValueTextEquals("PS256"u8) ? JoseAlg.PS256
        : reader.ValueTextEquals("RS256"u8) ? JoseAlg.RS256
        : reader.ValueTextEquals("JWT"u8) ? JoseType.Jwt
        : reader.ValueTextEquals("client-authentication+jwt"u8) ? JoseType.ClientAuthentication
        : null;

    private static JoseHeader? Refuse(JwsFault reason, out JwsFault fault)
    {
        fault = reason;
        return null;
    }
}
