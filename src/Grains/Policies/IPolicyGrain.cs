using System.Collections.Immutable;
using Assay.Grains.Identities;

namespace Assay.Grains.Policies;

/// <summary>The policy sets of one domain. The key is <c>realm/domain</c>. A set is named by the hash of its content and never changes.</summary>
[GrainInterfaceType("policy"), Alias("policy")]
public interface IPolicyGrain : IGrainWithStringKey
{
    /// <summary>Checks and stores a set without activating it. Safe to retry: the same content is the same version.</summary>
    /// <param name="document">A <c>PolicyDocument</c> in <c>RegistryJson</c> form.</param>
    [Alias("store")]
    Task<PolicyStored> Store(ReadOnlyMemory<byte> document, string actor);

    /// <summary>Puts a stored set in force. A narrowing call: wait for the number.</summary>
    [Alias("activate")]
    Task<ChangeResult> Activate(string version, string actor);

    /// <summary>Puts the set that was in force before back in force. A narrowing call: wait for the number.</summary>
    [Alias("rollback")]
    Task<ChangeResult> Rollback(string actor);

    [Alias("list")]
    Task<PolicyList> List();
}

[GenerateSerializer, Immutable, Alias("policy-stored")]
public abstract record PolicyStored
{
    [GenerateSerializer, Immutable, Alias("policy-stored-done")]
    public sealed record Done([property: Id(0)] string Version, [property: Id(1)] long Number) : PolicyStored;

    /// <param name="Faults">Each with file, line, column and what would be right.</param>
    [GenerateSerializer, Immutable, Alias("policy-stored-refused")]
    public sealed record Refused([property: Id(0)] ImmutableArray<string> Faults) : PolicyStored;
}

/// <param name="Versions">Stored versions, newest first.</param>
/// <param name="Previous">Versions that were in force before, newest first; a rollback goes to the first.</param>
[GenerateSerializer, Immutable, Alias("policy-list")]
public sealed record PolicyList(
    [property: Id(0)] string? Active,
    [property: Id(1)] long ActiveSince,
    [property: Id(2)] ImmutableArray<string> Previous,
    [property: Id(3)] ImmutableArray<StoredPolicyVersion> Versions);

[GenerateSerializer, Immutable, Alias("stored-policy-version")]
public sealed record StoredPolicyVersion([property: Id(0)] string Version, [property: Id(1)] long Number, [property: Id(2)] int Policies);
