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

    // Setting up the algorithm costs OpenSSL more than hashing does, so each thread keeps one.
    private readonly ThreadLocal<IncrementalHash> keyed = new(() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, pepper));

    public (string Handle, string Secret, string Hash) Make()
    {
        var secret = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var handle = "secret-" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(12));
        Span<byte> hash = stackalloc byte[32];
        Hash(secret, hash);
        return (handle, secret, Base64Url.EncodeToString(hash));
    }

    /// <summary>The credential whose secret this is; null when none. Compares in constant time.</summary>
    public ClientSecret? Match(RegisteredClient client, string secret)
    {
        if (secret.Length > 256)
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

    private void Hash(string secret, Span<byte> hash)
    {
        Span<byte> utf8 = stackalloc byte[1024];
        var length = Encoding.UTF8.GetBytes(secret, utf8);
        var hmac = keyed.Value!;
        hmac.AppendData(utf8[..length]);
        hmac.GetHashAndReset(hash);
    }
}
