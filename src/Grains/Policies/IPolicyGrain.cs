using System.Collections.Immutable;
using Assay.Grains.Identities;

namespace Assay.Grains.Policies;

/// <summary>The policy sets of one domain. The key is <c>realm/domain</c>. A set is named by the hash of its content and never changes.</summary>
[GrainInterfaceType("policy"), Alias("policy")]
public interface IPolicyGrain : IGrainWithStringKey
{
    /// <summary>Checks and stores a set without activating it. Safe to retry: the same content is the same version.</summary>
    /// <param name="document">A <c>PolicyDocument</c> in <c>RegistryJson</c> form, with the declarations of its actions.</param>
    [Alias("store")]
    Task<PolicyStored> Store(ReadOnlyMemory<byte> document, string actor);

    /// <summary>
    /// Puts a stored set in force, and ends its time as the shadow. A narrowing call: wait for the number. Refused to whoever stored it, when
    /// <see cref="PolicyOptions.TwoPersonRule"/> is on.
    /// </summary>
    /// <param name="reason">For the history: 1 to 500 characters, or null.</param>
    [Alias("activate")]
    Task<ChangeResult> Activate(string version, string actor, string? reason);

    /// <summary>Puts the set that was in force before back in force. A narrowing call: wait for the number. Exempt from the two-person rule.</summary>
    [Alias("rollback")]
    Task<ChangeResult> Rollback(string actor, string? reason);

    /// <summary>Has a stored set asked beside the one in force from here on, instead of any other. It changes no decision.</summary>
    [Alias("shadow")]
    Task<ChangeResult> Shadow(string version, string actor, string? reason);

    /// <summary>Ends that. Safe to repeat.</summary>
    [Alias("end-shadow")]
    Task<ChangeResult> EndShadow(string actor, string? reason);

    /// <summary>What happened to the domain's sets: the newest events with numbers below <paramref name="before"/>, newest first, 200 at most.</summary>
    [Alias("history")]
    Task<ImmutableArray<PolicyEvent>> History(long before, int limit);

    [Alias("list")]
    Task<PolicyList> List();
}

[GenerateSerializer, Immutable, Alias("policy-stored")]
public abstract record PolicyStored
{
    /// <param name="Warnings">What is allowed and probably not meant, each with file, line and column.</param>
    [GenerateSerializer, Immutable, Alias("policy-stored-done")]
    public sealed record Done([property: Id(0)] string Version, [property: Id(1)] long Number, [property: Id(2)] ImmutableArray<string> Warnings) : PolicyStored;

    /// <param name="Faults">Each with file, line, column and what would be right.</param>
    [GenerateSerializer, Immutable, Alias("policy-stored-refused")]
    public sealed record Refused([property: Id(0)] ImmutableArray<string> Faults) : PolicyStored;
}

/// <param name="Versions">Stored versions, newest first.</param>
/// <param name="Previous">Versions that were in force before, newest first; a rollback goes to the first.</param>
/// <param name="Shadow">How the set that is asked beside the one in force came to be that; null when none is.</param>
[GenerateSerializer, Immutable, Alias("policy-list")]
public sealed record PolicyList(
    [property: Id(0)] string? Active,
    [property: Id(1)] long ActiveSince,
    [property: Id(2)] ImmutableArray<string> Previous,
    [property: Id(3)] ImmutableArray<StoredPolicyVersion> Versions,
    [property: Id(4)] PolicyEvent? Shadow = null);

[GenerateSerializer, Immutable, Alias("stored-policy-version")]
public sealed record StoredPolicyVersion([property: Id(0)] string Version, [property: Id(1)] long Number, [property: Id(2)] int Policies);

/// <summary>Something that happened to a policy set.</summary>
/// <param name="Version">The set's content hash.</param>
/// <param name="Actor">Who did it: a client id, or <c>system</c>.</param>
/// <param name="At">By the store's clock.</param>
/// <param name="Reason">Why, in the actor's words; null when none were given.</param>
/// <param name="Through">The larger change it was part of, as <c>bundle quickstart applied</c>; null when it was a call of its own.</param>
/// <param name="Number">Its feed number.</param>
[GenerateSerializer, Immutable, Alias("policy-event")]
public sealed record PolicyEvent(
    [property: Id(0)] PolicyEventKind Kind,
    [property: Id(1)] string Version,
    [property: Id(2)] string Actor,
    [property: Id(3)] DateTimeOffset At,
    [property: Id(4)] string? Reason,
    [property: Id(5)] string? Through,
    [property: Id(6)] long Number);

public enum PolicyEventKind
{
    Stored,
    Activated,
    RolledBack,
    Shadowed,
    ShadowEnded,
}
