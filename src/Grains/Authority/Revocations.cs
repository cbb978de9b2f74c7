using Assay.Core.Registry;
using Assay.Core.Revocation;

namespace Assay.Grains.Authority;

/// <summary>
/// Revocations as objects of the store. Their ids say what is revoked and their numbers when, so silos learn all they need from the feed; the body has the
/// reason, for people.
/// </summary>
public static class Revocations
{
    /// <summary>Revocations that are read at once.</summary>
    private const int PerPage = 5_000;

    /// <summary>
    /// Ends what <paramref name="id"/> names as part of a change: tokens that were decided before the number it becomes. One that is there already is made anew.
    /// </summary>
    public static async Task<ObjectWrite> Write(IAuthorityStore store, string realm, RevocationId id, string reason, CancellationToken cancellationToken)
    {
        var key = Key(realm, id);
        var present = await store.Read(key, cancellationToken);
        return New(key, present?.Number ?? 0, id, reason);
    }

    /// <summary>As <see cref="Write"/>, for what was never revoked; a conflict says that it was, and by which number.</summary>
    public static ObjectWrite First(string realm, RevocationId id, string reason) => New(Key(realm, id), 0, id, reason);

    /// <summary>
    /// What was revoked up to feed number <paramref name="head"/>, from the change log: newest first, until one is older than <paramref name="oldest"/> by the
    /// store's clock.
    /// </summary>
    public static async Task<List<(RevocationId Id, long Number, DateTimeOffset At)>> Recent(
        IAuthorityStore store, string realm, long head, DateTimeOffset oldest, CancellationToken cancellationToken)
    {
        var found = new List<(RevocationId, long, DateTimeOffset)>();
        var (before, limit) = (head + 1, PerPage);
        while (true)
        {
            var page = await store.Changes(realm, ObjectKinds.Revocation, id: null, after: 0, before, limit, cancellationToken);
            var isFull = page.Length == limit;
            if (isFull && page[0].Number == page[^1].Number)
            {
                limit *= 2; // one change of very many
                continue;
            }

            foreach (var change in page)
            {
                // The last number of a full page may be cut off: it comes again, whole, with the next one.
                if (change.At >= oldest && !(isFull && change.Number == page[^1].Number))
                    found.Add((IdOf(change.Key), change.Number, change.At));
            }

            if (!isFull || page[^1].At < oldest)
                return found;
            before = page[^1].Number + 1;
        }
    }

    public static ObjectKey Key(string realm, RevocationId id) => new(realm, ObjectKinds.Revocation, id.ToString());

    /// <exception cref="InvalidDataException">It is the key of no revocation.</exception>
    public static RevocationId IdOf(ObjectKey key) =>
        RevocationId.TryParse(key.Id, out var id) ? id : throw new InvalidDataException($"{key} names no revocation that this program knows");

    private static ObjectWrite New(ObjectKey key, long present, RevocationId id, string reason) => new(key, present, RegistryJson.Write(new RevocationNote(id.ToString(), reason)), []);
}
