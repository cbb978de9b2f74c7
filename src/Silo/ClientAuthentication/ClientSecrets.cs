using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Assay.Grains.Identities;

namespace Assay.Silo.ClientAuthentication;

/// <summary>
/// Client secrets are 256 random bits that we make, so a keyed hash keeps them as safe as a slow one would, at a thousandth of the cost. The
/// pepper is a cluster secret, wrapped at rest.
/// </summary>
internal sealed class ClientSecrets(byte[] pepper) : ISecretMaker
{
    public const string Prefix = "assay_secret_";

    /// <summary>Ours have 56 bytes.</summary>
    private const int MaxLength = 256;

    // Setting up the algorithm costs OpenSSL more than hashing does, so each thread keeps one.
    private readonly ThreadLocal<IncrementalHash> keyed = new(() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, pepper));

    public (string Handle, string Secret, string Hash) Make()
    {
        var secret = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var handle = "secret-" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(12));
        Span<byte> hash = stackalloc byte[32];
        Hash(Encoding.ASCII.GetBytes(secret), hash);
        return (handle, secret, Base64Url.EncodeToString(hash));
    }

    /// <summary>The credential whose secret this is; null when none. Compares in constant time.</summary>
    /// <param name="secret">UTF-8.</param>
    public ClientSecret? Match(RegisteredClient client, ReadOnlySpan<byte> secret)
    {
        if (secret.Length > MaxLength)
            return null;
        Span<byte> hash = stackalloc byte[32];
        Hash(secret, hash);
        ClientSecret? found = null;
        foreach (var candidate in client.Secrets)
        {
            if (CryptographicOperations.FixedTimeEquals(candidate.Hash, hash))
                found = candidate;
        }

        return found;
    }

    private void Hash(ReadOnlySpan<byte> secret, Span<byte> hash)
    {
        var hmac = keyed.Value!;
        hmac.AppendData(secret);
        hmac.GetHashAndReset(hash);
    }
}
