namespace Assay.Core.Registry;

/// <summary>
/// A signing key and its whole life by absolute times, fixed with the key so that every silo moves at the same moment without being told.
/// AnnouncedAt ≤ ActivatesAt ≤ RetiresAt ≤ RemovedAt.
/// </summary>
public sealed record SigningKey
{
    /// <summary>The RFC 7638 thumbprint of the public key.</summary>
    public required string KeyId { get; init; }

    /// <summary>What it signs: <c>access-token</c>, <c>checkpoint</c> … Rings are apart per purpose.</summary>
    public required string Purpose { get; init; }

    public required string Algorithm { get; init; }

    public required string PublicJwk { get; init; }

    /// <summary>PKCS #8 under AES-256-GCM with the key-encryption key: base64url of nonce ‖ ciphertext ‖ tag, the key id as associated data.</summary>
    public required string WrappedPrivateKey { get; init; }

    /// <summary>In the JWKS from here on.</summary>
    public required DateTimeOffset AnnouncedAt { get; init; }

    /// <summary>May sign from here on; null while it is a standby without a date.</summary>
    public DateTimeOffset? ActivatesAt { get; init; }

    /// <summary>Signs no longer from here on.</summary>
    public DateTimeOffset? RetiresAt { get; init; }

    /// <summary>Out of the JWKS from here on: not before the last token it signed has expired.</summary>
    public DateTimeOffset? RemovedAt { get; init; }

    /// <summary>Withdrawn as compromised: signs no longer and is published no longer, whatever the times above say.</summary>
    public DateTimeOffset? WithdrawnAt { get; init; }

    public KeyState StateAt(DateTimeOffset now) =>
        WithdrawnAt is not null ? KeyState.Withdrawn
        : RemovedAt <= now ? KeyState.Retired
        : RetiresAt <= now ? KeyState.Retiring
        : ActivatesAt <= now ? KeyState.Active
        : KeyState.Announced;
}

public enum KeyState
{
    /// <summary>Published, does not sign yet.</summary>
    Announced,

    /// <summary>Signs.</summary>
    Active,

    /// <summary>Still published, signs no longer.</summary>
    Retiring,

    /// <summary>Out of the JWKS.</summary>
    Retired,

    /// <summary>Taken out at once.</summary>
    Withdrawn,
}
