namespace Assay.Cedar;

/// <summary>
/// Finds, for the principal, the action or the resource of a request, the policies whose head asks nothing of it that it is not. Policies
/// are bits, by their place in the set, so the three answers meet in a mask that is also in the right order.
/// </summary>
internal sealed class HeadIndex
{
    private readonly Postings any;
    private readonly Dictionary<string, Postings> types;
    private readonly Dictionary<EntityUid, (Postings Equal, Postings In)> entities;

    private HeadIndex(Postings any, Dictionary<string, Postings> types, Dictionary<EntityUid, (Postings Equal, Postings In)> entities) =>
        (this.any, this.types, this.entities) = (any, types, entities);

    /// <summary>Indexes one part of the heads. Of <c>is Type in Entity</c> only the second half: the caller compares the type.</summary>
    public static HeadIndex Of(ReadOnlySpan<Policy> policies, Func<Policy, ScopeConstraint> part)
    {
        var any = new List<int>();
        var types = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        var equal = new Dictionary<EntityUid, List<int>>();
        var within = new Dictionary<EntityUid, List<int>>();
        for (var i = 0; i < policies.Length; i++)
        {
            switch (part(policies[i]))
            {
                case ScopeConstraint.Equal constraint:
                    Add(equal, constraint.Entity, i);
                    break;
                case ScopeConstraint.In constraint:
                    foreach (var entity in constraint.Entities)
                        Add(within, entity, i);
                    break;
                case ScopeConstraint.Is constraint:
                    Add(types, constraint.Type, i);
                    break;
                case ScopeConstraint.IsIn constraint:
                    Add(within, constraint.Entity, i);
                    break;
                default:
                    any.Add(i); // whoever is not understood here is evaluated, never lost
                    break;
            }
        }

        var words = WordsFor(policies.Length);
        var entities = new Dictionary<EntityUid, (Postings Equal, Postings In)>(equal.Count + within.Count);
        foreach (var (entity, places) in equal)
            entities[entity] = (Postings.Of(places, words), default);
        foreach (var (entity, places) in within)
            entities[entity] = (entities.GetValueOrDefault(entity).Equal, Postings.Of(places, words));

        entities.TrimExcess();
        return new HeadIndex(Postings.Of(any, words), types.ToDictionary(entry => entry.Key, entry => Postings.Of(entry.Value, words), StringComparer.Ordinal), entities);
    }

    public static int WordsFor(int policies) => (policies + 63) / 64;

    /// <summary>Sets the bit of every policy whose head the entity may satisfy; the mask comes in cleared.</summary>
    public void Mark(BoundEntity bound, Span<ulong> mask)
    {
        any.AddTo(mask);
        if (types.Count > 0 && types.TryGetValue(bound.Uid.Type, out var typed))
            typed.AddTo(mask);

        if (entities.Count == 0)
            return;

        if (entities.TryGetValue(bound.Uid, out var own))
        {
            own.Equal.AddTo(mask);
            own.In.AddTo(mask);
        }

        if (bound.Node is not { Ancestors: { Length: > 0 } ancestors } node)
            return;

        if (ancestors.Length <= entities.Count)
        {
            foreach (var ancestor in ancestors)
            {
                if (entities.TryGetValue(ancestor, out var group))
                    group.In.AddTo(mask);
            }
        }
        else
        {
            foreach (var (entity, group) in entities)
            {
                if (node.HasAncestor(entity))
                    group.In.AddTo(mask);
            }
        }
    }

    private static void Add<T>(Dictionary<T, List<int>> places, T key, int place)
        where T : notnull
    {
        if (!places.TryGetValue(key, out var list))
            places.Add(key, list = new List<int>(1));

        list.Add(place);
    }

    /// <summary>Some policies: their places while they are few, a bit for every policy when that takes no more memory.</summary>
    private readonly struct Postings
    {
        private readonly int[]? places;
        private readonly ulong[]? bits;

        private Postings(int[]? places, ulong[]? bits) => (this.places, this.bits) = (places, bits);

        public static Postings Of(List<int> places, int words)
        {
            if (places.Count == 0)
                return default;

            if (places.Count * sizeof(int) < words * sizeof(ulong))
                return new Postings([.. places], null);

            var bits = new ulong[words];
            foreach (var place in places)
                bits[place >> 6] |= 1UL << place;

            return new Postings(null, bits);
        }

        public void AddTo(Span<ulong> mask)
        {
            if (places is not null)
            {
                foreach (var place in places)
                    mask[place >> 6] |= 1UL << place;
            }
            else if (bits is not null)
            {
                for (var i = 0; i < mask.Length; i++)
                    mask[i] |= bits[i];
            }
        }
    }
}
