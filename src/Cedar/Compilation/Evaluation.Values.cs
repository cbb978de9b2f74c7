using System.Diagnostics;

namespace Assay.Cedar;

/// <summary>What nodes ask of an evaluation: entities, and the comparison of values of which some are only in parts.</summary>
public sealed partial class Evaluation
{
    // Parts of the sets and records that the policy under evaluation has made so far. No expression is evaluated twice for a policy, so
    // they are at most as many as are written in it.
    private Slot[] parts = [];
    private int used;

    // What attributes were found to be in this request.
    private Slot[] known = [];

    /// <summary>Why the last evaluation failed.</summary>
    internal EvaluationErrorKind FailedKind { get; private set; }

    internal ref Slot Known(int place) => ref known[place];

    internal Slot Fail(EvaluationErrorKind kind)
    {
        FailedKind = kind;
        return default;
    }

    internal Truth FailTest(EvaluationErrorKind kind)
    {
        FailedKind = kind;
        return Truth.Failed;
    }

    internal static bool IsSet(in Slot slot) => slot.Reference is SetValue or PartsTag { Names: null };

    /// <summary>The entity that a slot names; null when it is not present.</summary>
    internal EntityNode? Find(in Slot entity) => entity.Reference is BoundEntity bound ? bound.Node : entities.Find(((EntityValue)entity.Reference!).Value);

    internal Truth IsIn(in Slot entity, in Slot ancestor)
    {
        if (!entity.TryEntity(out var uid))
            return FailTest(EvaluationErrorKind.TypeError);

        if (ancestor.TryEntity(out var single))
            return uid.Equals(single) || Find(entity)?.HasAncestor(single) == true ? Truth.True : Truth.False;

        if (!IsSet(ancestor))
            return FailTest(EvaluationErrorKind.TypeError);

        // Every element must be an entity, also one after the one that decides.
        var node = Find(entity);
        var found = false;
        for (var i = 0; i < Count(ancestor); i++)
        {
            if (!Element(ancestor, i).TryEntity(out var candidate))
                return FailTest(EvaluationErrorKind.TypeError);

            found = found || uid.Equals(candidate) || node?.HasAncestor(candidate) == true;
        }

        return found ? Truth.True : Truth.False;
    }

    /// <summary>Room for the parts of a set or record.</summary>
    internal int Reserve(int count)
    {
        var start = used;
        used += count;
        if (used > parts.Length)
            Array.Resize(ref parts, Math.Max(used, Math.Max(PartsTag.Most, parts.Length * 2)));

        return start;
    }

    internal void Put(int place, in Slot part) => parts[place] = part;

    /// <summary>A field of a record in parts.</summary>
    internal bool TryField(in Slot record, string name, out Slot field)
    {
        var at = ((PartsTag)record.Reference!).Names.AsSpan().IndexOf(name);
        field = at < 0 ? default : parts[record.Number + at];
        return at >= 0;
    }

    internal bool Contains(in Slot set, in Slot element)
    {
        if (set.Reference is SetValue whole && element.Reference is Value value)
            return whole.Contains(value);

        for (var i = 0; i < Count(set); i++)
        {
            if (AreEqual(Element(set, i), element))
                return true;
        }

        return false;
    }

    internal bool ContainsAll(in Slot set, in Slot other)
    {
        if (set.Reference is SetValue x && other.Reference is SetValue y)
            return x.ContainsAll(y);

        for (var i = 0; i < Count(other); i++)
        {
            if (!Contains(set, Element(other, i)))
                return false;
        }

        return true;
    }

    internal bool ContainsAny(in Slot set, in Slot other)
    {
        if (set.Reference is SetValue x && other.Reference is SetValue y)
            return x.ContainsAny(y);

        // Go through the one in parts: a whole set is looked up in by hash.
        var (few, many) = set.Reference is SetValue ? (other, set) : (set, other);
        for (var i = 0; i < Count(few); i++)
        {
            if (Contains(many, Element(few, i)))
                return true;
        }

        return false;
    }

    internal bool AreEqual(in Slot left, in Slot right)
    {
        switch (left.Reference)
        {
            case StringValue text:
                return right.Reference is StringValue otherText && text.Equals(otherText);
            case EntityValue or BoundEntity:
                return ReferenceEquals(left.Reference, right.Reference) ||
                    (left.TryEntity(out var entity) && right.TryEntity(out var otherEntity) && entity.Equals(otherEntity));
            case LongValue:
                return left.TryLong(out var number) && right.TryLong(out var otherNumber) && number == otherNumber;
            case DatetimeValue:
                return left.TryDatetime(out var moment) && right.TryDatetime(out var otherMoment) && moment == otherMoment;
            case DurationValue:
                return left.TryDuration(out var span) && right.TryDuration(out var otherSpan) && span == otherSpan;
            case NumberTag tag:
                return ReferenceEquals(right.Reference, tag) ? left.Number == right.Number : right.Reference is not NumberTag && AreEqual(right, left);
            case PartsTag { Names: null }:
                return IsSet(right) && ContainsAll(left, right) && ContainsAll(right, left);
            case PartsTag record:
                return AreEqualRecords(record, left, right);
            case Value value when right.Reference is Value otherValue:
                return value.Equals(otherValue);
            case Value:
                return right.Reference is PartsTag && AreEqual(right, left);
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>The value as an object of its own.</summary>
    internal Value Build(in Slot slot)
    {
        switch (slot.Reference)
        {
            case Value value:
                return value;
            case BoundEntity bound:
                return Value.Of(bound.Uid);
            case PartsTag tag:
                var values = new Value[tag.Count];
                for (var i = 0; i < values.Length; i++)
                    values[i] = Build(parts[slot.Number + i]);

                return tag.Names is null ? SetValue.From(values) : RecordValue.Owning(tag.Names, values);
            default:
                return ReferenceEquals(slot.Reference, NumberTag.Long) ? Value.Of(slot.Number)
                    : ReferenceEquals(slot.Reference, NumberTag.Datetime) ? new DatetimeValue(slot.Number)
                    : new DurationValue(slot.Number);
        }
    }

    private bool AreEqualRecords(PartsTag record, in Slot left, in Slot right)
    {
        var count = right.Reference switch
        {
            RecordValue whole => whole.Count,
            PartsTag { Names: not null } tag => tag.Count,
            _ => -1,
        };
        if (count != record.Count)
            return false;

        for (var i = 0; i < record.Count; i++)
        {
            if (!TryFieldOf(right, record.Names![i], out var field) || !AreEqual(parts[left.Number + i], field))
                return false;
        }

        return true;
    }

    private bool TryFieldOf(in Slot record, string name, out Slot field)
    {
        if (record.Reference is not RecordValue whole)
            return TryField(record, name, out field);

        var found = whole.TryGetValue(name, out var value);
        field = found ? new Slot(value!) : default;
        return found;
    }

    private static int Count(in Slot set) => set.Reference is SetValue whole ? whole.Count : ((PartsTag)set.Reference!).Count;

    private Slot Element(in Slot set, int place) => set.Reference is SetValue whole ? new Slot(whole.Span[place]) : parts[set.Number + place];
}
