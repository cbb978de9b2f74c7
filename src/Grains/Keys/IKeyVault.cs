namespace Assay.Grains.Keys;

/// <summary>Wraps secrets for rest under a key-encryption key that is not stored beside them.</summary>
public interface IKeyVault
{
    /// <param name="name">Bound to the ciphertext: unwrapping under another name fails.</param>
    string Wrap(string name, ReadOnlySpan<byte> secret);

    /// <exception cref="System.Security.Cryptography.CryptographicException">Another key-encryption key, another name, or changed at rest.</exception>
    byte[] Unwrap(string name, string wrapped);
}
