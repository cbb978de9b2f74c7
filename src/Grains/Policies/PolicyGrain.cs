using System.Collections.Immutable;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Grains.Identities;

namespace Assay.Grains.Policies;

/// <summary>Reads the store at every call: it is asked seldom, and what it would cache is in the silo's snapshot anyway.</summary>
[GrainType("policy")]
internal sealed class PolicyGrain(IAuthorityStore store) : Grain, IPolicyGrain
{
    private const int MaxPrevious = 32;

    private string realm = "";
    private string domain = "";

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (realm, domain) = GrainKey.Parse(this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    public async Task<PolicyStored> Store(ReadOnlyMemory<byte> document, string actor)
    {
        PolicyDocument read;
        try
        {
            read = RegistryJson.ReadPolicyDocument(document.Span);
        }
        catch (FormatException fault)
        {
            return new PolicyStored.Refused([fault.Message]);
        }

        var compiled = LoadedPolicySet.Load(read);
        if (compiled.Set is not { } set)
            return new PolicyStored.Refused([.. compiled.Faults.Select(fault => fault.ToString())]);

        var key = SetKey(set.Version);
        if (await store.Read(key, CancellationToken.None) is { IsDeleted: false } present)
            return new PolicyStored.Done(set.Version, present.Number);

        var write = new ObjectWrite(key, 0, RegistryJson.Write(read), []);
        return await store.Commit(new Change([write], actor, "policy set stored"), CancellationToken.None) switch
        {
            CommitResult.Committed done => new PolicyStored.Done(set.Version, done.Number),
            CommitResult.Conflict conflict => new PolicyStored.Done(set.Version, conflict.ActualNumber), // the same content, stored meanwhile
            _ => new PolicyStored.Refused(["the policy set could not be stored"]),
        };
    }

    public async Task<ChangeResult> Activate(string version, string actor)
    {
        if (await store.Read(SetKey(version), CancellationToken.None) is null or { IsDeleted: true })
            return new ChangeResult.Rejected(ChangeFault.NotFound, $"there is no policy set '{version}' in domain '{domain}'");

        var (pointer, number) = await ReadPointer();
        if (pointer?.Active == version)
            return new ChangeResult.Unchanged(number);
        var previous = pointer is null ? [] : pointer.Previous.Insert(0, pointer.Active);
        return await WritePointer(new PolicyPointer(version, Shortened(previous)), number, actor, "policy set activated");
    }

    public async Task<ChangeResult> Rollback(string actor)
    {
        var (pointer, number) = await ReadPointer();
        if (pointer is null || pointer.Previous.IsEmpty)
            return new ChangeResult.Rejected(ChangeFault.NotFound, $"there is no earlier policy set in domain '{domain}' to go back to");
        return await WritePointer(
            new PolicyPointer(pointer.Previous[0], pointer.Previous.RemoveAt(0)), number, actor, "policy set rolled back");
    }

    public async Task<PolicyList> List()
    {
        var (pointer, number) = await ReadPointer();
        var stored = await store.List(realm, ObjectKinds.PolicySet, CancellationToken.None);
        var prefix = domain + "/";
        var versions = stored.Objects
            .Where(set => set.Key.Id.StartsWith(prefix, StringComparison.Ordinal))
            .OrderByDescending(set => set.Number)
            .Select(set => new StoredPolicyVersion(
                set.Key.Id[prefix.Length..],
                set.Number,
                LoadedPolicySet.Load(RegistryJson.ReadPolicyDocument(set.Body.Span)).Set?.Policies.Policies.Length ?? 0));
        return new PolicyList(pointer?.Active, number, pointer?.Previous ?? [], [.. versions]);
    }

    private async Task<(PolicyPointer? Pointer, long Number)> ReadPointer()
    {
        var stored = await store.Read(PointerKey, CancellationToken.None);
        return stored is null or { IsDeleted: true } ? (null, 0) : (RegistryJson.ReadPolicyPointer(stored.Body.Span), stored.Number);
    }

    private async Task<ChangeResult> WritePointer(PolicyPointer pointer, long expected, string actor, string reason) =>
        await store.Commit(new Change([new ObjectWrite(PointerKey, expected, RegistryJson.Write(pointer), [])], actor, reason), CancellationToken.None) switch
        {
            CommitResult.Committed done => new ChangeResult.Done(done.Number),
            _ => new ChangeResult.Rejected(ChangeFault.Conflict, "the domain was changed by someone else meanwhile; look and try again"),
        };

    private ObjectKey PointerKey => new(realm, ObjectKinds.ActivePolicy, domain);

    private ObjectKey SetKey(string version) => new(realm, ObjectKinds.PolicySet, GrainKey.For(domain, version));

    private static ImmutableArray<string> Shortened(ImmutableArray<string> previous) =>
        previous.Length > MaxPrevious ? previous[..MaxPrevious] : previous;
}
