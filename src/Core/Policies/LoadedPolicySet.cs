using System.Collections.Frozen;
using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;

namespace Assay.Core.Policies;

/// <summary>A policy set that passed every check and can decide. Immutable; shared by all decisions.</summary>
public sealed class LoadedPolicySet
{
    private readonly FrozenDictionary<string, Obligations> obligations;

    internal LoadedPolicySet(string version, PolicySet policies, Schema? schema, FrozenDictionary<string, Obligations> obligations) =>
        (Version, Policies, Schema, Compiled, this.obligations) = (version, policies, schema, CompiledPolicySet.Compile(policies), obligations);

    /// <summary>The content hash of the document it was made of.</summary>
    public string Version { get; }

    /// <summary>The policies under the names that evidence knows them by, in the order of files and text; after them those made from templates, in the order of the links.</summary>
    public PolicySet Policies { get; }

    /// <summary>
    /// What policies, requests and entities are held against: Assay's own part, the actions, and what the author added. Null in a set of the time before there was
    /// one; see <see cref="LoadStored"/>.
    /// </summary>
    public Schema? Schema { get; }

    /// <summary>The same policies, in the form that decides.</summary>
    public CompiledPolicySet Compiled { get; }

    /// <summary>What it said before.</summary>
    internal KnownVerdicts Known => field ??= new(); // many sets are loaded and few are asked

    /// <summary>What the annotations of a policy of this set ask for.</summary>
    public Obligations ObligationsOf(Policy policy) => obligations[policy.Id];

    /// <summary>
    /// Parses and checks a document and reports every fault at once: syntax, annotations, names, links, the schema, and every policy against it, strictly. A
    /// policy's name is its <c>@id</c>, else <c>file#n</c> counted from 0; names are unique in the set. A document without policies loads, and denies everything.
    /// </summary>
    public static LoadedPolicies Load(PolicyDocument document) => new PolicyLoading(document).Run();

    /// <summary>
    /// Makes a set again from a document that <see cref="Load"/> passed when it was stored: what was found good then is not asked again, so that neither a silo's
    /// start nor an activation waits for the validator, and a set in force outlives an upgrade. One that was stored before there were schemas
    /// (<see cref="PolicyDocument.Actions"/> is null) is as it was: without schema.
    /// </summary>
    public static LoadedPolicies LoadStored(PolicyDocument document) => new PolicyLoading(document).RunStored();
}

/// <summary>A set, or everything that is wrong with it.</summary>
/// <param name="Set">Null when there is any fault.</param>
/// <param name="Faults">Each with file, line and column, and what would be right; in the order of files and text.</param>
/// <param name="Warnings">What is allowed and probably not meant, such as a policy that can never apply; likewise.</param>
public sealed record LoadedPolicies(LoadedPolicySet? Set, ImmutableArray<PolicyFault> Faults, ImmutableArray<PolicyFault> Warnings)
{
    /// <summary>The schema, also of a set with faults; null when it has faults itself.</summary>
    internal Schema? Schema { get; init; }
}
