using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;

namespace Assay.Silo.Admin.Explaining;

/// <summary>What was in force at a feed number: every version that a record refers to is kept.</summary>
internal sealed class History(IAuthorityStore store, SiloIdentity self)
{
    public async Task<Identity?> Identity(string id, long number, CancellationToken cancellationToken) =>
        await store.ReadAsOf(new ObjectKey(self.Realm, ObjectKinds.Identity, id), number, cancellationToken) is { IsDeleted: false } found
            ? RegistryJson.ReadIdentity(found.Body.Span)
            : null;

    public async Task<DirectorySnapshot> Directory(long number, CancellationToken cancellationToken)
    {
        var groups = await store.ListAsOf(self.Realm, ObjectKinds.Group, number, cancellationToken);
        var apis = await store.ListAsOf(self.Realm, ObjectKinds.Api, number, cancellationToken);
        return DirectorySnapshot.Of(
            groups.Objects.Select(found => RegistryJson.ReadGroup(found.Body.Span)),
            apis.Objects.Select(found => RegistryJson.ReadApi(found.Body.Span)));
    }

    /// <exception cref="InvalidDataException">It was changed at rest: its content is not what its version says.</exception>
    public async Task<LoadedPolicySet?> Policies(string domain, string version, CancellationToken cancellationToken)
    {
        var set = await PoliciesAsTheyLie(domain, version, cancellationToken);
        return set is null || set.Version == version
            ? set
            : throw new InvalidDataException($"policy set {version} of domain {domain} was changed at rest: its content is {set.Version}");
    }

    /// <summary>What is stored under the name of a policy set, for who compares its <see cref="LoadedPolicySet.Version"/> with that name.</summary>
    public async Task<LoadedPolicySet?> PoliciesAsTheyLie(string domain, string version, CancellationToken cancellationToken) =>
        await store.Read(new ObjectKey(self.Realm, ObjectKinds.PolicySet, GrainKey.For(domain, version)), cancellationToken) is { IsDeleted: false } found
            ? LoadedPolicySet.LoadStored(RegistryJson.ReadPolicyDocument(found.Body.Span)).Set
            : null;
}
