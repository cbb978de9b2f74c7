using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>What the typechecker says of an expression.</summary>
internal readonly struct Answer
{
    private Answer(StaticType? type, ImmutableHashSet<int> learned, bool failed) => (Type, Learned, Failed) = (type, learned, failed);

    /// <summary>Its type; null when a fault leaves none.</summary>
    public StaticType? Type { get; }

    /// <summary>Guards (see <see cref="Shapes"/>) that hold whenever it is true.</summary>
    public ImmutableHashSet<int> Learned { get; }

    /// <summary>Whether a fault was found in it; even then its type may be known.</summary>
    public bool Failed { get; }

    public static Answer Fault { get; } = Of(null, failed: true);

    public static Answer Of(StaticType? type, bool failed = false) => new(type, [], failed);

    public static Answer Of(StaticType? type, ImmutableHashSet<int> learned, bool failed) => new(type, failed ? [] : learned, failed);

    /// <summary>The same type, failed when something beside it did.</summary>
    public Answer After(bool otherFailed) => Of(Type, Learned, Failed || otherFailed);
}
