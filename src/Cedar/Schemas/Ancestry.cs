using System.Collections.Frozen;

namespace Assay.Cedar;

/// <summary>Closes a hierarchy: from direct parents to all ancestors. Cycles are allowed; what is in one is its own ancestor.</summary>
internal static class Ancestry
{
    /// <summary>All ancestors of everything; null when finding them takes more than <see cref="CedarLimits.SchemaHierarchySteps"/>.</summary>
    public static Dictionary<T, FrozenSet<T>>? Close<T>(IReadOnlyDictionary<T, FrozenSet<T>> parents)
        where T : notnull
    {
        var all = new Dictionary<T, FrozenSet<T>>(parents.Count);
        var steps = 0;
        foreach (var (start, direct) in parents)
        {
            var ancestors = new HashSet<T>();
            var ahead = new Stack<FrozenSet<T>>([direct]);
            while (ahead.TryPop(out var next))
            {
                steps += next.Count;
                if (steps > CedarLimits.SchemaHierarchySteps)
                    return null;

                foreach (var ancestor in next)
                {
                    if (ancestors.Add(ancestor))
                        ahead.Push(parents[ancestor]);
                }
            }

            all[start] = ancestors.Count == direct.Count ? direct : ancestors.ToFrozenSet();
        }

        return all;
    }
}
