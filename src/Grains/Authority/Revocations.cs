using Assay.Core.Registry;
using Assay.Core.Revocation;

namespace Assay.Grains.Authority;

/// <summary>
/// Revocations as objects of the store. Their ids say what is revoked and their numbers when, so silos learn all they need from the feed; the body has the
/// reason, for people.
/// </summary>
public static class Revocations
{
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

    public static ObjectKey Key(string realm, RevocationId id) => new(realm, ObjectKinds.Revocation, id.ToString());

    /// <exception cref="InvalidDataException">It is the key of no revocation.</exception>
    public static RevocationId IdOf(ObjectKey key) =>
        RevocationId.TryParse(key.Id, out var id) ? id : throw new InvalidDataException($"{key} names no revocation that this program knows");

    private static ObjectWrite New(ObjectKey key, long present, RevocationId id, string reason) => new(key, present, RegistryJson.Write(new RevocationNote(id.ToString(), reason)), []);
}
