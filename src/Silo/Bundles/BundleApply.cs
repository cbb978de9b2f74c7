using System.Collections.Immutable;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Grains.Policies;

namespace Assay.Silo.Bundles;

/// <summary>
/// Applies a bundle's declarations: plan against one snapshot of the store, then one transaction with version checks. Used by the first start and by
/// the admin API alike.
/// </summary>
internal sealed class BundleApply(IAuthorityStore store, TwoPersonRule rule, SiloIdentity self, TimeProvider clock)
{
    /// <summary>What applying would do, and the version of the store it was compared with.</summary>
    public async Task<BundleComparison> Compare(BundleDeclarations declared, bool prune, CancellationToken cancellationToken)
    {
        var identities = await store.List(self.Realm, ObjectKinds.Identity, cancellationToken);
        var groups = await store.List(self.Realm, ObjectKinds.Group, cancellationToken);
        var apis = await store.List(self.Realm, ObjectKinds.Api, cancellationToken);
        var bundle = await Live(new ObjectKey(self.Realm, ObjectKinds.Bundle, declared.Name), cancellationToken);
        var pointer = await Live(PointerKey, cancellationToken);

        var inForce = pointer is null ? null : RegistryJson.ReadPolicyPointer(pointer.Body.Span);

        var current = new BundleCurrent
        {
            Identities = [.. identities.Objects.Select(stored => RegistryJson.ReadIdentity(stored.Body.Span))],
            Groups = [.. groups.Objects.Select(stored => RegistryJson.ReadGroup(stored.Body.Span))],
            Apis = [.. apis.Objects.Select(stored => RegistryJson.ReadApi(stored.Body.Span))],
            LastDeclared = bundle is null ? null : BundleJson.Decode(bundle.Body),
            ActivePolicyVersion = inForce?.Active,
        };

        var numbers = new Dictionary<ObjectKey, long>();
        foreach (var stored in identities.Objects.Concat(groups.Objects).Concat(apis.Objects))
            numbers[stored.Key] = stored.Number;
        if (bundle is not null)
            numbers[bundle.Key] = bundle.Number;
        if (pointer is not null)
            numbers[pointer.Key] = pointer.Number;

        // Named by its content, so one that is stored needs no writing again.
        var set = declared.Policies is { } policies ? await Live(PolicySetKey(policies.ContentHash()), cancellationToken) : null;
        if (set is not null)
            numbers[set.Key] = set.Number;

        // The newest of all that the plan was computed from: a caller who names it applies what he was shown or nothing.
        var version = numbers.Count == 0 ? 0 : numbers.Values.Max();
        var plan = BundlePlan.Compute(current, declared, prune, clock.GetUtcNow());
        return new BundleComparison(plan, current, inForce, numbers, version, set is not null);
    }

    /// <summary>Why this caller may not put that set in force by applying a bundle; null when it may. The first start does not ask: there is nobody else yet.</summary>
    public Task<string?> Objection(string version, string actor, CancellationToken cancellationToken) =>
        rule.Objection(PolicySetKey(version), version, actor, cancellationToken);

    /// <summary>Writes the plan. Conflict means that something changed between comparing and writing; nothing was written then.</summary>
    public async Task<CommitResult> Write(
        BundleDeclarations declared, BundleComparison comparison, bool activate, string actor, string? reason, CancellationToken cancellationToken)
    {
        var writes = ImmutableArray.CreateBuilder<ObjectWrite>();
        foreach (var step in comparison.Plan.Steps)
        {
            if (step.Policies is null || !comparison.IsPolicySetStored)
                writes.Add(WriteOf(step, comparison));
        }

        if (activate && Activation(declared, comparison) is { } activation)
            writes.Add(activation);
        writes.Add(Put(new ObjectKey(self.Realm, ObjectKinds.Bundle, declared.Name), BundleJson.Encode(declared), comparison));
        foreach (var (ended, why) in Ends(comparison))
            writes.Add(await Revocations.Write(store, self.Realm, ended, why, cancellationToken));
        return await store.Commit(new Change(writes.DrainToImmutable(), actor, reason is null ? $"bundle {declared.Name} applied" : $"bundle {declared.Name} applied: {reason}"), cancellationToken);
    }

    /// <summary>Deleted identities and credentials that are taken away end the tokens they hold, as the calls for it do.</summary>
    private static IEnumerable<(RevocationId Ended, string Reason)> Ends(BundleComparison comparison)
    {
        var present = comparison.Current.Identities.ToDictionary(identity => identity.Id, StringComparer.Ordinal);
        foreach (var step in comparison.Plan.Steps)
        {
            if (step is { Action: BundleAction.Delete, Kind: ObjectKinds.Identity })
                yield return (new RevocationId(RevocationKind.Identity, step.Id), "identity deleted");
            if (step.Identity is not { } next || !present.TryGetValue(step.Id, out var identity))
                continue;

            var left = next.Credentials.Where(credential => credential.RevokedAt is null).Select(credential => credential.Handle).ToHashSet(StringComparer.Ordinal);
            foreach (var credential in identity.Credentials)
            {
                if (credential.RevokedAt is null && !left.Contains(credential.Handle))
                    yield return (new RevocationId(RevocationKind.Credential, credential.Handle), "credential no longer declared");
            }
        }
    }

    private ObjectWrite WriteOf(BundleStep step, BundleComparison comparison)
    {
        var key = step.Kind == ObjectKinds.PolicySet ? PolicySetKey(step.Id) : new ObjectKey(self.Realm, step.Kind, step.Id);
        return step switch
        {
            { Action: BundleAction.Delete } => new ObjectWrite(key, comparison.Numbers[key], null, []),
            { Identity: { } identity } => Put(key, RegistryJson.Write(identity), comparison, IdentityKeys.Unique(identity)),
            { Group: { } group } => Put(key, RegistryJson.Write(group), comparison),
            { Api: { } api } => Put(key, RegistryJson.Write(api), comparison),
            { Policies: { } policies } => Put(key, RegistryJson.Write(policies), comparison),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private ObjectWrite? Activation(BundleDeclarations declared, BundleComparison comparison)
    {
        if (declared.Policies?.ContentHash() is not { } version || version == comparison.Current.ActivePolicyVersion)
            return null;
        ImmutableArray<string> previous = comparison.Pointer is { } pointer ? [pointer.Active, .. pointer.Previous.Take(31)] : [];
        return Put(PointerKey, RegistryJson.Write(new PolicyPointer(version, previous)), comparison);
    }

    private static ObjectWrite Put(ObjectKey key, ReadOnlyMemory<byte> body, BundleComparison comparison, ImmutableArray<string>? uniqueKeys = null) =>
        new(key, comparison.Numbers.GetValueOrDefault(key), body, uniqueKeys ?? []);

    private async Task<StoredObject?> Live(ObjectKey key, CancellationToken cancellationToken) =>
        await store.Read(key, cancellationToken) is { IsDeleted: false } stored ? stored : null;

    private ObjectKey PolicySetKey(string version) => new(self.Realm, ObjectKinds.PolicySet, GrainKey.For(PolicyDomains.Tokens, version));

    private ObjectKey PointerKey => new(self.Realm, ObjectKinds.ActivePolicy, PolicyDomains.Tokens);
}

/// <param name="Pointer">Which policy set is in force, and which were; null when none is.</param>
/// <param name="Numbers">The version of every object the plan was computed from.</param>
/// <param name="Version">The newest of them.</param>
/// <param name="IsPolicySetStored">The declared policies are stored already, in force or not.</param>
internal sealed record BundleComparison(BundlePlan Plan, BundleCurrent Current, PolicyPointer? Pointer, IReadOnlyDictionary<ObjectKey, long> Numbers, long Version, bool IsPolicySetStored);
