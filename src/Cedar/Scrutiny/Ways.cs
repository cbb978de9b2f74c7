using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Alternatives, each a set of amendments that do together; the fewest first.</summary>
internal readonly struct Ways
{
    /// <summary>More alternatives than this are not kept: those with the most amendments are left out.</summary>
    public const int Most = 24;

    private const int MostAmendments = 6;

    private readonly ImmutableArray<ImmutableArray<Amendment>> alternatives;

    private Ways(ImmutableArray<ImmutableArray<Amendment>> alternatives) => this.alternatives = alternatives;

    /// <summary>Nothing would do.</summary>
    public static Ways None { get; } = new([]);

    /// <summary>Nothing has to be otherwise.</summary>
    public static Ways AsItIs { get; } = new([[]]);

    public static Ways By(Amendment amendment) => new([[amendment]]);

    /// <summary>One of them is enough.</summary>
    public static Ways Any(IEnumerable<Ways> parts) => Kept(parts.SelectMany(part => part.alternatives));

    /// <summary>All of them are needed.</summary>
    /// <param name="none">When there is not any; as it is by default.</param>
    public static Ways All(IEnumerable<Ways> parts, Ways? none = null)
    {
        Ways? all = null;
        foreach (var part in parts)
            all = all is { } before ? Kept(before.alternatives.SelectMany(left => part.alternatives.Select(right => Together(left, right)))) : part;
        return all ?? none ?? AsItIs;
    }

    public ImmutableArray<ImmutableArray<Amendment>> ToArray() => alternatives;

    private static Ways Kept(IEnumerable<ImmutableArray<Amendment>> found)
    {
        var kept = new List<ImmutableArray<Amendment>>();
        foreach (var way in found.Where(way => way.Length <= MostAmendments).OrderBy(way => way.Length))
        {
            // What a smaller one does needs nothing added to it.
            if (!kept.Exists(smaller => smaller.All(way.Contains)))
                kept.Add(way);
            if (kept.Count == Most)
                break;
        }

        return new Ways([.. kept]);
    }

    /// <summary>A value at a place implies that there is one, there and on the way there.</summary>
    private static ImmutableArray<Amendment> Together(ImmutableArray<Amendment> left, ImmutableArray<Amendment> right)
    {
        var all = left.AddRange(right.Where(amendment => !left.Contains(amendment)));
        return all.RemoveAll(amendment => amendment is Amendment.Set { Value: null } any
            && all.Any(other => other is Amendment.Set set && !ReferenceEquals(set, any) && (set.Place.IsWithin(any.Place) || (set.Value is not null && set.Place == any.Place))));
    }
}
