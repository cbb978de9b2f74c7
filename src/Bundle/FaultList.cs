using System.Collections.Immutable;
using Assay.Bundle.Yaml;

namespace Assay.Bundle;

/// <summary>Gathers faults while the folder is read. One place of a file says a thing once.</summary>
internal sealed class FaultList
{
    private readonly HashSet<BundleFault> faults = [];

    public int Count => faults.Count;

    public bool Has(FilePosition at) => faults.Any(fault => fault.Path == at.Path && fault.Line == at.Line && fault.Column == at.Column);

    public void Add(FilePosition at, string message) => faults.Add(new(at.Path, at.Line, at.Column, message));

    public void Add(string path, string message) => faults.Add(new(path, 0, 0, message));

    public ImmutableArray<BundleFault> Sorted() =>
    [
        .. faults.OrderBy(fault => fault.Path, StringComparer.Ordinal)
            .ThenBy(fault => fault.Line).ThenBy(fault => fault.Column).ThenBy(fault => fault.Message, StringComparer.Ordinal),
    ];
}
