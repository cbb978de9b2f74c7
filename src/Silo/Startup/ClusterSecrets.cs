using System.Security.Cryptography;
using System.Text;
using Assay.Grains.Authority;
using Assay.Grains.Keys;

namespace Assay.Silo.Startup;

/// <summary>Secrets every silo of the cluster shares, made once and kept wrapped in the store.</summary>
internal sealed class ClusterSecrets(IAuthorityStore store, IKeyVault vault, SiloIdentity self)
{
    private byte[]? jtiKey;
    private byte[]? pepper;

    public byte[] JtiKey => jtiKey ?? throw new InvalidOperationException("the cluster's secrets were not loaded yet");

    /// <summary>Derived: one secret less to lose.</summary>
    public byte[] HandleKey => Derive("assay token handles"u8);

    /// <summary>Under which status lists are named.</summary>
    public byte[] ListNameKey => Derive("assay status list names"u8);

    /// <summary>In which order status lists give out their indices.</summary>
    public byte[] ListOrderKey => Derive("assay status list order"u8);

    /// <summary>Of the names that security events carry.</summary>
    public byte[] EventKey => HKDF.DeriveKey(HashAlgorithmName.SHA256, JtiKey, 32, info: "assay security events"u8.ToArray());

    /// <summary>Names this database and its copies, and no other; says nothing of the secrets.</summary>
    public string DatabaseName => Convert.ToHexStringLower(HKDF.DeriveKey(HashAlgorithmName.SHA256, JtiKey, 16, info: "assay database name"u8.ToArray()));

    /// <summary>Seals the places that callers come back to.</summary>
    public byte[] PageKey => HKDF.DeriveKey(HashAlgorithmName.SHA256, JtiKey, 32, info: "assay page tokens"u8.ToArray());

    public byte[] Pepper => pepper ?? throw new InvalidOperationException("the cluster's secrets were not loaded yet");

    public async Task Load(CancellationToken cancellationToken)
    {
        jtiKey = await Obtain("jti", cancellationToken);
        pepper = await Obtain("pepper", cancellationToken);
    }

    private byte[] Derive(ReadOnlySpan<byte> use) => HKDF.DeriveKey(HashAlgorithmName.SHA256, JtiKey, 32, info: use.ToArray());

    private async Task<byte[]> Obtain(string name, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(self.Realm, ObjectKinds.ClusterSecret, name);
        if (await store.Read(key, cancellationToken) is not { } stored)
        {
            var wrapped = vault.Wrap(key.ToString(), RandomNumberGenerator.GetBytes(32));
            var write = new ObjectWrite(key, 0, Encoding.ASCII.GetBytes(wrapped), []);
            await store.Commit(new Change([write], "system", $"cluster secret {name} made"), cancellationToken);

            // Also when another silo was first: what is stored is what counts.
            stored = await store.Read(key, cancellationToken) ?? throw new InvalidOperationException($"cluster secret '{name}' could not be stored");
        }

        try
        {
            return vault.Unwrap(key.ToString(), Encoding.ASCII.GetString(stored.Body.Span));
        }
        catch (CryptographicException fault)
        {
            throw new InvalidOperationException(
                $"The key-encryption key does not open what is stored ({fault.Message}). Name the file it was made with in {KeyEncryptionKey.FileVariable}; "
                + "a data folder that was moved or copied needs the key of its old place.",
                fault);
        }
    }
}
