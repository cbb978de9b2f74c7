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
internal sealed class FirstStart(IAuthorityStore store, BundleApply bundles, DataFolder folder, SiloIdentity self, TimeProvider clock)
{
    /// <summary>The identity that the bundle's first generated key belongs to, for the command to paste; null without one.</summary>
    public async Task Run(string? bundleFolder, CancellationToken cancellationToken)
    {
        await PutBuiltIn(cancellationToken);
        PrivateFile.Write(Path.Combine(folder.Folder, "server.json"), $$"""{"issuer":"{{self.Issuer}}"}""" + "\n");

        var apis = await store.List(self.Realm, ObjectKinds.Api, cancellationToken);
        if (bundleFolder is not null && apis.Objects.All(api => api.Key.Id == BuiltIn.AdminResource))
            await ApplyBundle(bundleFolder, cancellationToken);
    }

    private async Task PutBuiltIn(CancellationToken cancellationToken)
    {
        var jwk = ClientKeyFile.PublicJwkOf(Path.Combine(folder.Folder, "bootstrap.jwk"));
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

        var version = BuiltIn.AdminPolicies.ContentHash();
        var writes = ImmutableArray.CreateBuilder<ObjectWrite>();
        foreach (var group in BuiltIn.Groups)
            await Follow(writes, ObjectKinds.Group, group.Uid.ToString(), RegistryJson.Write(group), cancellationToken);
        await Follow(writes, ObjectKinds.Api, BuiltIn.AdminResource, RegistryJson.Write(BuiltIn.AdminApi), cancellationToken);
        await Follow(writes, ObjectKinds.PolicySet, GrainKey.For(PolicyDomains.Admin, version), RegistryJson.Write(BuiltIn.AdminPolicies), cancellationToken);
        await Follow(writes, ObjectKinds.ActivePolicy, PolicyDomains.Admin, RegistryJson.Write(new PolicyPointer(version, [])), cancellationToken);

        // Made once: what an administrator did to it afterwards stays, its end included.
        var identity = new ObjectKey(self.Realm, ObjectKinds.Identity, BuiltIn.BootstrapIdentity);
        if (await store.Read(identity, cancellationToken) is null)
            writes.Add(new ObjectWrite(identity, 0, RegistryJson.Write(administrator), IdentityKeys.Unique(administrator)));
        if (writes.Count > 0)
            Expect(await store.Commit(new Change(writes.DrainToImmutable(), "system", "built-in objects"), cancellationToken), "the built-in objects");
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

    private async Task ApplyBundle(string bundleFolder, CancellationToken cancellationToken)
    {
        var reading = BundleReader.Read(bundleFolder);
        if (reading.Declarations is not { } declared)
            throw new InvalidOperationException($"The bundle '{bundleFolder}' has faults:\n" + string.Join('\n', reading.Faults));

        Directory.CreateDirectory(folder.KeysFolder);
        foreach (var identity in declared.Generate)
            declared = declared.WithKey(identity, ClientKeyFile.PublicJwkOf(Path.Combine(folder.KeysFolder, ClientKeyFile.NameFor(identity))));

        var comparison = await bundles.Compare(declared, prune: false, cancellationToken);
        if (!comparison.Plan.Faults.IsEmpty)
            throw new InvalidOperationException($"The bundle '{bundleFolder}' cannot be applied:\n" + string.Join('\n', comparison.Plan.Faults));
        Expect(await bundles.Write(declared, comparison, activate: true, "system", cancellationToken), $"the bundle '{bundleFolder}'");
    }

    private static void Expect(CommitResult result, string what)
    {
        if (result is not CommitResult.Committed)
            throw new InvalidOperationException($"Storing {what} failed: {result}");
    }
}
