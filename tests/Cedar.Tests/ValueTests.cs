using System.Text.Json;
using CsCheck;

namespace Assay.Cedar.Tests;

public sealed class ValueTests
{
    [Fact]
    public void A_value_is_shown_as_an_expression_for_it()
    {
        Generators.Value.Sample(value => Assert.Equal("true", Cedar.Condition($"{value} == context.x", Value.Record(("x", value)))));
    }

    [Fact]
    public void A_value_written_as_json_reads_back_equal_with_the_same_hash()
    {
        Generators.Value.Sample(value =>
        {
            using var json = JsonDocument.Parse(CedarJson.ToJson(value));

            var again = CedarJson.ReadValue(json.RootElement);

            Assert.Equal(value, again);
            Assert.Equal(value.GetHashCode(), again.GetHashCode());
        });
    }

    [Fact]
    public void A_record_of_a_shape_is_the_record_of_its_names_and_values()
    {
        var shape = new RecordShape("a", "b");

        var made = Value.Record(shape, Value.Of(1), Value.Of("x"));

        Assert.Equal(Value.Record(("b", Value.Of("x")), ("a", Value.Of(1))), made);
        Assert.True(made.TryGetValue("b", out var found) && found.Equals(Value.Of("x")));
        Assert.Throws<ArgumentException>(() => Value.Record(shape, Value.Of(1)));
        Assert.Throws<ArgumentException>(() => Value.Record(shape, Value.Of(1), Value.Of(2), Value.Of(3)));
        Assert.ThrowsAny<Exception>(() => Value.Record(shape, Value.Of(1), null!));
    }

    [Fact]
    public void A_shape_has_some_names_and_none_twice()
    {
        Assert.Throws<ArgumentException>(() => new RecordShape());
        Assert.Throws<ArgumentException>(() => new RecordShape("a", "b", "a"));
        Assert.Throws<ArgumentException>(() => new RecordShape([.. Enumerable.Range(0, 17).Select(i => $"n{i}")]));
    }

    [Fact]
    public void Sets_ignore_order_and_repetition()
    {
        Gen.Select(Generators.Value.Array[0, 20], Gen.Int[0, 1000]).Sample((elements, seed) =>
        {
            var shuffled = elements.Concat(elements).ToArray();
            new Random(seed).Shuffle(shuffled);

            Assert.Equal(Value.Set(elements), Value.Set(shuffled));
            Assert.Equal(Value.Set(elements).GetHashCode(), Value.Set(shuffled).GetHashCode());
            Assert.Equal(elements.ToHashSet().Count, Value.Set(shuffled).Count);
        });
    }

    [Fact]
    public void Set_operations_agree_with_the_definition()
    {
        var small = Gen.Long[0, 30].Array[0, 25];

        Gen.Select(small, small).Sample((a, b) =>
        {
            var (left, right) = (Value.Set(a.Select(Value.Of)), Value.Set(b.Select(Value.Of)));

            Assert.Equal(b.All(a.Contains), left.ContainsAll(right));
            Assert.Equal(b.Any(a.Contains), left.ContainsAny(right));
            Assert.Equal(a.ToHashSet().SetEquals(b), left.Equals(right));
        });
    }

    [Theory]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(200)]
    public void A_record_finds_its_fields_and_no_others(int count)
    {
        var record = Value.Record(Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"f{i}", (Value)Value.Of(i))));

        Assert.All(Enumerable.Range(0, count), i => Assert.Equal(Value.Of(i), record.Fields[$"f{i}"]));
        Assert.False(record.TryGetValue($"f{count}", out _));
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"f{i}"), record.Fields.Keys);
        Assert.Equal(record, Value.Record(record.Fields.Reverse()));
        Assert.NotEqual<Value>(record, Value.Record(record.Fields.Skip(1)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(30)]
    public void A_name_twice_in_a_record_is_refused(int count)
    {
        var fields = Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"f{i}", (Value)Value.Of(i))).Append(new("f0", Value.Of(0)));

        Assert.Equal("the name \"f0\" appears twice in one record", Assert.Throws<CedarDataException>(() => Value.Record(fields)).Message);
    }

    [Fact]
    public void Moments_and_spans_are_cut_to_milliseconds()
    {
        Assert.Equal("datetime(\"1969-12-31T23:59:59.999Z\")", Value.Datetime(DateTimeOffset.UnixEpoch.AddTicks(-1)).ToString());
        Assert.Equal("datetime(\"2024-02-29T11:34:56.789Z\")", Value.Datetime(new DateTimeOffset(2024, 2, 29, 12, 34, 56, 789, 999, TimeSpan.FromHours(1))).ToString());
        Assert.Equal("duration(\"0ms\")", Value.Duration(TimeSpan.FromTicks(-9_999)).ToString());
        Assert.Equal("duration(\"90000ms\")", Value.Duration(TimeSpan.FromSeconds(90)).ToString());
    }

    [Fact]
    public void Moments_are_shown_as_the_framework_shows_them()
    {
        Gen.Long[-62_135_596_800_000, 253_402_300_799_999].Sample(milliseconds =>
        {
            var moment = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
            var text = moment.ToString("yyyy-MM-ddTHH:mm:ss.fffZ");

            Assert.Equal($"datetime(\"{text}\")", Value.Datetime(moment).ToString());
            Assert.Equal(Value.Datetime(moment), Value.Datetime(text));
        });
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.1/32", "127.0.0.1")]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("::", "::")]
    [InlineData("::/0", "::/0")]
    [InlineData("0:0:1:0:0:0:1:0", "0:0:1::1:0")]
    [InlineData("1:0:0:2:3:0:0:4", "1::2:3:0:0:4")]
    [InlineData("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::")]
    [InlineData("0:0:0:0:0:FFFF:7F00:1/96", "::ffff:7f00:1/96")]
    public void Addresses_are_shown_short(string text, string shown) =>
        Assert.Equal($"ip(\"{shown}\")", Value.Ip(text).ToString());

    [Theory]
    [InlineData("0.0", "0.0000")]
    [InlineData("-0.0", "0.0000")]
    [InlineData("-0.5", "-0.5000")]
    [InlineData("12.34", "12.3400")]
    [InlineData("-922337203685477.5808", "-922337203685477.5808")]
    [InlineData("922337203685477.5807", "922337203685477.5807")]
    public void Decimals_are_shown_with_four_digits(string text, string shown) =>
        Assert.Equal($"decimal(\"{shown}\")", Value.Decimal(text).ToString());

    [Fact]
    public void Bad_text_is_a_format_exception_or_false()
    {
        Assert.Throws<FormatException>(() => Value.Decimal("1"));
        Assert.Throws<FormatException>(() => Value.Ip("1"));
        Assert.Throws<FormatException>(() => Value.Datetime("1"));
        Assert.Throws<FormatException>(() => Value.Duration("1"));
        Assert.False(Value.TryDecimal("1", out _) || Value.TryIp("1", out _) || Value.TryDatetime("1", out _) || Value.TryDuration("1", out _));
        Assert.True(Value.TryDecimal("1.0", out _) && Value.TryIp("::", out _) && Value.TryDatetime("1970-01-01", out _) && Value.TryDuration("1d", out _));
    }

    [Fact]
    public void Nothing_is_no_value()
    {
        Assert.Throws<ArgumentNullException>(() => Value.Of((string)null!));
        Assert.Throws<ArgumentNullException>(() => Value.Of(default(EntityUid)));
        Assert.Throws<ArgumentNullException>(() => Value.Set(Value.Of(1), null!));
        Assert.Throws<ArgumentNullException>(() => Value.Record(("a", null!)));
    }
}
