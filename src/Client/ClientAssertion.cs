using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Assay.Client;

/// <summary>The statement a client signs about itself for one request (RFC 7523 §3): addressed to the issuer alone, good once and for 60 seconds.</summary>
internal static class ClientAssertion
{
    private const int LifetimeSeconds = 60;
    private const int IdBytes = 16;

    // A token is no web page: the "+" of a media type stays as it is.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Create(SigningKey key, string clientId, string issuer, DateTimeOffset now)
    {
        var issuedAt = now.ToUnixTimeSeconds();
        var header = Segment(json =>
        {
            json.WriteString("typ"u8, "client-authentication+jwt"u8);
            json.WriteString("alg"u8, key.Alg);
            json.WriteString("kid"u8, key.KeyId);
        });
        var claims = Segment(json =>
        {
            json.WriteString("iss"u8, clientId);
            json.WriteString("sub"u8, clientId);
            json.WriteString("aud"u8, issuer);
            json.WriteNumber("iat"u8, issuedAt);
            json.WriteNumber("exp"u8, issuedAt + LifetimeSeconds);
            json.WriteString("jti"u8, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdBytes)));
        });

        var input = $"{header}.{claims}";
        return $"{input}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(input)))}";
    }

    private static string Segment(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Base64Url.EncodeToString(buffer.WrittenSpan);
    }
}
