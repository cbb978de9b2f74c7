using System.Collections.Immutable;
using Assay.Bundle;
using Assay.Core.Jose;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Bundles;
using Assay.Silo.Storage.Sqlite;

namespace Assay.Silo.Startup;

/// <summary>
/// Before the silo takes a lease: the built-in objects, the bootstrap credential, and on an empty store the bundle. Safe to repeat at every
/// start, and after a crash at any point of it.
/// </summary>
internal sealed class FirstStart(IAuthorityStore store, BundleApply bundles, BootstrapKey bootstrap, DataFolder folder, SiloIdentity self, TimeProvider clock)
{
    /// <summary>Each time another silo was first, one of them got further.</summary>
    private const int MaxTries = 20;

    public async Task Run(string? bundleFolder, CancellationToken cancellationToken)
    {
        await PutBuiltIn(cancellationToken);
        PrivateFile.Write(Path.Combine(folder.Folder, "server.json"), $$"""{"issuer":"{{self.Issuer}}"}""" + "\n");
        if (bundleFolder is not null)
            await ApplyBundle(bundleFolder, cancellationToken);
    }

    private async Task PutBuiltIn(CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var writes = ImmutableArray.CreateBuilder<ObjectWrite>();
            var version = BuiltIn.AdminPolicies.ContentHash();
            foreach (var group in BuiltIn.Groups)
                await Follow(writes, ObjectKinds.Group, group.Uid.ToString(), RegistryJson.Write(group), cancellationToken);
            foreach (var api in BuiltIn.Apis)
                await Follow(writes, ObjectKinds.Api, api.Resource, RegistryJson.Write(api), cancellationToken);
            await Follow(writes, ObjectKinds.PolicySet, GrainKey.For(PolicyDomains.Admin, version), RegistryJson.Write(BuiltIn.AdminPolicies), cancellationToken);
            await Follow(writes, ObjectKinds.ActivePolicy, PolicyDomains.Admin, RegistryJson.Write(new PolicyPointer(version, [])), cancellationToken);
            var madeKey = await Bootstrap(writes, cancellationToken);
            if (writes.Count == 0 || await store.Commit(new Change(writes.DrainToImmutable(), "system", "built-in objects"), cancellationToken) is CommitResult.Committed)
                return;

            // Another silo was first: what it stored counts, and a key that nobody holds is of no use.
            if (madeKey)
                File.Delete(bootstrap.File);
        }

        throw new InvalidOperationException("Storing the built-in objects failed: others keep changing them.");
    }

    /// <summary>Made once: what an administrator did to it afterwards stays, its end included. True when the key file was made now.</summary>
    private async Task<bool> Bootstrap(ImmutableArray<ObjectWrite>.Builder writes, CancellationToken cancellationToken)
    {
        var identity = new ObjectKey(self.Realm, ObjectKinds.Identity, BuiltIn.BootstrapIdentity);
        if (await store.Read(identity, cancellationToken) is not null)
            return false;

        // The file first: an identity whose key nobody has could never be used.
        var (jwk, isNew) = ClientKeyFile.PublicJwkOf(bootstrap.File);
        var key = JsonWebKey.ParsePublic(jwk, out _)!;
        var administrator = new Identity
        {
            Id = BuiltIn.BootstrapIdentity,
            Name = "Bootstrap administrator",
            Owner = "whoever started the first silo",
            DefaultResource = BuiltIn.AdminResource,
            Credentials = [new Credential { Handle = key.Thumbprint, Kind = CredentialKind.PublicKey, PublicJwk = jwk, CreatedAt = clock.GetUtcNow() }],
            Memberships = [new Membership { Group = BuiltIn.AdminRole }],
        };
        writes.Add(new ObjectWrite(identity, 0, RegistryJson.Write(administrator), IdentityKeys.Unique(administrator)));
        return isNew;
    }

    /// <summary>The program's own objects follow the program.</summary>
    private async Task Follow(
        ImmutableArray<ObjectWrite>.Builder writes, string kind, string id, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(self.Realm, kind, id);
        var present = await store.Read(key, cancellationToken);
        if (present is { IsDeleted: false } && present.Body.Span.SequenceEqual(body.Span))
            return;
        writes.Add(new ObjectWrite(key, present is { IsDeleted: false } ? present.Number : 0, body, []));
    }

    /// <summary>On a store without APIs of anybody's own; the first of several silos does it.</summary>
    private async Task ApplyBundle(string bundleFolder, CancellationToken cancellationToken)
    {
        if (!await IsEmpty(cancellationToken))
            return;

        var reading = BundleReader.Read(bundleFolder);
        if (reading.Declarations is not { } declared)
            throw new InvalidOperationException($"The bundle '{bundleFolder}' has faults:\n" + string.Join('\n', reading.Faults));

        Directory.CreateDirectory(folder.KeysFolder);
        var made = new List<string>();
        foreach (var identity in declared.Generate)
        {
            var file = Path.Combine(folder.KeysFolder, ClientKeyFile.NameFor(identity));
            var (jwk, isNew) = ClientKeyFile.PublicJwkOf(file);
            declared = declared.WithKey(identity, jwk);
            if (isNew)
                made.Add(file);
        }

        for (var tries = 0; tries < MaxTries; tries++)
        {
            var comparison = await bundles.Compare(declared, prune: false, cancellationToken);

            // Asked after the comparison, whose versions the commit checks: what another silo stored before this line is seen here, and what it stores
            // after it makes the commit fail.
            if (!await IsEmpty(cancellationToken))
            {
                foreach (var file in made)
                    File.Delete(file); // the other silo's keys are the ones that count
                return;
            }

            if (!comparison.Plan.Faults.IsEmpty)
                throw new InvalidOperationException($"The bundle '{bundleFolder}' cannot be applied:\n" + string.Join('\n', comparison.Plan.Faults));
            if (await bundles.Write(declared, comparison, activate: true, "system", null, cancellationToken) is CommitResult.Committed)
                return;
        }

        throw new InvalidOperationException($"Storing the bundle '{bundleFolder}' failed: others keep changing what it is compared with.");
    }

    private async Task<bool> IsEmpty(CancellationToken cancellationToken) =>
        (await store.List(self.Realm, ObjectKinds.Api, cancellationToken)).Objects.All(static stored => BuiltIn.Apis.Any(api => api.Resource == stored.Key.Id));
}
