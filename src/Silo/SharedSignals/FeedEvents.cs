using System.Collections.Concurrent;
using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Core.SharedSignals;
using Assay.Grains.Authority;
using Assay.Grains.SharedSignals;
using Assay.Silo.Evidence;

namespace Assay.Silo.SharedSignals;

/// <summary>
/// Reads what an entry of the feed changed, and asks Core what that means. Objects are never overwritten, so the answer is the same after a year; the last
/// ones are kept, because many streams ask about the same.
/// </summary>
internal sealed class FeedEvents(IAuthorityStore store, EvidenceReader evidence) : IEventSource
{
    private const int MostKept = 4_096;

    /// <summary>Longer than any token lives: what a credential obtained before that is dead by itself.</summary>
    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<(string Realm, FeedPlace Place), ImmutableArray<SecurityEvent>> known = [];

    public async ValueTask<ImmutableArray<SecurityEvent>> Of(string realm, FeedChange change, CancellationToken cancellationToken)
    {
        if (known.TryGetValue((realm, change.Place), out var present))
            return present;

        var events = change.Place.Kind == ObjectKinds.Identity
            ? await OfIdentity(realm, change, cancellationToken)
            : await OfRevocation(realm, change, cancellationToken);
        if (known.Count >= MostKept)
            known.Clear(); // bounded by starting over
        known[(realm, change.Place)] = events;
        return events;
    }

    private async Task<ImmutableArray<SecurityEvent>> OfIdentity(string realm, FeedChange change, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(realm, ObjectKinds.Identity, change.Place.Id);
        var after = await Read(key, change.Place.Number, cancellationToken);
        var before = await Read(key, change.Place.Number - 1, cancellationToken);
        return CaepEvents.Of(change.Place.Id, before, after, change.At, change.Actor);
    }

    private async Task<Identity?> Read(ObjectKey key, long number, CancellationToken cancellationToken) =>
        await store.ReadAsOf(key, number, cancellationToken) is { IsDeleted: false } stored ? RegistryJson.ReadIdentity(stored.Body.Span) : null;

    private async Task<ImmutableArray<SecurityEvent>> OfRevocation(string realm, FeedChange change, CancellationToken cancellationToken)
    {
        var id = Revocations.IdOf(new ObjectKey(realm, ObjectKinds.Revocation, change.Place.Id));
        var owner = id.Kind switch
        {
            RevocationKind.Jti => await evidence.Find(id.Name, cancellationToken) is EvidenceFound.Record { Found.Input: { } input } ? input.ClientId : null,
            RevocationKind.Credential => await OwnerOf(realm, id.Name, change.At, cancellationToken),
            _ => null,
        };

        // A credential nobody can name the owner of has obtained nothing that could still be out.
        return id.Kind == RevocationKind.Credential && owner is null ? [] : [CaepEvents.Of(id, owner, change.At, change.Actor)];
    }

    private async Task<string?> OwnerOf(string realm, string credential, DateTimeOffset at, CancellationToken cancellationToken)
    {
        foreach (var record in await evidence.BySubject(realm, EvidenceSubject.Credential(credential), at - LongestLife, 1, cancellationToken))
            return record.Input?.ClientId;
        return null;
    }
}
