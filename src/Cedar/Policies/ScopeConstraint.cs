using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>What a policy's head asks of its principal, action or resource.</summary>
public abstract record ScopeConstraint
{
    private ScopeConstraint()
    {
    }

    /// <summary>Anything satisfies it.</summary>
    public static ScopeConstraint Anything { get; } = new Any();

    /// <summary>No constraint.</summary>
    public sealed record Any : ScopeConstraint;

    /// <summary><c>== Entity</c></summary>
    public sealed record Equal(EntityUid Entity) : ScopeConstraint;

    /// <summary><c>in Entity</c>, or for actions <c>in [Entity, …]</c>: in any of them.</summary>
    public sealed record In(ImmutableArray<EntityUid> Entities) : ScopeConstraint
    {
        /// <summary>Equal when the lists are.</summary>
        public bool Equals(In? other) => other is not null && Entities.AsSpan().SequenceEqual(other.Entities.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => Entities.Length == 0 ? 0 : Entities[0].GetHashCode() + Entities.Length;
    }

    /// <summary><c>is Type</c></summary>
    public sealed record Is(string Type) : ScopeConstraint;

    /// <summary><c>is Type in Entity</c></summary>
    public sealed record IsIn(string Type, EntityUid Entity) : ScopeConstraint;

    /// <summary><c>== ?slot</c>; in templates only.</summary>
    public sealed record EqualSlot : ScopeConstraint;

    /// <summary><c>in ?slot</c>; in templates only.</summary>
    public sealed record InSlot : ScopeConstraint;

    /// <summary><c>is Type in ?slot</c>; in templates only.</summary>
    public sealed record IsInSlot(string Type) : ScopeConstraint;

    /// <summary>Whether it waits for a template to be linked.</summary>
    public bool HasSlot => this is EqualSlot or InSlot or IsInSlot;

    internal ScopeConstraint Fill(EntityUid entity) => this switch
    {
        EqualSlot => new Equal(entity),
        InSlot => new In([entity]),
        IsInSlot slot => new IsIn(slot.Type, entity),
        _ => this,
    };
}
