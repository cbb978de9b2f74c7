using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>One entity: its name, attributes, direct parents and tags. Immutable.</summary>
/// <param name="uid">The name.</param>
/// <param name="attributes">What policies reach by <c>entity.name</c>.</param>
/// <param name="parents">Direct parents, which need not be present; default means none.</param>
/// <param name="tags">What policies reach by <c>entity.getTag("name")</c>; null means none.</param>
public sealed class Entity(EntityUid uid, RecordValue attributes, ImmutableArray<EntityUid> parents, RecordValue? tags = null) : IEquatable<Entity>
{
    /// <summary>The name.</summary>
    public EntityUid Uid { get; } = uid;

    /// <summary>The attributes.</summary>
    public RecordValue Attributes { get; } = attributes ?? throw new ArgumentNullException(nameof(attributes));

    /// <summary>The direct parents as given.</summary>
    public ImmutableArray<EntityUid> Parents { get; } = parents.IsDefault ? [] : parents;

    /// <summary>The tags; empty when there are none.</summary>
    public RecordValue Tags { get; } = tags ?? RecordValue.Empty;

    /// <summary>Equality of all parts; the order of parents does not matter.</summary>
    public bool Equals(Entity? other) =>
        ReferenceEquals(this, other) ||
        (other is not null && Uid.Equals(other.Uid) && Attributes.Equals(other.Attributes) && Tags.Equals(other.Tags) &&
         (Parents.AsSpan().SequenceEqual(other.Parents.AsSpan()) || new HashSet<EntityUid>(Parents).SetEquals(other.Parents)));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Entity);

    /// <inheritdoc/>
    public override int GetHashCode() => Uid.GetHashCode();

    /// <summary>The name.</summary>
    public override string ToString() => Uid.ToString();
}
