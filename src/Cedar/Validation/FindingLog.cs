namespace Assay.Cedar;

/// <summary>
/// What is found in one policy. The same fault in several environments is one finding, which names the first of them unless the
/// fault is there in all.
/// </summary>
internal sealed class FindingLog(string policyId, PolicyBody body)
{
    private readonly Dictionary<Key, Environments> found = [];

    private int errors;
    private int warnings;

    public bool HasErrors => errors > 0;

    /// <summary>Reports what is wrong in one environment.</summary>
    public void Add(ValidationFindingKind kind, int offset, string message, RequestEnvironment environment)
    {
        if (Find(kind, offset, message) is { } environments && !ReferenceEquals(environments.Last, environment))
        {
            environments.First ??= environment;
            environments.Last = environment;
            environments.Count++;
        }
    }

    /// <summary>Reports what is wrong wherever the policy applies.</summary>
    public void Add(ValidationFindingKind kind, int offset, string message) => Find(kind, offset, message);

    /// <summary>All findings in the order of the text.</summary>
    /// <param name="checkedCount">In how many environments the policy was checked.</param>
    /// <param name="describe">Names an environment.</param>
    public IEnumerable<ValidationFinding> Findings(int checkedCount, Func<RequestEnvironment, string> describe)
    {
        var (position, index) = (body.Position, 0);
        foreach (var ((kind, offset, message), environments) in found.OrderBy(entry => entry.Key.Offset).ThenBy(entry => entry.Key.Kind).ThenBy(entry => entry.Key.Message, StringComparer.Ordinal))
        {
            var end = Math.Clamp(offset - body.Start, index, body.Text.Length);
            position = SourceText.Continue(position, body.Text.AsSpan(index, end - index));
            index = end;
            var place = environments.First is { } first && environments.Count < checkedCount ? describe(first) : "";
            yield return new ValidationFinding(policyId, position, kind, message + place);
        }
    }

    private Environments? Find(ValidationFindingKind kind, int offset, string message)
    {
        var key = new Key(kind, offset, message);
        if (found.TryGetValue(key, out var environments))
            return environments;

        ref var count = ref kind < ValidationFindingKind.NoActionApplies ? ref errors : ref warnings;
        if (count >= CedarLimits.PolicyFindings)
            return null;

        count++;
        found.Add(key, environments = new Environments());
        return environments;
    }

    private readonly record struct Key(ValidationFindingKind Kind, int Offset, string Message);

    private sealed class Environments
    {
        public RequestEnvironment? First { get; set; }

        public RequestEnvironment? Last { get; set; }

        public int Count { get; set; }
    }
}
