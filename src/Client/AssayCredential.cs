using System.Security.Cryptography;

namespace Assay.Client;

/// <summary>
/// What an identity proves itself with: a private key (RFC 7523, <c>private_key_jwt</c>), which never leaves the process, or a secret (RFC 6749 §2.3.1,
/// <c>client_secret_basic</c>), which is sent with every request. <see cref="DefaultAssayCredential"/> looks in several places. Other proofs, such as an
/// identity that the platform gives, derive from this class. Safe for many threads at once; may serve several clients.
/// </summary>
public abstract class AssayCredential
{
    /// <summary>A private key from a file: EC P-256 or RSA of at least 2048 bits, as unencrypted PEM (PKCS#8, SEC 1, PKCS#1) or as a JSON Web Key.</summary>
    /// <remarks>
    /// The file is read now and again for every token request: a new key counts from the next request on. While the file is missing, unreadable or half
    /// written, the last key that could be read is used.
    /// </remarks>
    /// <param name="path">The file.</param>
    /// <param name="keyId">The key's <c>kid</c> at the issuer; by default the JWK's own, or else its RFC 7638 thumbprint.</param>
    /// <exception cref="InvalidDataException">The file holds no such key. The message never quotes it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static AssayCredential FromKeyFile(string path, string? keyId = null) => CredentialFile.Key(path, keyId).Read();

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
            return new KeyCredential(signing);
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
    /// <remarks>The file is read now and again for every token request, as with <see cref="FromKeyFile"/>.</remarks>
    /// <exception cref="InvalidDataException">The file is empty or too large.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static AssayCredential FromSecretFile(string path) => CredentialFile.Secret(path).Read();

    /// <summary>A secret the issuer made.</summary>
    /// <exception cref="ArgumentException">The secret is empty.</exception>
    public static AssayCredential FromSecret(string secret)
    {
        ArgumentException.ThrowIfNullOrEmpty(secret);
        return new SecretCredential(secret);
    }

    /// <summary>Adds to one request, for a token or for several, what proves the client. Called once for every request, never for a token that is held.</summary>
    /// <param name="proof">Says who proves what to whom, and takes the proof.</param>
    /// <param name="cancellationToken">Ends with the time the request may take.</param>
    /// <exception cref="AssayCredentialUnavailableException">There is no such credential here: a chain goes on to its next.</exception>
    public abstract ValueTask ProveAsync(ClientProof proof, CancellationToken cancellationToken);
}

/// <summary>A private key: signs a fresh assertion for every request (RFC 7523 §2.2).</summary>
internal sealed class KeyCredential(SigningKey key) : AssayCredential
{
    public override ValueTask ProveAsync(ClientProof proof, CancellationToken cancellationToken)
    {
        proof.AddField("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        proof.AddField("client_assertion", ClientAssertion.Create(key, proof.ClientId, proof.Issuer, proof.Time));
        return ValueTask.CompletedTask;
    }
}

/// <summary>A secret, sent as <c>client_secret_basic</c>.</summary>
internal sealed class SecretCredential(string secret) : AssayCredential
{
    public override ValueTask ProveAsync(ClientProof proof, CancellationToken cancellationToken)
    {
        proof.SetAuthorization("Basic", Encoded(proof.ClientId, secret));
        return ValueTask.CompletedTask;
    }

    // RFC 6749 §2.3.1: each part is form-url-encoded first, so that a colon or a space in it survives.
    internal static string Encoded(string clientId, string secret) =>
        Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"{FormEncode(clientId)}:{FormEncode(secret)}"));

    private static string FormEncode(string text) => Uri.EscapeDataString(text).Replace("%20", "+");
}
