using Assay.Core.Jose;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;

namespace Assay.Silo.Startup;

/// <summary>
/// The private key of the first administrator. The silo that makes the identity makes the key, in its own data folder; of several that start on
/// an empty store at once one makes the identity, and only its file counts.
/// </summary>
internal sealed class BootstrapKey(DataFolder folder, IAuthorityStore store, SiloIdentity self)
{
    public string File => Path.Combine(folder.Folder, "bootstrap.jwk");

    /// <summary>The identity as it stands; null while there is none.</summary>
    public async Task<Identity?> Holder(CancellationToken cancellationToken) =>
        await store.Read(new ObjectKey(self.Realm, ObjectKinds.Identity, BuiltIn.BootstrapIdentity), cancellationToken) is { IsDeleted: false } stored
            ? RegistryJson.ReadIdentity(stored.Body.Span)
            : null;

    /// <summary>The file when it opens the admin API; null when there is none here, or its key is nobody's or revoked.</summary>
    public async Task<string?> InForce(CancellationToken cancellationToken)
    {
        if (!System.IO.File.Exists(File) || await Holder(cancellationToken) is not { DisabledAt: null } holder)
            return null;
        var (jwk, _) = ClientKeyFile.PublicJwkOf(File);
        var handle = JsonWebKey.ParsePublic(jwk, out _)!.Thumbprint;
        return holder.Credentials.Any(credential => credential.Handle == handle && credential.RevokedAt is null) ? File : null;
    }
}
