using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Assay.Grains.Keys;

namespace Assay.Silo.Signing;

/// <summary>
/// Private keys and cluster secrets at rest: AES-256-GCM under the key-encryption key, the name of what is wrapped as associated data, so that
/// one ciphertext cannot stand in for another. The key-encryption key comes from outside the data folder.
/// </summary>
internal sealed class KeyVault : IKeyVault, IDisposable
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private readonly byte[] keyEncryptionKey;

    /// <param name="keyEncryptionKey">32 bytes.</param>
    public KeyVault(ReadOnlySpan<byte> keyEncryptionKey)
    {
        if (keyEncryptionKey.Length != 32)
            throw new ArgumentException("the key-encryption key must have 32 bytes", nameof(keyEncryptionKey));
        this.keyEncryptionKey = keyEncryptionKey.ToArray();
    }

    public string Wrap(string name, ReadOnlySpan<byte> secret)
    {
        var wrapped = new byte[NonceBytes + secret.Length + TagBytes];
        var nonce = wrapped.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = Cipher();
        cipher.Encrypt(nonce, secret, wrapped.AsSpan(NonceBytes, secret.Length), wrapped.AsSpan(NonceBytes + secret.Length), Encoding.UTF8.GetBytes(name));
        return Base64Url.EncodeToString(wrapped);
    }

    public byte[] Unwrap(string name, string wrapped)
    {
        var bytes = Base64Url.DecodeFromChars(wrapped);
        if (bytes.Length < NonceBytes + TagBytes)
            throw new CryptographicException($"'{name}' is too short to have been wrapped by this vault");

        var secret = new byte[bytes.Length - NonceBytes - TagBytes];
        using var cipher = Cipher();
        try
        {
            cipher.Decrypt(
                bytes.AsSpan(0, NonceBytes), bytes.AsSpan(NonceBytes, secret.Length), bytes.AsSpan(NonceBytes + secret.Length), secret, Encoding.UTF8.GetBytes(name));
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new CryptographicException($"'{name}' cannot be unwrapped: the key-encryption key is not the one it was wrapped with, or it was changed at rest");
        }

        return secret;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(keyEncryptionKey);

    /// <summary>One a call: two threads in the same one spoil each other's result, and whoever wraps seldom need not be fast.</summary>
    private AesGcm Cipher() => new(keyEncryptionKey, TagBytes);
}
