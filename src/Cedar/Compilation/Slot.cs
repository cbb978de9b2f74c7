namespace Assay.Cedar;

/// <summary>
/// A value while a policy is evaluated. What already exists is referred to; what an operator makes stays out of the heap: a number in
/// here, the parts of a set or record in the evaluation's memory. The default is no value: the evaluation failed.
/// </summary>
internal readonly struct Slot
{
    private Slot(object? reference, long number) => (Reference, Number) = (reference, number);

    public Slot(Value value) => Reference = value;

    public Slot(BoundEntity entity) => Reference = entity;

    /// <summary>A <see cref="Value"/>, a <see cref="BoundEntity"/>, or what says how to read <see cref="Number"/>: a <see cref="NumberTag"/>, a <see cref="PartsTag"/>.</summary>
    public object? Reference { get; }

    /// <summary>The number itself, or where the parts are.</summary>
    public long Number { get; }

    public bool Failed => Reference is null;

    public static Slot Of(bool value) => new(Value.Of(value));

    public static Slot Of(NumberTag tag, long number) => new(tag, number);

    public static Slot Parts(PartsTag tag, int start) => new(tag, start);

    public bool TryLong(out long number)
    {
        if (Reference is LongValue value)
        {
            number = value.Value;
            return true;
        }

        number = Number;
        return ReferenceEquals(Reference, NumberTag.Long);
    }

    public bool TryDatetime(out long milliseconds)
    {
        if (Reference is DatetimeValue value)
        {
            milliseconds = value.Milliseconds;
            return true;
        }

        milliseconds = Number;
        return ReferenceEquals(Reference, NumberTag.Datetime);
    }

    public bool TryDuration(out long milliseconds)
    {
        if (Reference is DurationValue value)
        {
            milliseconds = value.Milliseconds;
            return true;
        }

        milliseconds = Number;
        return ReferenceEquals(Reference, NumberTag.Duration);
    }

    public bool TryEntity(out EntityUid uid)
    {
        switch (Reference)
        {
            case EntityValue value:
                uid = value.Value;
                return true;
            case BoundEntity bound:
                uid = bound.Uid;
                return true;
            default:
                uid = default;
                return false;
        }
    }
}

/// <summary>What a number in a <see cref="Slot"/> stands for.</summary>
internal sealed class NumberTag
{
    public static readonly NumberTag Long = new();
    public static readonly NumberTag Datetime = new();
    public static readonly NumberTag Duration = new();

    private NumberTag()
    {
    }
}

/// <summary>Says that a <see cref="Slot"/> is a set or record made in a policy, of parts that lie in the evaluation's memory. Parts are never made of parts.</summary>
/// <param name="names">Of the fields; null for a set.</param>
/// <param name="count">How many parts.</param>
internal sealed class PartsTag(string[]? names, int count)
{
    /// <summary>More parts than this become a value of their own, which is looked up in by hash and not one by one.</summary>
    public const int Most = 16;

    public string[]? Names { get; } = names;

    public int Count { get; } = count;
}

/// <summary>The principal, action or resource of the request, looked up once.</summary>
internal sealed class BoundEntity
{
    public EntityUid Uid { get; private set; }

    /// <summary>Null when it is not present.</summary>
    public EntityNode? Node { get; private set; }

    public void Bind(EntityUid uid, Entities entities) => (Uid, Node) = (uid, entities.Find(uid));

    public void Clear() => (Uid, Node) = (default, null);
}
