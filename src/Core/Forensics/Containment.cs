using Assay.Core.Json;
using Assay.Core.Registry;

namespace Assay.Core.Forensics;

/// <summary>What can be cut off by one act.</summary>
public enum ContainedKind
{
    /// <summary>By its id: it is disabled, and its tokens end.</summary>
    Identity,

    /// <summary>By its handle: it is frozen, and what it obtained ends.</summary>
    Credential,

    /// <summary>A signing key by its <c>kid</c>: it is withdrawn, and what it signed ends.</summary>
    Key,
}

/// <summary>
/// One act of containment and what it took, so that undoing it gives back exactly that. Its number in the feed names it. Tokens that it ended stay dead: they
/// were decided before that number.
/// </summary>
public sealed record Containment
{
    internal static readonly Words<ContainedKind> Kinds = new(("identity", ContainedKind.Identity), ("credential", ContainedKind.Credential), ("key", ContainedKind.Key));

    public required ContainedKind Kind { get; init; }

    public required string Name { get; init; }

    /// <summary>The identity it is about: itself, or whose credential it is; null for a key.</summary>
    public string? Identity { get; init; }

    public required string Reason { get; init; }

    /// <summary>When; what it took bears the same moment.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Whether it took the thing out of use; false when it was out of use already, and only tokens ended.</summary>
    public required bool Froze { get; init; }

    public static string WordOf(ContainedKind kind) => Kinds.Of(kind);

    public static bool TryReadKind(string word, out ContainedKind kind) => Kinds.TryFind(word, out kind);

    /// <summary>The identity without its door. Unchanged when that is shut already.</summary>
    public static Identity Freeze(Identity identity, DateTimeOffset at, string reason) =>
        identity.DisabledAt is null ? identity with { DisabledAt = at, DisabledReason = reason } : identity;

    /// <summary>The identity without the use of a credential. Unchanged when that is of no use already; null when it has none of that handle.</summary>
    public static Identity? Freeze(Identity identity, string handle, DateTimeOffset at)
    {
        for (var i = 0; i < identity.Credentials.Length; i++)
        {
            var credential = identity.Credentials[i];
            if (credential.Handle != handle)
                continue;
            return credential is { RevokedAt: null, FrozenAt: null }
                ? identity with { Credentials = identity.Credentials.SetItem(i, credential with { FrozenAt = at }) }
                : identity;
        }

        return null;
    }

    /// <summary>Whether the thing is out of use, by this act or another way.</summary>
    public bool Holds(Identity identity)
    {
        if (Kind == ContainedKind.Identity)
            return identity.DisabledAt is not null;
        foreach (var credential in identity.Credentials)
        {
            if (credential.Handle == Name)
                return credential.RevokedAt is not null || credential.FrozenAt is not null;
        }

        return true;
    }

    /// <summary>
    /// The identity with what this act took of it and nobody has changed since: who was enabled, disabled again or revoked by another call stays as that call left it.
    /// </summary>
    public Identity Undo(Identity identity)
    {
        if (!Froze)
            return identity;
        if (Kind == ContainedKind.Identity)
            return identity.DisabledAt == At ? identity with { DisabledAt = null, DisabledReason = null } : identity;
        for (var i = 0; i < identity.Credentials.Length; i++)
        {
            if (identity.Credentials[i] is var credential && credential.Handle == Name && credential.FrozenAt == At)
                return identity with { Credentials = identity.Credentials.SetItem(i, credential with { FrozenAt = null }) };
        }

        return identity;
    }
}
