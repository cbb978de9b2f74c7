using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Assay.Core.Jose;

namespace Assay.Core.StatusLists;

/// <summary>A status list, signed (draft-ietf-oauth-status-list §5.1). Far longer than other tokens may be, and public: its memory is not pooled.</summary>
public static class StatusListToken
{
    private const int Es256SignatureBytes = 64;

    /// <summary>The compact JWS, ASCII.</summary>
    /// <param name="list">Statuses of one bit.</param>
    /// <param name="timeToLive">How long whoever fetched it may go on without asking again.</param>
    /// <param name="life">How long it may be believed at all.</param>
    /// <param name="aggregation">Where all lists are named.</param>
    /// <param name="header">For ES256.</param>
    /// <exception cref="CryptographicException">The platform could not sign.</exception>
    public static byte[] Sign(
        ReadOnlySpan<byte> list, string uri, string aggregation, DateTimeOffset now, TimeSpan timeToLive, TimeSpan life, JwsHeaderSegment header, ECDsa key)
    {
        if (header.Alg != JoseAlg.ES256 || key.KeySize != 256)
            throw new InvalidOperationException("Only tokens with an ES256 header and a P-256 key can be made.");

        var payload = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(payload, JwtWriter.JsonOptions))
        {
            var issuedAt = now.ToUnixTimeSeconds();
            json.WriteStartObject();
            json.WriteString("sub"u8, uri);
            json.WriteNumber("iat"u8, issuedAt);
            json.WriteNumber("exp"u8, issuedAt + (long)life.TotalSeconds);
            json.WriteNumber("ttl"u8, (long)timeToLive.TotalSeconds);
            json.WriteStartObject("status_list"u8);
            json.WriteNumber("bits"u8, StatusList.Bits);
            json.WriteString("lst"u8, Base64UrlText.Encode(StatusList.Compress(list)));
            json.WriteString("aggregation_uri"u8, aggregation);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        var inputLength = header.Text.Length + Base64UrlText.EncodedLength(payload.WrittenCount);
        var token = new byte[inputLength + 1 + Base64UrlText.EncodedLength(Es256SignatureBytes)];
        header.Text.CopyTo(token);
        Base64UrlText.Encode(payload.WrittenSpan, token.AsSpan(header.Text.Length));
        Span<byte> signature = stackalloc byte[Es256SignatureBytes];
        key.SignData(token.AsSpan(0, inputLength), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        token[inputLength] = (byte)'.';
        Base64UrlText.Encode(signature, token.AsSpan(inputLength + 1));
        return token;
    }
}
