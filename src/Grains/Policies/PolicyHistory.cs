using System.Collections.Immutable;
using Assay.Core.Registry;
using Assay.Grains.Authority;

namespace Assay.Grains.Policies;

/// <summary>Reads what happened to the policy sets of a domain out of the store's change log.</summary>
internal sealed class PolicyHistory(IAuthorityStore store, string realm, string domain)
{
    private const int PageSize = 200;

    /// <summary>The newest events with numbers below <paramref name="before"/>, newest first.</summary>
    public async Task<ImmutableArray<PolicyEvent>> Read(long before, int limit)
    {
        var changes = (await Storings(before, limit))
            .AddRange(await store.Changes(realm, ObjectKinds.ActivePolicy, domain, 0, before, limit, CancellationToken.None))
            .AddRange(await store.Changes(realm, ObjectKinds.ShadowPolicy, domain, 0, before, limit, CancellationToken.None));

        var events = ImmutableArray.CreateBuilder<PolicyEvent>();
        foreach (var change in changes.OrderByDescending(change => change.Number).ThenBy(change => change.Key.Kind, StringComparer.Ordinal).Take(limit))
        {
            if (await Event(change) is { } found)
                events.Add(found);
        }

        return events.DrainToImmutable();
    }

    private async Task<ImmutableArray<ObjectChange>> Storings(long before, int limit)
    {
        // The log is of both domains' sets.
        var storings = ImmutableArray<ObjectChange>.Empty;
        while (storings.Length < limit)
        {
            var page = await store.Changes(realm, ObjectKinds.PolicySet, null, 0, before, PageSize, CancellationToken.None);
            storings = storings.AddRange(page.Where(change => change.Key.Id.StartsWith(domain + "/", StringComparison.Ordinal)));
            if (page.Length < PageSize)
                break;
            before = page[^1].Number;
        }

        return storings;
    }

    private async Task<PolicyEvent?> Event(ObjectChange change)
    {
        var (what, reason) = PolicyReasons.Read(change.Reason);
        PolicyEvent Of(PolicyEventKind kind, string version, string own) =>
            new(kind, version, change.Actor, change.At, reason, what == own ? null : what, change.Number);

        switch (change.Key.Kind)
        {
            case ObjectKinds.PolicySet:
                return Of(PolicyEventKind.Stored, change.Key.Id[(domain.Length + 1)..], PolicyReasons.Stored);
            case ObjectKinds.ActivePolicy:
                return await Body(change) is not { } active ? null
                    : what == PolicyReasons.RolledBack ? Of(PolicyEventKind.RolledBack, RegistryJson.ReadPolicyPointer(active.Span).Active, what)
                    : Of(PolicyEventKind.Activated, RegistryJson.ReadPolicyPointer(active.Span).Active, PolicyReasons.Activated);
            default:
                return change.IsDeletion && what == PolicyReasons.Activated ? null // the activation is an event of its own, and says it
                    : change.IsDeletion ? Of(PolicyEventKind.ShadowEnded, await ShadowBefore(change), PolicyReasons.ShadowEnded)
                    : await Body(change) is not { } shadow ? null
                    : Of(PolicyEventKind.Shadowed, RegistryJson.ReadShadowPointer(shadow.Span).Version, PolicyReasons.Shadowed);
        }
    }

    private async Task<string> ShadowBefore(ObjectChange change) =>
        await store.ReadAsOf(change.Key, change.Number - 1, CancellationToken.None) is { IsDeleted: false } before
            ? RegistryJson.ReadShadowPointer(before.Body.Span).Version
            : "";

    private async Task<ReadOnlyMemory<byte>?> Body(ObjectChange change) =>
        await store.ReadAsOf(change.Key, change.Number, CancellationToken.None) is { IsDeleted: false } found ? found.Body : null;
}
