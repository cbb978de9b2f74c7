using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Gathers the faults of a schema, up to a bound.</summary>
internal sealed class SchemaFaults(ImmutableArray<SchemaFragment> fragments)
{
    private readonly List<PolicyFault> faults = [];

    public bool Any => faults.Count > 0;

    /// <summary>No further fault is kept, so none needs to be worded.</summary>
    public bool IsFull => faults.Count >= CedarLimits.PolicyFaults;

    public void Report(SourcePosition at, string message)
    {
        if (!IsFull)
            faults.Add(new PolicyFault(at, message));
    }

    /// <summary>The faults in the order of the fragments and, within one, of its text.</summary>
    public ImmutableArray<PolicyFault> InOrder()
    {
        var sources = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var declaration in fragments.SelectMany(fragment => fragment.Namespaces).SelectMany(space => space.Declarations))
            sources.TryAdd(declaration.Names[0].Position.Source, sources.Count);

        return [.. faults.OrderBy(fault => sources[fault.Position.Source]).ThenBy(fault => fault.Position.Offset)];
    }
}
