using System.Runtime.InteropServices;

namespace Assay.Cedar;

/// <summary>A set of values: no order, no duplicates. It is no collection itself: comparing two sets must always mean Cedar equality.</summary>
public sealed class SetValue : Value
{
    private const int LargestLinear = 8;

    private readonly Value[] elements;
    private readonly HashSet<Value>? index;

    private SetValue(Value[] elements, HashSet<Value>? index)
    {
        this.elements = elements;
        this.index = index;
    }

    /// <summary>The set without elements.</summary>
    public static SetValue Empty { get; } = new([], null);

    /// <summary>Number of distinct elements.</summary>
    public int Count => elements.Length;

    /// <inheritdoc/>
    public override string TypeName => "set";

    /// <summary>The distinct elements, in the order of their first mention.</summary>
    public IReadOnlyList<Value> Elements => elements.AsReadOnly();

    internal ReadOnlySpan<Value> Span => elements;

    internal static SetValue From(IEnumerable<Value> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return From([.. source]);
    }

    internal static SetValue From(ReadOnlySpan<Value> source)
    {
        foreach (var element in source)
            ArgumentNullException.ThrowIfNull(element, nameof(source));

        return source.IsEmpty ? Empty : source.Length <= LargestLinear ? Small(source) : Large(source);
    }

    /// <summary>Whether an equal value is an element.</summary>
    public bool Contains(Value value) => index is null ? ContainsLinear(elements, value) : index.Contains(value);

    /// <summary>Whether every element of <paramref name="other"/> is one of this set.</summary>
    public bool ContainsAll(SetValue other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Count > Count)
            return false;

        foreach (var element in other.elements)
        {
            if (!Contains(element))
                return false;
        }

        return true;
    }

    /// <summary>Whether at least one element of <paramref name="other"/> is one of this set.</summary>
    public bool ContainsAny(SetValue other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var (few, many) = other.Count <= Count ? (other, this) : (this, other);
        foreach (var element in few.elements)
        {
            if (many.Contains(element))
                return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public override bool Equals(Value? other) =>
        ReferenceEquals(this, other) || (other is SetValue set && set.Count == Count && ContainsAll(set));

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var sum = elements.Length;
        foreach (var element in elements)
            sum += element.GetHashCode(); // a sum, because order must not matter

        return sum;
    }

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", (IEnumerable<Value>)elements)}]";

    private static SetValue Small(ReadOnlySpan<Value> source)
    {
        var distinct = new Value[source.Length];
        var count = 0;
        foreach (var element in source)
        {
            if (!ContainsLinear(distinct.AsSpan(0, count), element))
                distinct[count++] = element;
        }

        return new SetValue(count == distinct.Length ? distinct : distinct[..count], null);
    }

    private static SetValue Large(ReadOnlySpan<Value> source)
    {
        var index = new HashSet<Value>(source.Length);
        var distinct = new List<Value>(source.Length);
        foreach (var element in source)
        {
            if (index.Add(element))
                distinct.Add(element);
        }

        var elements = CollectionsMarshal.AsSpan(distinct).ToArray();
        return new SetValue(elements, elements.Length <= LargestLinear ? null : index);
    }

    private static bool ContainsLinear(ReadOnlySpan<Value> elements, Value value)
    {
        foreach (var element in elements)
        {
            if (element.Equals(value))
                return true;
        }

        return false;
    }
}
