using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Assay.Cedar;

/// <summary>A record: named values. Keeps the order it was built in for display; equality ignores it.</summary>
public sealed class RecordValue : Value
{
    // Below this, comparing lengths and first characters beats hashing the name.
    internal const int LargestLinear = 16;

    private readonly string[] names;
    private readonly Value[] values;
    private readonly Dictionary<string, int>? index;

    private RecordValue(string[] names, Value[] values)
    {
        this.names = names;
        this.values = values;
        if (names.Length > LargestLinear)
        {
            index = new Dictionary<string, int>(names.Length, StringComparer.Ordinal);
            for (var i = 0; i < names.Length; i++)
            {
                if (!index.TryAdd(names[i], i))
                    throw Duplicate(names[i]);
            }
        }
        else
        {
            for (var i = 1; i < names.Length; i++)
            {
                if (names.AsSpan(0, i).IndexOf(names[i]) >= 0)
                    throw Duplicate(names[i]);
            }
        }
    }

    private RecordValue(RecordShape shape, Value[] values) => (names, this.values) = (shape.Names, values);

    /// <summary>The record without fields.</summary>
    public static RecordValue Empty { get; } = new([], []);

    /// <summary>Number of fields.</summary>
    public int Count => names.Length;

    /// <summary>The fields by name.</summary>
    public IReadOnlyDictionary<string, Value> Fields => new FieldView(this);

    /// <inheritdoc/>
    public override string TypeName => "record";

    internal ReadOnlySpan<string> FieldNames => names;

    internal ReadOnlySpan<Value> FieldValues => values;

    internal static RecordValue From(IEnumerable<KeyValuePair<string, Value>> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        KeyValuePair<string, Value>[] all = [.. fields];
        var names = new string[all.Length];
        var values = new Value[all.Length];
        for (var i = 0; i < all.Length; i++)
            (names[i], values[i]) = (Checked(all[i].Key), Checked(all[i].Value));

        return Owning(names, values);
    }

    internal static RecordValue From(ReadOnlySpan<(string Name, Value Value)> fields)
    {
        var names = new string[fields.Length];
        var values = new Value[fields.Length];
        for (var i = 0; i < fields.Length; i++)
            (names[i], values[i]) = (Checked(fields[i].Name), Checked(fields[i].Value));

        return Owning(names, values);
    }

    internal static RecordValue From(RecordShape shape, ReadOnlySpan<Value> values)
    {
        if (values.Length != shape.Names.Length)
            throw new ArgumentException($"{shape.Names.Length} values are needed, not {values.Length}", nameof(values));
        foreach (var value in values)
            Checked(value);
        return new RecordValue(shape, values.ToArray());
    }

    /// <summary>Takes the arrays as they are: the caller must not touch them again.</summary>
    internal static RecordValue Owning(string[] names, Value[] values) => names.Length == 0 ? Empty : new RecordValue(names, values);

    /// <summary>Looks a field up by its exact name.</summary>
    public bool TryGetValue(string name, [NotNullWhen(true)] out Value? value)
    {
        var found = index is not null ? index.GetValueOrDefault(name, -1) : IndexOf(name);
        value = found < 0 ? null : values[found];
        return found >= 0;
    }

    /// <summary>Looks a field up, first where the name was found last: records of one shape have it in the same place.</summary>
    internal Value? Find(string name, ref int hint)
    {
        var at = hint;
        if ((uint)at < (uint)names.Length && string.Equals(names[at], name))
            return values[at];

        at = index is not null ? index.GetValueOrDefault(name, -1) : IndexOf(name);
        if (at < 0)
            return null;

        hint = at;
        return values[at];
    }

    /// <inheritdoc/>
    public override bool Equals(Value? other)
    {
        if (ReferenceEquals(this, other))
            return true;

        if (other is not RecordValue record || record.Count != Count)
            return false;

        for (var i = 0; i < names.Length; i++)
        {
            if (!record.TryGetValue(names[i], out var value) || !value.Equals(values[i]))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var sum = names.Length;
        for (var i = 0; i < names.Length; i++)
            sum += HashCode.Combine(names[i], values[i]); // a sum, because order must not matter

        return sum;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var builder = new StringBuilder("{");
        for (var i = 0; i < names.Length; i++)
            builder.Append(i == 0 ? "" : ", ").Append(Escapes.Quote(names[i])).Append(": ").Append(values[i]);

        return builder.Append('}').ToString();
    }

    private int IndexOf(string name)
    {
        for (var i = 0; i < names.Length; i++)
        {
            if (string.Equals(names[i], name))
                return i;
        }

        return -1;
    }

    private static T Checked<T>(T? part) where T : class => part ?? throw new ArgumentNullException(nameof(part), "a record holds no null");

    private static CedarDataException Duplicate(string name) => new($"the name {Escapes.Quote(name)} appears twice in one record");

    /// <summary>A record is no collection itself: comparing two records must always mean Cedar equality.</summary>
    private sealed class FieldView(RecordValue record) : IReadOnlyDictionary<string, Value>
    {
        public int Count => record.Count;

        public IEnumerable<string> Keys => record.names;

        public IEnumerable<Value> Values => record.values;

        public Value this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"no field {Escapes.Quote(key)}");

        public bool ContainsKey(string key) => record.TryGetValue(key, out _);

        public bool TryGetValue(string key, [MaybeNullWhen(false)] out Value value) => record.TryGetValue(key, out value);

        public IEnumerator<KeyValuePair<string, Value>> GetEnumerator()
        {
            for (var i = 0; i < record.names.Length; i++)
                yield return new(record.names[i], record.values[i]);
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
