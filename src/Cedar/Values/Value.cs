using System.Diagnostics.CodeAnalysis;

namespace Assay.Cedar;

/// <summary>
/// A Cedar value. Immutable; equality is that of <c>==</c> in policies: by content, sets without order, values of different types
/// never equal. <see cref="object.ToString"/> gives a Cedar expression that evaluates to the value.
/// </summary>
public abstract class Value : IEquatable<Value>
{
    private protected Value()
    {
    }

    /// <summary>The name of the value's type as messages show it: <c>long</c>, <c>set</c>, <c>ipaddr</c>, or an entity type.</summary>
    public abstract string TypeName { get; }

    /// <summary>A Boolean.</summary>
    public static BoolValue Of(bool value) => value ? BoolValue.True : BoolValue.False;

    /// <summary>A 64-bit signed integer.</summary>
    public static LongValue Of(long value) => LongValue.For(value);

    /// <summary>A string.</summary>
    public static StringValue Of(string value) => new(value);

    /// <summary>A reference to an entity, which need not exist.</summary>
    public static EntityValue Of(EntityUid value) => new(value);

    /// <summary>A set; duplicates collapse.</summary>
    public static SetValue Set(IEnumerable<Value> elements) => SetValue.From(elements);

    /// <summary>A set; duplicates collapse.</summary>
    public static SetValue Set(params ReadOnlySpan<Value> elements) => SetValue.From(elements);

    /// <summary>A record.</summary>
    /// <exception cref="CedarDataException">A name appears twice.</exception>
    public static RecordValue Record(IEnumerable<KeyValuePair<string, Value>> fields) => RecordValue.From(fields);

    /// <summary>A record.</summary>
    /// <exception cref="CedarDataException">A name appears twice.</exception>
    public static RecordValue Record(params ReadOnlySpan<(string Name, Value Value)> fields) => RecordValue.From(fields);

    /// <summary>A record of a shape that many have: its names are looked at once.</summary>
    /// <param name="shape">Its names.</param>
    /// <param name="values">A value for each, in their order.</param>
    /// <exception cref="ArgumentException">There are more or fewer values than names.</exception>
    public static RecordValue Record(RecordShape shape, params ReadOnlySpan<Value> values) => RecordValue.From(shape, values);

    /// <summary>A moment, to the millisecond; finer digits are dropped towards the past.</summary>
    public static DatetimeValue Datetime(DateTimeOffset moment) => new(moment.ToUnixTimeMilliseconds());

    /// <summary>A span of time, to the millisecond; finer digits are dropped towards zero.</summary>
    public static DurationValue Duration(TimeSpan span) => new(span.Ticks / TimeSpan.TicksPerMillisecond);

    /// <summary>Reads what the <c>datetime</c> constructor takes: <c>2024-10-15</c>, <c>2024-10-15T11:35:00.000+0100</c>.</summary>
    /// <exception cref="FormatException">The text is not a datetime.</exception>
    public static DatetimeValue Datetime(string text) => DatetimeValue.TryParse(text, out var value, out var reason) ? value : throw Bad("datetime", reason);

    /// <summary>Reads what the <c>duration</c> constructor takes: <c>1d2h3m4s5ms</c>, in that order, each part optional, <c>-</c> in front.</summary>
    /// <exception cref="FormatException">The text is not a duration.</exception>
    public static DurationValue Duration(string text) => DurationValue.TryParse(text, out var value, out var reason) ? value : throw Bad("duration", reason);

    /// <summary>Reads what the <c>decimal</c> constructor takes: digits on both sides of the point, at most four behind it.</summary>
    /// <exception cref="FormatException">The text is not a decimal, or out of range.</exception>
    public static DecimalValue Decimal(string text) => DecimalValue.TryParse(text, out var value, out var reason) ? value : throw Bad("decimal", reason);

    /// <summary>Reads what the <c>ip</c> constructor takes: an IPv4 or IPv6 address, or a range in CIDR form.</summary>
    /// <exception cref="FormatException">The text is neither.</exception>
    public static IpValue Ip(string text) => IpValue.TryParse(text, out var value, out var reason) ? value : throw Bad("ip", reason);

    /// <summary><see cref="Datetime(string)"/> without the exception.</summary>
    public static bool TryDatetime(string text, [NotNullWhen(true)] out DatetimeValue? value) => DatetimeValue.TryParse(text, out value, out _);

    /// <summary><see cref="Duration(string)"/> without the exception.</summary>
    public static bool TryDuration(string text, [NotNullWhen(true)] out DurationValue? value) => DurationValue.TryParse(text, out value, out _);

    /// <summary><see cref="Decimal(string)"/> without the exception.</summary>
    public static bool TryDecimal(string text, [NotNullWhen(true)] out DecimalValue? value) => DecimalValue.TryParse(text, out value, out _);

    /// <summary><see cref="Ip(string)"/> without the exception.</summary>
    public static bool TryIp(string text, [NotNullWhen(true)] out IpValue? value) => IpValue.TryParse(text, out value, out _);

    /// <summary>Equality as <c>==</c> in policies.</summary>
    public abstract bool Equals(Value? other);

    /// <inheritdoc/>
    public sealed override bool Equals(object? obj) => obj is Value other && Equals(other);

    /// <inheritdoc/>
    public abstract override int GetHashCode();

    private static FormatException Bad(string constructor, string reason) => new($"not a value for {constructor}: {reason}");
}
