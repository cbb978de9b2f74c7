using System.Collections.Immutable;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Grains.Identities;

namespace Assay.Grains.Policies;

/// <summary>Reads the store at every call: it is asked seldom, and what it would cache is in the silo's snapshot anyway.</summary>
[GrainType("policy")]
internal sealed class PolicyGrain(IAuthorityStore store, TwoPersonRule rule) : Grain, IPolicyGrain
{
    private const int MaxPrevious = 32;
    private const int MaxEvents = 200;

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

        var loaded = LoadedPolicySet.Load(read);
        if (loaded.Set is not { } set)
            return new PolicyStored.Refused([.. loaded.Faults.Select(fault => fault.ToString())]);

        ImmutableArray<string> warnings = [.. loaded.Warnings.Select(warning => warning.ToString())];
        var key = SetKey(set.Version);
        if (await store.Read(key, CancellationToken.None) is { IsDeleted: false } present)
            return new PolicyStored.Done(set.Version, present.Number, warnings);

        var write = new ObjectWrite(key, 0, RegistryJson.Write(read), []);
        return await store.Commit(new Change([write], actor, PolicyReasons.Stored), CancellationToken.None) switch
        {
            CommitResult.Committed done => new PolicyStored.Done(set.Version, done.Number, warnings),
            CommitResult.Conflict conflict => new PolicyStored.Done(set.Version, conflict.ActualNumber, warnings), // the same content, stored meanwhile
            _ => new PolicyStored.Refused(["the policy set could not be stored"]),
        };
    }

    public async Task<ChangeResult> Activate(string version, string actor, string? reason)
    {
        if (!await IsStored(version))
            return NotStored(version);

        var (pointer, number) = await ReadPointer();
        if (pointer?.Active == version)
            return new ChangeResult.Unchanged(number);
        if (await rule.Objection(SetKey(version), version, actor, CancellationToken.None) is { } objection)
            return new ChangeResult.Rejected(ChangeFault.Forbidden, objection);

        var previous = pointer is null ? [] : pointer.Previous.Insert(0, pointer.Active);
        var activation = new ObjectWrite(PointerKey, number, RegistryJson.Write(new PolicyPointer(version, Shortened(previous))), []);
        var (shadow, since) = await ReadShadow();
        return await Commit(
            shadow?.Version == version ? [activation, new ObjectWrite(ShadowKey, since, null, [])] : [activation], actor, PolicyReasons.Of(PolicyReasons.Activated, reason));
    }

    public async Task<ChangeResult> Rollback(string actor, string? reason)
    {
        var (pointer, number) = await ReadPointer();
        if (pointer is null || pointer.Previous.IsEmpty)
            return new ChangeResult.Rejected(ChangeFault.NotFound, $"there is no earlier policy set in domain '{domain}' to go back to");

        var back = new PolicyPointer(pointer.Previous[0], pointer.Previous.RemoveAt(0));
        return await Commit([new ObjectWrite(PointerKey, number, RegistryJson.Write(back), [])], actor, PolicyReasons.Of(PolicyReasons.RolledBack, reason));
    }

    public async Task<ChangeResult> Shadow(string version, string actor, string? reason)
    {
        if (!await IsStored(version))
            return NotStored(version);
        if ((await ReadPointer()).Pointer?.Active == version)
            return new ChangeResult.Rejected(ChangeFault.Invalid, $"policy set '{version}' is in force in domain '{domain}': there is nothing to compare it with");

        var (shadow, number) = await ReadShadow();
        return shadow?.Version == version
            ? new ChangeResult.Unchanged(number)
            : await Commit(
                [new ObjectWrite(ShadowKey, number, RegistryJson.Write(new ShadowPointer(version)), [])], actor, PolicyReasons.Of(PolicyReasons.Shadowed, reason));
    }

    public async Task<ChangeResult> EndShadow(string actor, string? reason)
    {
        var (shadow, number) = await ReadShadow();
        return shadow is null
            ? new ChangeResult.Unchanged(0)
            : await Commit([new ObjectWrite(ShadowKey, number, null, [])], actor, PolicyReasons.Of(PolicyReasons.ShadowEnded, reason));
    }

    public Task<ImmutableArray<PolicyEvent>> History(long before, int limit) => new PolicyHistory(store, realm, domain).Read(before, Math.Clamp(limit, 1, MaxEvents));

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
                LoadedPolicySet.LoadStored(RegistryJson.ReadPolicyDocument(set.Body.Span)).Set?.Policies.Policies.Length ?? 0));
        return new PolicyList(pointer?.Active, number, pointer?.Previous ?? [], [.. versions], await ShadowEvent());
    }

    private async Task<(PolicyPointer? Pointer, long Number)> ReadPointer()
    {
        var stored = await store.Read(PointerKey, CancellationToken.None);
        return stored is null or { IsDeleted: true } ? (null, 0) : (RegistryJson.ReadPolicyPointer(stored.Body.Span), stored.Number);
    }

    private async Task<(ShadowPointer? Pointer, long Number)> ReadShadow()
    {
        var stored = await store.Read(ShadowKey, CancellationToken.None);
        return stored is null or { IsDeleted: true } ? (null, 0) : (RegistryJson.ReadShadowPointer(stored.Body.Span), stored.Number);
    }

    private async Task<PolicyEvent?> ShadowEvent()
    {
        var (shadow, number) = await ReadShadow();
        if (shadow is null)
            return null;

        var changes = await store.Changes(realm, ObjectKinds.ShadowPolicy, domain, number - 1, number + 1, 1, CancellationToken.None);
        return changes.IsEmpty
            ? null
            : new PolicyEvent(PolicyEventKind.Shadowed, shadow.Version, changes[0].Actor, changes[0].At, PolicyReasons.Read(changes[0].Reason).Reason, null, number);
    }

    private async Task<bool> IsStored(string version) => await store.Read(SetKey(version), CancellationToken.None) is { IsDeleted: false };

    private ChangeResult.Rejected NotStored(string version) => new(ChangeFault.NotFound, $"there is no policy set '{version}' in domain '{domain}'");

    private async Task<ChangeResult> Commit(ImmutableArray<ObjectWrite> writes, string actor, string reason) =>
        await store.Commit(new Change(writes, actor, reason), CancellationToken.None) switch
        {
            CommitResult.Committed done => new ChangeResult.Done(done.Number),
            _ => new ChangeResult.Rejected(ChangeFault.Conflict, "the domain was changed by someone else meanwhile; look and try again"),
        };

    private ObjectKey PointerKey => new(realm, ObjectKinds.ActivePolicy, domain);

    private ObjectKey ShadowKey => new(realm, ObjectKinds.ShadowPolicy, domain);

    private ObjectKey SetKey(string version) => new(realm, ObjectKinds.PolicySet, GrainKey.For(domain, version));

    private static ImmutableArray<string> Shortened(ImmutableArray<string> previous) =>
        previous.Length > MaxPrevious ? previous[..MaxPrevious] : previous;
}
