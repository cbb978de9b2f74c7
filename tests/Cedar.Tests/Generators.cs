using CsCheck;

namespace Assay.Cedar.Tests;

/// <summary>Random values of every type, nested.</summary>
internal static class Generators
{
    public static readonly Gen<string> Text = Gen.Frequency(
        (4, Gen.Char.AlphaNumeric.Array[0, 6].Select(chars => new string(chars))),
        (1, Gen.OneOfConst("", "a b", "\"\\\n\r\t\0", "é😀", "__entity", "if", "*", "\u007f\u2028", "x\\u{1}")));

    public static readonly Gen<long> Number = Gen.Frequency((3, Gen.Long), (2, Gen.Long[-20, 20]), (1, Gen.OneOfConst(long.MinValue, long.MaxValue, 0)));

    public static readonly Gen<EntityUid> Uid = Gen.Select(Gen.OneOfConst("User", "A::B", "Assay::Workload"), Text, (type, id) => new EntityUid(type, id));

    public static readonly Gen<Value> Value = Gen.Recursive<Value>((depth, inner) => depth >= 4 ? Leaf : Gen.Frequency(
        (3, Leaf),
        (1, inner.Array[0, 12].Select(elements => (Value)Assay.Cedar.Value.Set(elements))),
        (1, Gen.Select(Text, inner).Array[0, 20].Select(fields => (Value)Assay.Cedar.Value.Record(Fields(fields))))));

    private static Gen<Value> Leaf => Gen.OneOf(
        Gen.Bool.Select(value => (Value)Assay.Cedar.Value.Of(value)),
        Number.Select(value => (Value)Assay.Cedar.Value.Of(value)),
        Text.Select(value => (Value)Assay.Cedar.Value.Of(value)),
        Uid.Select(value => (Value)Assay.Cedar.Value.Of(value)),
        Number.Select(value => (Value)new DecimalValue(value)),
        Number.Select(value => (Value)new DurationValue(value)),
        Number.Select(value => (Value)new DatetimeValue(value)),
        Gen.Long[-62_167_219_200_000, 253_402_300_799_999].Select(value => (Value)new DatetimeValue(value)),
        Gen.Select(Gen.UInt, Gen.Int[0, 32], (bits, prefix) => (Value)Assay.Cedar.Value.Ip($"{bits >> 24}.{(bits >> 16) & 255}.{(bits >> 8) & 255}.{bits & 255}/{prefix}")),
        Gen.Select(Gen.OneOf(Gen.UShort, Gen.Const((ushort)0)).Array[8], Gen.Int[0, 128], (groups, prefix) =>
            (Value)Assay.Cedar.Value.Ip($"{string.Join(':', groups.Select(group => group.ToString("x")))}/{prefix}")));

    private static IEnumerable<KeyValuePair<string, Value>> Fields((string Name, Value Value)[] fields)
    {
        var distinct = fields.DistinctBy(field => field.Name).ToList();
        return distinct
            .Where(field => distinct.Count > 1 || !field.Name.StartsWith("__", StringComparison.Ordinal)) // an escape, not a record
            .Select(field => KeyValuePair.Create(field.Name, field.Value));
    }
}
