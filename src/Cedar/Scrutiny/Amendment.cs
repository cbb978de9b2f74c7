namespace Assay.Cedar;

/// <summary>One thing about a request or its entities that would have to be otherwise.</summary>
public abstract record Amendment
{
    private Amendment()
    {
    }

    /// <summary>The entity would be a member of the group.</summary>
    public sealed record Join(EntityUid Entity, EntityUid Group) : Amendment;

    /// <summary>The entity would not be in the group, directly or through another.</summary>
    public sealed record Leave(EntityUid Entity, EntityUid Group) : Amendment;

    /// <summary>A value would be another.</summary>
    /// <param name="Place">Where it stands.</param>
    /// <param name="Value">The value that would do; null where the value does not matter as long as there is one.</param>
    public sealed record Set(Place Place, Value? Value) : Amendment;

    /// <summary>There would be no such value.</summary>
    public sealed record Unset(Place Place) : Amendment;
}

/// <summary>Where a value of a request stands.</summary>
/// <param name="Entity">The entity whose attribute or tag it is; null for the context.</param>
/// <param name="Path">The names that lead to it, by dots: <c>risk.score</c>.</param>
/// <param name="IsTag">It is a tag, not an attribute.</param>
/// <param name="Text">The place in the policy's own words: <c>context.risk.score</c>, <c>principal.team.name</c>.</param>
public sealed record Place(EntityUid? Entity, string Path, bool IsTag, string Text)
{
    /// <summary>The same place is the same however the policy leads there.</summary>
    public bool Equals(Place? other) => other is not null && Entity.Equals(other.Entity) && Path == other.Path && IsTag == other.IsTag;

    public override int GetHashCode() => HashCode.Combine(Entity, Path, IsTag);

    /// <summary>Whether it stands inside that other value.</summary>
    internal bool IsWithin(Place other) => Entity.Equals(other.Entity) && IsTag == other.IsTag && Path.Length > other.Path.Length
        && Path.StartsWith(other.Path, StringComparison.Ordinal) && Path[other.Path.Length] == '.';
}

/// <summary>A part of a policy that was not met, or that was and should not have been.</summary>
/// <param name="Text">In Cedar, as <c>context.risk.score &lt; 50</c>.</param>
/// <param name="Found">The values it looked at.</param>
/// <param name="IsUnless">It stands in an <c>unless</c> clause.</param>
public sealed record PolicyPart(string Text, IReadOnlyList<FoundValue> Found, bool IsUnless);

/// <param name="Place">In the policy's own words.</param>
/// <param name="Value">Null when there is none.</param>
public sealed record FoundValue(string Place, Value? Value)
{
    /// <summary><c>context.risk.score = 71</c>, or <c>context.origin is absent</c>.</summary>
    public override string ToString() => Value is null ? $"{Place} is absent" : $"{Place} = {Value}";
}
