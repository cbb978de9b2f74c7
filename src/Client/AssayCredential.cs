using System.Security.Cryptography;
using System.Text;

namespace Assay.Client;

/// <summary>
/// What an identity proves itself with: a private key (RFC 7523, <c>private_key_jwt</c>), which never leaves the process, or a secret (RFC 6749 §2.3.1,
/// <c>client_secret_basic</c>), which is sent with every request. Immutable; may serve several clients.
/// </summary>
public sealed class AssayCredential
{
    private const int MaxFileBytes = 64 * 1024;

    private readonly SigningKey? key;
    private readonly string? secret;

    private AssayCredential(SigningKey key) => this.key = key;

    private AssayCredential(string secret) => this.secret = secret;

    /// <summary>A private key from a file: EC P-256 or RSA of at least 2048 bits, as unencrypted PEM (PKCS#8, SEC 1, PKCS#1) or as a JSON Web Key.</summary>
    /// <param name="path">The file.</param>
    /// <param name="keyId">The key's <c>kid</c> at the issuer; by default the JWK's own, or else its RFC 7638 thumbprint.</param>
    /// <exception cref="InvalidDataException">The file holds no such key. The message never quotes it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static AssayCredential FromKeyFile(string path, string? keyId = null)
    {
        var text = ReadFile(path);
        try
        {
            return new AssayCredential(SigningKey.Parse(text, keyId));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}");
        }
    }

    /// <summary>A private key already in memory or in a key store, as <see cref="ECDsa"/> on P-256 or <see cref="RSA"/> of at least 2048 bits. The caller keeps and disposes it.</summary>
    /// <param name="key">The key; it must be safe to use from several threads if the client is.</param>
    /// <param name="keyId">The key's <c>kid</c> at the issuer; its RFC 7638 thumbprint by default.</param>
    /// <exception cref="ArgumentException">The key is of another kind or size, or cannot sign.</exception>
    public static AssayCredential FromPrivateKey(AsymmetricAlgorithm key, string? keyId = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        try
        {
            var signing = SigningKey.From(key, keyId);
            signing.Sign([]); // a public half would fail only at the first token
            return new AssayCredential(signing);
        }
        catch (InvalidDataException e)
        {
            throw new ArgumentException(e.Message, nameof(key));
        }
        catch (CryptographicException e)
        {
            throw new ArgumentException("The key cannot sign; is it only the public half?", nameof(key), e);
        }
    }

    /// <summary>A secret from a file; line ends behind it do not belong to it.</summary>
    /// <exception cref="InvalidDataException">The file is empty or too large.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static AssayCredential FromSecretFile(string path)
    {
        var text = ReadFile(path).TrimEnd('\r', '\n');
        return text.Length > 0 ? new AssayCredential(text) : throw new InvalidDataException($"{path}: The file is empty; a client secret was expected.");
    }

    /// <summary>A secret the issuer made.</summary>
    /// <exception cref="ArgumentException">The secret is empty.</exception>
    public static AssayCredential FromSecret(string secret)
    {
        ArgumentException.ThrowIfNullOrEmpty(secret);
        return new AssayCredential(secret);
    }

    /// <summary>Adds to a token request what proves the client, in the form or in a header.</summary>
    internal void Authenticate(
        HttpRequestMessage request, List<KeyValuePair<string, string>> form, string clientId, string issuer, DateTimeOffset now)
    {
        if (key is not null)
        {
            form.Add(new("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
            form.Add(new("client_assertion", ClientAssertion.Create(key, clientId, issuer, now)));
        }
        else
        {
            request.Headers.Authorization = new("Basic", BasicCredentials(clientId, secret!));
        }
    }

    // RFC 6749 §2.3.1: each part is form-url-encoded first, so that a colon or a space in it survives.
    internal static string BasicCredentials(string clientId, string secret) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes($"{FormEncode(clientId)}:{FormEncode(secret)}"));

    private static string FormEncode(string text) => Uri.EscapeDataString(text).Replace("%20", "+");

    private static string ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var file = File.OpenRead(path);
        var buffer = new byte[MaxFileBytes + 1];
        var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        try
        {
            return length <= MaxFileBytes
                ? Encoding.UTF8.GetString(buffer, 0, length).TrimStart('\ufeff')
                : throw new InvalidDataException($"{path}: The file is over {MaxFileBytes / 1024} KiB; that is no credential.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }
}
