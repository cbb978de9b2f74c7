using Assay.Core.Revocation;
using Assay.Grains.Authority;

namespace Assay.Silo.Tokens;

/// <summary>Writes revocations, each one feed entry however many tokens it ends. A narrowing call: wait for the number.</summary>
internal sealed class Revoker(IAuthorityStore store, SiloIdentity self)
{
    private const int MaxTries = 5;

    /// <summary>Durable on return. Safe to repeat; a token that was revoked stays revoked by the first.</summary>
    /// <returns>The feed number to wait for, and whether it is new.</returns>
    public async Task<(long Number, bool Changed)> Revoke(RevocationId id, string actor, string reason, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var write = id.Kind == RevocationKind.Jti
                ? Revocations.First(self.Realm, id, reason)
                : await Revocations.Write(store, self.Realm, id, reason, cancellationToken);
            switch (await store.Commit(new Change([write], actor, reason), cancellationToken))
            {
                case CommitResult.Committed committed:
                    return (committed.Number, true);
                case CommitResult.Conflict conflict when id.Kind == RevocationKind.Jti:
                    return (conflict.ActualNumber, false);
            }
        }

        throw new TimeoutException($"others keep revoking {id}");
    }
}
