using System.Collections.Immutable;

namespace Assay.Grains.Keys;

/// <summary>What a key signs. Each purpose has a ring of its own, so that what one key says can never stand in for what another would have to say.</summary>
public static class KeyPurposes
{
    public const string AccessToken = "access-token";

    /// <summary>Checkpoints of the evidence log (C2SP signed-note): not JOSE, so not in the key set.</summary>
    public const string Checkpoint = "checkpoint";

    /// <summary>Signed answers of introspection (RFC 9701).</summary>
    public const string Introspection = "introspection";

    public const string StatusList = "status-list";

    /// <summary>Security event tokens (RFC 8417).</summary>
    public const string SecurityEvents = "set";

    /// <summary>
    /// Every purpose, in the order in which an empty store gets its rings. Access tokens come last: whoever sees a key of theirs sees the first
    /// keys of all the others, so a key set that was ever served lacks none of them.
    /// </summary>
    public static ImmutableArray<string> All { get; } = [Checkpoint, Introspection, StatusList, SecurityEvents, AccessToken];

    /// <summary>Whether keys of this purpose are in the JSON Web Key Set.</summary>
    public static bool IsJose(string purpose) => purpose != Checkpoint && All.Contains(purpose);
}
