using System.Text;

namespace Assay.Cedar.Tests;

public sealed class CedarJsonTests
{
    [Theory]
    [InlineData("true", "true")]
    [InlineData("9223372036854775807", "9223372036854775807")]
    [InlineData("-9223372036854775808", "-9223372036854775808")]
    [InlineData("9007199254740993", "9007199254740993")]
    [InlineData("\"a\\u00e9\\ud83d\\ude00\"", "\"aé😀\"")]
    [InlineData("[1, 1, 2]", "[1, 2]")]
    [InlineData("{}", "{}")]
    [InlineData("{\"a b\": [{}]}", "{\"a b\": [{}]}")]
    [InlineData("{\"type\": \"User\", \"id\": \"a\"}", "{\"type\": \"User\", \"id\": \"a\"}")]
    [InlineData("{\"__entity\": {\"type\": \"A::User\", \"id\": \"a\", \"more\": 1}}", "A::User::\"a\"")]
    [InlineData("{\"__entity\": {\"type\": \"User\", \"id\": \"a\"}, \"b\": 1}", "{\"__entity\": {\"type\": \"User\", \"id\": \"a\"}, \"b\": 1}")]
    [InlineData("{\"__extn\": {\"fn\": \"decimal\", \"arg\": \"1.5\"}}", "decimal(\"1.5000\")")]
    [InlineData("{\"__extn\": {\"fn\": \"ip\", \"args\": [\"10.0.0.0/8\"]}}", "ip(\"10.0.0.0/8\")")]
    [InlineData("{\"__extn\": {\"fn\": \"duration\", \"arg\": \"1h\"}}", "duration(\"3600000ms\")")]
    [InlineData("{\"__extn\": {\"fn\": \"datetime\", \"arg\": \"2024-01-01\"}}", "datetime(\"2024-01-01T00:00:00.000Z\")")]
    [InlineData(
        "{\"__extn\": {\"fn\": \"offset\", \"args\": [{\"__extn\": {\"fn\": \"datetime\", \"arg\": \"1970-01-01\"}}, {\"__extn\": {\"fn\": \"duration\", \"arg\": \"-1d\"}}]}}",
        "datetime(\"1969-12-31T00:00:00.000Z\")")]
    [InlineData("{\"__extn\": {\"fn\": \"isIpv4\", \"arg\": {\"__extn\": {\"fn\": \"ip\", \"arg\": \"::1\"}}}}", "false")]
    public void A_value_is_read(string json, string value) => Assert.Equal(value, Read(json).ToString());

    [Theory]
    [InlineData("null", "context: expected an object")]
    [InlineData("[]", "context: expected an object")]
    [InlineData("{\"__entity\": {\"type\": \"User\", \"id\": \"a\"}}", "context: expected an object")]
    [InlineData("{\"a\": null}", "context: null is no value of Cedar")]
    [InlineData("{\"a\": 1.5}", "context: a number that is no 64-bit integer")]
    [InlineData("{\"a\": 1.0}", "context: a number that is no 64-bit integer")]
    [InlineData("{\"a\": 1e3}", "context: a number that is no 64-bit integer")]
    [InlineData("{\"a\": 9223372036854775808}", "context: a number that is no 64-bit integer")]
    [InlineData("{\"a\": 1, \"a\": 1}", "context: the name \"a\" appears twice in one record")]
    [InlineData("{\"b\": {\"a\": 1, \"\\u0061\": 2}}", "context: the name \"a\" appears twice in one record")]
    [InlineData("{\"a\": {\"__entity\": {\"type\": \"User\"}}}", "context: an entity reference needs type and id")]
    [InlineData("{\"a\": {\"__entity\": {\"type\": \"User\", \"id\": 1}}}", "context: id must be a string")]
    [InlineData("{\"a\": {\"__entity\": {\"type\": \"User\", \"id\": \"a\", \"id\": \"b\"}}}", "context: the name \"id\" appears twice in one object")]
    [InlineData("{\"a\": {\"__entity\": {\"type\": \"not a type\", \"id\": \"a\"}}}", "context: \"not a type\" is no entity type")]
    [InlineData("{\"a\": {\"__entity\": {\"type\": \"__cedar::Long\", \"id\": \"a\"}}}", "context: \"__cedar::Long\" is no entity type")]
    [InlineData("{\"a\": {\"__entity\": \"User::\\\"a\\\"\"}}", "context: expected an entity reference, {\"type\": …, \"id\": …}")]
    [InlineData("{\"a\": {\"__expr\": \"1\"}}", "context: the escape __expr is not supported")]
    [InlineData("{\"a\": {\"__extn\": {\"fn\": \"decimal\"}}}", "context: __extn needs fn and arg, or fn and args")]
    [InlineData("{\"a\": {\"__extn\": {\"arg\": \"1.0\"}}}", "context: __extn needs fn and arg, or fn and args")]
    [InlineData("{\"a\": {\"__extn\": 1}}", "context: __extn needs fn and arg, or fn and args")]
    [InlineData("{\"a\": {\"__extn\": {\"fn\": 1, \"arg\": \"1.0\"}}}", "context: fn must be a string")]
    [InlineData("{\"a\": {\"__extn\": {\"fn\": \"decimal\", \"arg\": \"1.0\", \"args\": []}}}", "context: __extn has more than one arg or args")]
    [InlineData("{\"a\": {\"__extn\": {\"fn\": \"decimal\", \"args\": \"1.0\"}}}", "context: args must be an array")]
    [InlineData("{\"a\": {\"__extn\": {\"fn\": \"decimal\", \"args\": []}}}", "context: decimal takes 1 arguments, not 0")]
    [InlineData("{\"a\": {\"__extn\": {\"fn\": \"decimal\", \"arg\": \"1.0\", \"more\": [1.5]}}}", "context: a number that is no 64-bit integer")]
    [InlineData("{\"a\": {\"__entity\": {\"type\": \"User\", \"id\": \"a\", \"more\": {\"b\": 1e400}}}}", "context: a number that is no 64-bit integer")]
    [InlineData("{\"a\": {\"__extn\": {\"fn\": \"system\", \"arg\": \"1.0\"}}}", "context: there is no extension function \"system\"")]
    [InlineData("{\"a\": {\"__extn\": {\"fn\": \"decimal\", \"arg\": \"x\"}}}", "context: \"x\" is no decimal: it is not digits, a point and one to four digits")]
    [InlineData("{\"a\": {\"__extn\": {\"fn\": \"decimal\", \"arg\": 1}}}", "context: expected string, got long")]
    [InlineData("{\"a\": \"\\ud800\"}", "context: a string that is not valid Unicode")]
    [InlineData("{\"\\ud800\": 1, \"b\": 2}", "context: a name that is not valid Unicode")]
    public void A_context_that_is_none_is_refused_with_the_reason(string json, string reason) =>
        Assert.Equal(reason, Assert.Throws<CedarDataException>(() => CedarJson.ReadContext(json)).Message);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{\"a\": 1,}")]
    [InlineData("// no\n{}")]
    public void What_is_no_json_is_refused(string json)
    {
        Assert.StartsWith("not readable as JSON", Assert.Throws<CedarDataException>(() => CedarJson.ReadContext(json)).Message, StringComparison.Ordinal);
        Assert.StartsWith("not readable as JSON", Assert.Throws<CedarDataException>(() => CedarJson.ReadEntities(Encoding.UTF8.GetBytes(json))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    [InlineData("[{\"a\":", "}]")]
    public void Nesting_is_bounded(string open, string close)
    {
        var levels = CedarLimits.ValueDepth / (open.Length > 5 ? 2 : 1);
        string Nested(int times) => string.Concat(Enumerable.Repeat(open, times)) + "1" + string.Concat(Enumerable.Repeat(close, times));

        Assert.Equal(Read(Nested(levels)), Read(Nested(levels)));
        Assert.Equal("nested deeper than 64", Assert.Throws<CedarDataException>(() => Read(Nested(levels + 1))).Message);
        Assert.Throws<CedarDataException>(() => CedarJson.ReadContext(Nested(100_000)));
        Assert.Throws<CedarDataException>(() => CedarJson.ReadEntities(Nested(100_000)));
    }

    [Fact]
    public void Entities_are_read_with_attributes_parents_and_tags()
    {
        var entities = CedarJson.ReadEntities(
            """
            [
              {"uid": {"type": "User", "id": "a"}, "attrs": {"n": 1}, "parents": [{"type": "Group", "id": "g"}], "tags": {"t": "x"}, "more": null},
              {"uid": {"__entity": {"type": "User", "id": "b"}}, "parents": [{"__entity": {"type": "User", "id": "a"}}], "attrs": {}},
              {"uid": {"type": "User", "id": "c", "__entity": true}, "parents": [], "attrs": {}}
            ]
            """);

        Assert.Equal(
            [
                new Entity(new("User", "a"), Value.Record(("n", Value.Of(1))), [new("Group", "g")], Value.Record(("t", Value.Of("x")))),
                new Entity(new("User", "b"), RecordValue.Empty, [new("User", "a")]),
                new Entity(new("User", "c"), RecordValue.Empty, []),
            ],
            entities.All);
        Assert.True(entities.IsIn(new("User", "b"), new("Group", "g")));
    }

    [Fact]
    public void An_entity_written_reads_back_equal()
    {
        foreach (var entity in Sample.Entities.All)
        {
            using var buffer = new MemoryStream();
            using (var writer = new System.Text.Json.Utf8JsonWriter(buffer))
                CedarJson.WriteEntity(writer, entity);

            using var json = System.Text.Json.JsonDocument.Parse(buffer.ToArray());
            Assert.Equal(entity, CedarJson.ReadEntity(json.RootElement));
        }
    }

    [Theory]
    [InlineData("{}", "entities: expected an array")]
    [InlineData("[1]", "entity 0: expected an object with uid, attrs and parents")]
    [InlineData("[{}]", "entity 0: uid is missing")]
    [InlineData("[{\"uid\": \"User::\\\"a\\\"\", \"attrs\": {}, \"parents\": []}]", "entity 0, uid: expected an entity reference, {\"type\": …, \"id\": …}")]
    [InlineData("[{\"uid\": {\"type\": \"U\", \"id\": \"a\"}, \"parents\": []}]", "U::\"a\": attrs is missing")]
    [InlineData("[{\"uid\": {\"type\": \"U\", \"id\": \"a\"}, \"attrs\": {}}]", "U::\"a\": parents is missing")]
    [InlineData("[{\"uid\": {\"type\": \"U\", \"id\": \"a\"}, \"attrs\": [], \"parents\": []}]", "U::\"a\", attrs: expected an object")]
    [InlineData("[{\"uid\": {\"type\": \"U\", \"id\": \"a\"}, \"attrs\": {}, \"parents\": {}}]", "U::\"a\", parents: expected an array")]
    [InlineData("[{\"uid\": {\"type\": \"U\", \"id\": \"a\"}, \"attrs\": {}, \"parents\": [1]}]", "U::\"a\", parents: expected an entity reference, {\"type\": …, \"id\": …}")]
    [InlineData("[{\"uid\": {\"type\": \"U\", \"id\": \"a\"}, \"attrs\": {\"x\": null}, \"parents\": []}]", "U::\"a\", attrs: null is no value of Cedar")]
    [InlineData("[{\"uid\": {\"type\": \"U\", \"id\": \"a\"}, \"attrs\": {}, \"parents\": [], \"tags\": 1}]", "U::\"a\", tags: expected an object")]
    [InlineData("[{\"uid\": {\"type\": \"U\", \"id\": \"a\"}, \"attrs\": {}, \"attrs\": {}, \"parents\": []}]", "entity 0: the name \"attrs\" appears twice in one object")]
    [InlineData("[{\"uid\": {\"type\": \"U\", \"id\": \"a\"}, \"attrs\": {}, \"parents\": [{\"type\": \"U\", \"id\": \"a\"}]}]", "the hierarchy has a cycle through U::\"a\"")]
    public void Entities_that_are_none_are_refused_with_the_place_and_the_reason(string json, string reason) =>
        Assert.Equal(reason, Assert.Throws<CedarDataException>(() => CedarJson.ReadEntities(json)).Message);

    [Theory]
    [InlineData("__entity")]
    [InlineData("__extn")]
    [InlineData("__expr")]
    public void A_record_that_would_read_back_as_something_else_is_not_written(string name) =>
        Assert.Throws<CedarDataException>(() => CedarJson.ToJson(Value.Record((name, Value.Of(1)))));

    [Fact]
    public void A_moment_beyond_the_writable_years_is_written_as_a_distance()
    {
        Assert.Equal(
            "{\"__extn\":{\"fn\":\"offset\",\"args\":[{\"__extn\":{\"fn\":\"datetime\",\"arg\":\"1970-01-01\"}},{\"__extn\":{\"fn\":\"duration\",\"arg\":\"9223372036854775807ms\"}}]}}",
            CedarJson.ToJson(new DatetimeValue(long.MaxValue)));
    }

    private static Value Read(string json)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json, new() { MaxDepth = 1000 });
        return CedarJson.ReadValue(document.RootElement);
    }
}
