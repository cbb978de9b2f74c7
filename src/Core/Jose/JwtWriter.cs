using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Assay.Core.Jose;

/// <summary>
/// Makes one signed token in pooled memory: write <see cref="Claims"/>, <see cref="Seal"/>, then <see cref="TrySign"/>. Between the two,
/// <see cref="Digest"/> identifies the token before it exists, so its evidence can be written beside the signature. Dispose it when the token
/// has been sent: its bytes are erased then, and every span taken from it is void. Not for two threads at once.
/// </summary>
public sealed class JwtWriter : IDisposable
{
    /// <summary>The longest token that can be made, in bytes; a longer one would be refused by <see cref="CompactJws"/> too.</summary>
    public const int MaxTokenLength = CompactJws.MaxLength;

    private const int Es256SignatureBytes = 64;

    // A token is no web page: "+" and "&" stay as they are.
    internal static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private JwtBuffers? buffers = JwtBuffers.Rent();
    private int signingInputLength; // 0 until sealed
    private int tokenLength; // 0 until signed

    /// <summary>Where the claims are written: one JSON object. Not to be used once sealed.</summary>
    public Utf8JsonWriter Claims => signingInputLength == 0 ? Buffers.Json : throw new InvalidOperationException("The token is sealed.");

    /// <summary>SHA-256 of the signing input, 32 bytes: what ES256 signs, and what evidence keeps of the token. Valid once sealed.</summary>
    public ReadOnlySpan<byte> Digest => Sealed().Digest;

    /// <summary>Header and payload as they are signed. Valid once sealed.</summary>
    public ReadOnlySpan<byte> SigningInput => Sealed().Text.AsSpan(0, signingInputLength);

    /// <summary>The whole token, ASCII. Valid once signed.</summary>
    public ReadOnlySpan<byte> Token => TokenMemory.Span;

    /// <summary>The whole token, ASCII, for writing it out asynchronously. Valid once signed.</summary>
    public ReadOnlyMemory<byte> TokenMemory =>
        tokenLength > 0 ? Buffers.Text.AsMemory(0, tokenLength) : throw new InvalidOperationException("The token is not signed.");

    /// <summary>Closes the claims: encodes header and payload and computes the digest.</summary>
    /// <exception cref="InvalidOperationException">The claims are not one whole JSON object, the header is not for ES256, or the token would be too long.</exception>
    public void Seal(JwsHeaderSegment header)
    {
        Claims.Flush();
        var payload = Buffers.Payload.WrittenSpan;
        if (Claims.CurrentDepth != 0 || payload.IsEmpty || payload[0] != (byte)'{')
            throw new InvalidOperationException("The claims must be one whole JSON object.");
        if (header.Alg != JoseAlg.ES256)
            throw new InvalidOperationException("Only tokens with an ES256 header can be made.");

        var inputLength = header.Text.Length + Base64UrlText.EncodedLength(payload.Length);
        var length = inputLength + 1 + Base64UrlText.EncodedLength(Es256SignatureBytes);
        if (length > MaxTokenLength)
            throw new InvalidOperationException($"The token would be {length} bytes long, over the limit of {MaxTokenLength}.");

        var text = Buffers.TextOf(length);
        header.Text.CopyTo(text);
        Base64UrlText.Encode(payload, text[header.Text.Length..]);
        SHA256.HashData(text[..inputLength], Buffers.Digest);
        signingInputLength = inputLength;
    }

    /// <summary>
    /// Signs the sealed token with a P-256 key (ES256, RFC 7518 §3.4), which any number of threads may share. False when the key is of another
    /// size; there is no token then.
    /// </summary>
    /// <exception cref="CryptographicException">The platform could not sign.</exception>
    public bool TrySign(ECDsa key)
    {
        var sealedBuffers = Sealed();
        Span<byte> signature = stackalloc byte[Es256SignatureBytes];
        if (key.KeySize != 256
            || !key.TrySignHash(sealedBuffers.Digest, signature, out var written) // IEEE P1363; the overload that names the format allocates
            || written != Es256SignatureBytes)
            return false;

        sealedBuffers.Text[signingInputLength] = (byte)'.';
        var start = signingInputLength + 1;
        tokenLength = start + Base64UrlText.Encode(signature, sealedBuffers.Text.AsSpan(start));
        return true;
    }

    /// <summary>Erases the token and gives its memory back. Disposing twice does nothing.</summary>
    public void Dispose() => Interlocked.Exchange(ref buffers, null)?.Return();

    private JwtBuffers Buffers => buffers ?? throw new ObjectDisposedException(nameof(JwtWriter));

    private JwtBuffers Sealed() => signingInputLength > 0 ? Buffers : throw new InvalidOperationException("The token is not sealed.");
}
