using System.Collections.Immutable;
using Assay.Grains.Identities;

namespace Assay.Grains.Keys;

/// <summary>The signing keys of one purpose. The key is <c>realm/purpose</c>. Every moment of a key's life is stored with it.</summary>
[GrainInterfaceType("key-ring"), Alias("key-ring")]
public interface IKeyRingGrain : IGrainWithStringKey
{
    /// <summary>
    /// Brings the ring to where it should be now: a first key in an empty ring, two announced standbys, the scheduled rotation, the
    /// retirement of the old key. Safe to repeat; driven by every silo's clock. Answers when it next has something to do.
    /// </summary>
    [Alias("tend")]
    Task<DateTimeOffset> Tend();

    /// <summary>Rotates as soon as a standby has been announced for long enough, and another that could follow it: at once, as a rule.</summary>
    [Alias("rotate")]
    Task<RotationResult> Rotate(string actor);

    /// <summary>Withdraws a compromised key: out of the JWKS and out of use. A narrowing call: wait for the number.</summary>
    [Alias("withdraw")]
    Task<ChangeResult> Withdraw(string keyId, string actor);

    [Alias("list")]
    Task<ImmutableArray<KeyDescription>> List();
}

[GenerateSerializer, Immutable, Alias("rotation-result")]
public sealed record RotationResult(
    [property: Id(0)] string NextKeyId, [property: Id(1)] DateTimeOffset ActivatesAt, [property: Id(2)] long Number);

[GenerateSerializer, Immutable, Alias("key-description")]
public sealed record KeyDescription(
    [property: Id(0)] string KeyId,
    [property: Id(1)] string Algorithm,
    [property: Id(2)] string State,
    [property: Id(3)] DateTimeOffset AnnouncedAt,
    [property: Id(4)] DateTimeOffset? ActivatesAt,
    [property: Id(5)] DateTimeOffset? RetiresAt,
    [property: Id(6)] DateTimeOffset? RemovedAt,
    [property: Id(7)] DateTimeOffset? WithdrawnAt);
