using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Core.Shadowing;
using Assay.Core.Tokens;
using Assay.Grains.Policies;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Assay.Grains.Authority;

/// <summary>
/// Builds a silo's snapshot from the store. Only the kinds that the entries name are read again; a policy set that is already compiled stays, and
/// revocations are taken from the entries themselves.
/// </summary>
internal sealed class StoreSnapshotLoader(IAuthorityStore store, TokenHandles handles, IOptions<AuthorityOptions> options, ILogger<StoreSnapshotLoader> log) : ISnapshotLoader
{
    private readonly string realm = options.Value.Realm;

    public async Task<SiloSnapshot> Load(
        SiloSnapshot? previous, ImmutableArray<FeedEntry> entries, long head, DateTimeOffset refreshedAt, CancellationToken cancellationToken)
    {
        var kinds = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            foreach (var key in entry.Keys)
            {
                if (key.Realm == realm)
                    kinds.Add(key.Kind);
            }
        }

        var directory = previous is null || kinds.Contains(ObjectKinds.Group) || kinds.Contains(ObjectKinds.Api)
            ? await Directory(head, cancellationToken)
            : previous.Directory;
        var policies = previous is null || kinds.Contains(ObjectKinds.ActivePolicy)
            ? await Policies(previous, head, cancellationToken)
            : previous.Policies;
        var keys = previous is null || kinds.Contains(ObjectKinds.SigningKey)
            ? await Keys(head, cancellationToken)
            : previous.Keys;
        var shadows = previous is null || kinds.Contains(ObjectKinds.ShadowPolicy)
            ? await Shadows(previous, head, cancellationToken)
            : previous.Shadows;
        var revocations = previous is null ? await Revocations(head, refreshedAt, cancellationToken) : previous.Revocations.Next(Revocations(entries, refreshedAt), refreshedAt);
        var timelines = previous is null ? await Timelines(head, cancellationToken) : previous.Timelines;
        return new SiloSnapshot(head, directory, policies, keys, refreshedAt) { Shadows = shadows, Revocations = revocations, Timelines = timelines };
    }

    private async Task<Timelines> Timelines(long head, CancellationToken cancellationToken)
    {
        var stored = await store.ListAsOf(ObjectKey.NoRealm, ObjectKinds.Timeline, head, cancellationToken);
        return Core.Tokens.Timelines.Of(stored.Objects.Select(timeline => RegistryJson.ReadTimeline(timeline.Body.Span)));
    }

    /// <summary>Those that can still matter, from the change log.</summary>
    private async Task<RevocationSet> Revocations(long head, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var found = new List<RevocationEntry>();
        foreach (var (id, number, at) in await Authority.Revocations.Recent(store, realm, head, now - RevocationSet.Retention, cancellationToken))
            found.Add(Entry(id, number, at));
        found.Sort(static (a, b) => a.LearnedAt.CompareTo(b.LearnedAt));
        return RevocationSet.Empty.Next(CollectionsMarshal.AsSpan(found), now);
    }

    private RevocationEntry[] Revocations(ImmutableArray<FeedEntry> entries, DateTimeOffset now)
    {
        List<RevocationEntry>? found = null;
        foreach (var entry in entries)
        {
            foreach (var key in entry.Keys)
            {
                if (key.Kind == ObjectKinds.Revocation && key.Realm == realm)
                    (found ??= []).Add(Entry(Authority.Revocations.IdOf(key), entry.Number, now));
            }
        }

        return found is null ? [] : [.. found];
    }

    private RevocationEntry Entry(RevocationId id, long number, DateTimeOffset learnedAt) => new(handles.Of(id.Kind, id.Name), number, id.Window, learnedAt);

    private async Task<DirectorySnapshot> Directory(long head, CancellationToken cancellationToken)
    {
        var groups = await store.ListAsOf(realm, ObjectKinds.Group, head, cancellationToken);
        var apis = await store.ListAsOf(realm, ObjectKinds.Api, head, cancellationToken);
        return DirectorySnapshot.Of(
            groups.Objects.Select(stored => RegistryJson.ReadGroup(stored.Body.Span)),
            apis.Objects.Select(stored => RegistryJson.ReadApi(stored.Body.Span)));
    }

    private async Task<ImmutableDictionary<string, ActivePolicy>> Policies(SiloSnapshot? previous, long head, CancellationToken cancellationToken)
    {
        var active = ImmutableDictionary.CreateBuilder<string, ActivePolicy>(StringComparer.Ordinal);
        var pointers = await store.ListAsOf(realm, ObjectKinds.ActivePolicy, head, cancellationToken);
        foreach (var stored in pointers.Objects)
        {
            var domain = stored.Key.Id;
            var key = GrainKey.For(realm, domain);
            var version = RegistryJson.ReadPolicyPointer(stored.Body.Span).Active;
            var compiled = previous?.Policies.GetValueOrDefault(key) is { } present && present.Version == version
                ? present.Policies
                : await Compile(domain, version, cancellationToken);
            active[key] = new ActivePolicy(domain, version, compiled, stored.Number);
        }

        return active.ToImmutable();
    }

    /// <summary>A shadow that cannot be used is left out: it must not keep this silo from following the feed.</summary>
    private async Task<ImmutableDictionary<string, ShadowPolicy>> Shadows(SiloSnapshot? previous, long head, CancellationToken cancellationToken)
    {
        var shadows = ImmutableDictionary.CreateBuilder<string, ShadowPolicy>(StringComparer.Ordinal);
        var pointers = await store.ListAsOf(realm, ObjectKinds.ShadowPolicy, head, cancellationToken);
        foreach (var stored in pointers.Objects)
        {
            var domain = stored.Key.Id;
            var key = GrainKey.For(realm, domain);
            if (previous?.Shadows.GetValueOrDefault(key) is { } present && present.Number == stored.Number)
            {
                shadows[key] = present;
                continue;
            }

            try
            {
                var version = RegistryJson.ReadShadowPointer(stored.Body.Span).Version;
                shadows[key] = new ShadowPolicy(domain, new ShadowPolicySet(await Compile(domain, version, cancellationToken)), stored.Number);
            }
            catch (Exception fault) when (fault is InvalidDataException or FormatException)
            {
                Log.ShadowNotLoaded(log, fault, domain);
            }
        }

        return shadows.ToImmutable();
    }

    private async Task<LoadedPolicySet> Compile(string domain, string version, CancellationToken cancellationToken)
    {
        var stored = await store.Read(new ObjectKey(realm, ObjectKinds.PolicySet, GrainKey.For(domain, version)), cancellationToken)
            ?? throw new InvalidDataException($"policy set {version} of domain {domain} is in use and not in the store");
        var document = RegistryJson.ReadPolicyDocument(stored.Body.Span);
        if (document.ContentHash() != version)
            throw new InvalidDataException($"policy set {version} of domain {domain} was changed at rest: its content is {document.ContentHash()}");
        var compiled = LoadedPolicySet.LoadStored(document);
        return compiled.Set ?? throw new InvalidDataException($"policy set {version} of domain {domain} does not load: {compiled.Faults[0]}");
    }

    private async Task<ImmutableArray<SigningKey>> Keys(long head, CancellationToken cancellationToken)
    {
        var stored = await store.ListAsOf(realm, ObjectKinds.SigningKey, head, cancellationToken);
        return [.. stored.Objects.Select(key => RegistryJson.ReadSigningKey(key.Body.Span)).OrderBy(key => key.KeyId, StringComparer.Ordinal)];
    }
}
