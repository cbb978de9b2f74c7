using System.Collections.Frozen;

namespace Assay.Cedar;

/// <summary>What a schema says of one action, or of one action group.</summary>
/// <param name="Uid">Its full name, for example <c>Action::"payments.read"</c>.</param>
/// <param name="Parents">The groups it is declared to be in.</param>
/// <param name="Ancestors">All groups it is in: the transitive closure of <paramref name="Parents"/>, never itself.</param>
/// <param name="PrincipalTypes">Who can be its principal; empty when it applies to nothing.</param>
/// <param name="ResourceTypes">What can be its resource; empty when it applies to nothing.</param>
/// <param name="Context">What its requests bring along.</param>
public sealed record ActionSchema(
    EntityUid Uid,
    FrozenSet<EntityUid> Parents,
    FrozenSet<EntityUid> Ancestors,
    FrozenSet<string> PrincipalTypes,
    FrozenSet<string> ResourceTypes,
    CedarType.Record Context);
