using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Which type holds all values of another, and which is the smallest that holds all of two (Cedar specification, <c>lub</c>).</summary>
internal static class TypeLattice
{
    /// <summary>Whether every value of one type is one of another. Strictly, records and entity types have no subtypes of other shapes or names.</summary>
    public static bool IsSubtype(StaticType type, StaticType of, ValidationMode mode)
    {
        if (ReferenceEquals(type, of) || type == StaticType.Never)
            return true;

        return (type, of) switch
        {
            (StaticType.Simple, StaticType.Simple) => of == StaticType.Bool && type.IsBool,
            (StaticType.Set set, StaticType.Set other) => IsSubtype(set.Element, other.Element, mode),
            (StaticType.Entity entity, StaticType.Entity other) => mode == ValidationMode.Strict
                ? entity.Names.AsSpan().SequenceEqual(other.Names.AsSpan())
                : entity.Names.All(other.Names.Contains),
            (StaticType.Record record, StaticType.Record other) => IsSubtype(record, other, mode),
            _ => false,
        };
    }

    /// <summary>The smallest type that holds all values of both; null when there is none.</summary>
    public static StaticType? Join(StaticType left, StaticType right, ValidationMode mode)
    {
        if (IsSubtype(left, right, mode))
            return right;

        if (IsSubtype(right, left, mode))
            return left;

        switch (left, right)
        {
            case (StaticType.Simple, StaticType.Simple) when left.IsBool && right.IsBool:
                return StaticType.Bool;
            case (StaticType.Set set, StaticType.Set other):
                return Join(set.Element, other.Element, mode) is { } element ? new StaticType.Set(element) : null;
            case (StaticType.Entity entity, StaticType.Entity other) when mode == ValidationMode.Permissive:
                return new StaticType.Entity([.. entity.Names.Union(other.Names).Order(StringComparer.Ordinal)]);
            case (StaticType.Record record, StaticType.Record other):
                return mode == ValidationMode.Strict ? JoinStrictly(record, other) : Join(record, other);
            default:
                return null;
        }
    }

    /// <summary>The join of two records: what they have in common, open when that is not all.</summary>
    public static StaticType.Record Join(StaticType.Record left, StaticType.Record right)
    {
        var common = new Dictionary<string, StaticType.Attribute>(StringComparer.Ordinal);
        foreach (var (name, attribute) in left.Attributes)
        {
            if (right.Attributes.TryGetValue(name, out var other) && Join(attribute.Type, other.Type, ValidationMode.Permissive) is { } type)
                common.Add(name, new StaticType.Attribute(type, attribute.IsRequired && other.IsRequired));
        }

        var isOpen = left.IsOpen || right.IsOpen || common.Count < left.Attributes.Count || common.Count < right.Attributes.Count;
        return new StaticType.Record(common, isOpen);
    }

    /// <summary>Whether no entity has both types. Nothing is said of other types: an empty set has many.</summary>
    public static bool AreDisjoint(StaticType left, StaticType right) =>
        left is StaticType.Entity entity && right is StaticType.Entity other && !entity.Names.Any(other.Names.Contains);

    private static bool IsSubtype(StaticType.Record record, StaticType.Record other, ValidationMode mode)
    {
        if (record.IsOpen && !other.IsOpen)
            return false;

        if (record.Attributes.Count != other.Attributes.Count && (mode == ValidationMode.Strict || !other.IsOpen))
            return false;

        foreach (var (name, expected) in other.Attributes)
        {
            if (!record.Attributes.TryGetValue(name, out var attribute) || !IsSubtype(attribute, expected, mode))
                return false;
        }

        return true;
    }

    private static bool IsSubtype(StaticType.Attribute attribute, StaticType.Attribute of, ValidationMode mode)
    {
        var isPresentAsOften = attribute.IsRequired == of.IsRequired || (attribute.IsRequired && mode == ValidationMode.Permissive);
        return isPresentAsOften && IsSubtype(attribute.Type, of.Type, mode);
    }

    private static StaticType.Record? JoinStrictly(StaticType.Record left, StaticType.Record right)
    {
        if (left.Attributes.Count != right.Attributes.Count)
            return null;

        var joined = new Dictionary<string, StaticType.Attribute>(StringComparer.Ordinal);
        foreach (var (name, attribute) in left.Attributes)
        {
            if (!right.Attributes.TryGetValue(name, out var other) || attribute.IsRequired != other.IsRequired ||
                Join(attribute.Type, other.Type, ValidationMode.Strict) is not { } type)
                return null;

            joined.Add(name, attribute with { Type = type });
        }

        return new StaticType.Record(joined, isOpen: false);
    }
}
