using System.Collections.Immutable;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Core.Tokens;
using Assay.Grains.Policies;

namespace Assay.Grains.Authority;

/// <summary>What a silo knows of the feed up to one number, and decides with. Immutable; swapped whole.</summary>
/// <param name="Number">Everything up to this feed number is in it.</param>
/// <param name="Policies">The set in force, by <c>realm/domain</c>.</param>
/// <param name="Keys">Signing keys of every purpose, in the order of their ids.</param>
/// <param name="RefreshedAt">The moment before the query that last said that this is all: what it holds is at least this new.</param>
public sealed record SiloSnapshot(
    long Number,
    DirectorySnapshot Directory,
    ImmutableDictionary<string, ActivePolicy> Policies,
    ImmutableArray<SigningKey> Keys,
    DateTimeOffset RefreshedAt)
{
    /// <summary>The sets that are asked beside those in force, by <c>realm/domain</c>; most often none.</summary>
    public ImmutableDictionary<string, ShadowPolicy> Shadows { get; init; } = ImmutableDictionary<string, ShadowPolicy>.Empty;

    /// <summary>What can still end a token that is out.</summary>
    public RevocationSet Revocations { get; init; } = RevocationSet.Empty;

    /// <summary>The histories of the database. The same as long as the silo runs: a new one begins while none does.</summary>
    public Timelines Timelines { get; init; } = Timelines.None;
}

/// <summary>The policy set in force in a domain.</summary>
/// <param name="Version">Its content hash.</param>
/// <param name="Number">The feed number of its activation.</param>
public sealed record ActivePolicy(string Domain, string Version, LoadedPolicySet Policies, long Number);
