namespace Assay.Grains.Identities;

/// <summary>One change to one identity. Declared fields come through a bundle; these are the changes anybody with the right may make.</summary>
[GenerateSerializer, Immutable, Alias("identity-change")]
public abstract record IdentityChange
{
    /// <summary>Adds a membership, or replaces its expiry; lifts an earlier removal. Widens.</summary>
    [GenerateSerializer, Immutable, Alias("identity-change-add-member")]
    public sealed record AddMember([property: Id(0)] string Group, [property: Id(1)] DateTimeOffset? ExpiresAt) : IdentityChange;

    /// <summary>Removes a membership; one that a bundle declares stays removed until it is added by an explicit call. Narrows.</summary>
    [GenerateSerializer, Immutable, Alias("identity-change-remove-member")]
    public sealed record RemoveMember([property: Id(0)] string Group) : IdentityChange;

    /// <summary>Raises or replaces a risk signal of this name from this source. Narrows.</summary>
    [GenerateSerializer, Immutable, Alias("identity-change-raise-signal")]
    public sealed record RaiseSignal(
        [property: Id(0)] string Name,
        [property: Id(1)] string Source,
        [property: Id(2)] int Weight,
        [property: Id(3)] TimeSpan? HalfLife,
        [property: Id(4)] DateTimeOffset? ExpiresAt) : IdentityChange;

    /// <summary>Clears the signals of this name, whatever their source. Widens.</summary>
    [GenerateSerializer, Immutable, Alias("identity-change-clear-signal")]
    public sealed record ClearSignal([property: Id(0)] string Name) : IdentityChange;

    /// <summary>No more tokens. Narrows.</summary>
    [GenerateSerializer, Immutable, Alias("identity-change-disable")]
    public sealed record Disable([property: Id(0)] string Reason) : IdentityChange;

    /// <summary>Lifts <see cref="Disable"/>. Widens.</summary>
    [GenerateSerializer, Immutable, Alias("identity-change-enable")]
    public sealed record Enable : IdentityChange;

    /// <summary>Adds a public key (RFC 7517). Its RFC 7638 thumbprint must be nobody else's, and not one revoked here. Widens.</summary>
    [GenerateSerializer, Immutable, Alias("identity-change-add-key")]
    public sealed record AddKey([property: Id(0)] string PublicJwk, [property: Id(1)] DateTimeOffset? ExpiresAt) : IdentityChange;

    /// <summary>Makes a secret, stores its keyed hash, and answers the secret once in <see cref="ChangeResult.Done.Secret"/>. Widens.</summary>
    [GenerateSerializer, Immutable, Alias("identity-change-make-secret")]
    public sealed record MakeSecret([property: Id(0)] DateTimeOffset? ExpiresAt) : IdentityChange;

    /// <summary>Revokes a credential; its tombstone stays. Narrows.</summary>
    [GenerateSerializer, Immutable, Alias("identity-change-revoke-credential")]
    public sealed record RevokeCredential([property: Id(0)] string Handle) : IdentityChange;

    /// <summary>Creates an unmanaged identity, or replaces its declared fields; <paramref name="ExpectedNumber"/> 0 creates.</summary>
    /// <param name="Json">An <c>Identity</c> in <c>RegistryJson</c> form; only declared fields are taken from it.</param>
    [GenerateSerializer, Immutable, Alias("identity-change-declare")]
    public sealed record Declare([property: Id(0)] string Json, [property: Id(1)] long ExpectedNumber) : IdentityChange;

    /// <summary>Deletes an unmanaged identity. Narrows.</summary>
    [GenerateSerializer, Immutable, Alias("identity-change-delete")]
    public sealed record Delete : IdentityChange;
}

[GenerateSerializer, Immutable, Alias("change-result")]
public abstract record ChangeResult
{
    /// <summary>Durable as this feed number. A narrowing caller waits until every silo has acknowledged it.</summary>
    /// <param name="Handle">The handle of a credential that was added.</param>
    /// <param name="Secret">A secret that was made: shown now and never again.</param>
    [GenerateSerializer, Immutable, Alias("change-done")]
    public sealed record Done([property: Id(0)] long Number, [property: Id(1)] string? Handle = null, [property: Id(2)] string? Secret = null) : ChangeResult;

    /// <summary>It is already so. The number still has to be waited for by a narrowing caller: an earlier try may not have been.</summary>
    [GenerateSerializer, Immutable, Alias("change-unchanged")]
    public sealed record Unchanged([property: Id(0)] long Number, [property: Id(1)] string? Handle = null) : ChangeResult;

    [GenerateSerializer, Immutable, Alias("change-rejected")]
    public sealed record Rejected([property: Id(0)] ChangeFault Fault, [property: Id(1)] string Detail) : ChangeResult;
}

public enum ChangeFault
{
    /// <summary>No such identity, credential, membership, signal, policy version or key.</summary>
    NotFound,

    /// <summary>Malformed or out of bounds.</summary>
    Invalid,

    /// <summary>At another version than the caller saw, or it exists already.</summary>
    Conflict,

    /// <summary>A bundle owns the declared fields.</summary>
    Managed,

    /// <summary>The key or id belongs to another identity, or was revoked.</summary>
    Taken,

    /// <summary>Storage did not answer: the outcome is unknown; read and try again.</summary>
    Unavailable,

    /// <summary>A rule forbids it to whoever asks.</summary>
    Forbidden,
}
