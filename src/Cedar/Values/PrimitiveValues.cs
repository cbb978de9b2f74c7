using System.Globalization;

namespace Assay.Cedar;

/// <summary>A Boolean. There are only two instances.</summary>
public sealed class BoolValue : Value
{
    internal static readonly BoolValue True = new(true);
    internal static readonly BoolValue False = new(false);

    private BoolValue(bool value) => Value = value;

    /// <summary>The value.</summary>
    public bool Value { get; }

    /// <inheritdoc/>
    public override string TypeName => "bool";

    /// <inheritdoc/>
    public override bool Equals(Value? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value ? 1 : 2;

    /// <inheritdoc/>
    public override string ToString() => Value ? "true" : "false";
}

/// <summary>A 64-bit signed integer.</summary>
public sealed class LongValue : Value
{
    private const int SmallestShared = -16;
    private const int SharedCount = 1024;

    private static readonly LongValue[] Shared = [.. Enumerable.Range(SmallestShared, SharedCount).Select(n => new LongValue(n))];

    private LongValue(long value) => Value = value;

    /// <summary>The value.</summary>
    public long Value { get; }

    /// <inheritdoc/>
    public override string TypeName => "long";

    internal static LongValue For(long value) =>
        (ulong)(value - SmallestShared) < SharedCount ? Shared[value - SmallestShared] : new LongValue(value);

    /// <inheritdoc/>
    public override bool Equals(Value? other) => other is LongValue value && value.Value == Value;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(1, Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A string of Unicode characters.</summary>
public sealed class StringValue : Value
{
    internal StringValue(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Value = value;
    }

    /// <summary>The value.</summary>
    public string Value { get; }

    /// <inheritdoc/>
    public override string TypeName => "string";

    /// <inheritdoc/>
    public override bool Equals(Value? other) => other is StringValue value && string.Equals(value.Value, Value);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => Escapes.Quote(Value);
}

/// <summary>A reference to an entity, which need not exist.</summary>
public sealed class EntityValue : Value
{
    internal EntityValue(EntityUid value)
    {
        ArgumentNullException.ThrowIfNull(value.Type);
        ArgumentNullException.ThrowIfNull(value.Id);
        Value = value;
    }

    /// <summary>The entity's name.</summary>
    public EntityUid Value { get; }

    /// <inheritdoc/>
    public override string TypeName => $"entity of type {Value.Type}";

    /// <inheritdoc/>
    public override bool Equals(Value? other) => other is EntityValue value && value.Value.Equals(Value);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}
