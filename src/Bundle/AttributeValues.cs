using System.Globalization;
using Assay.Bundle.Yaml;
using Assay.Cedar;

namespace Assay.Bundle;

/// <summary>
/// Cedar values written in YAML: truth values, whole numbers, text, lists as sets, mappings as records; entities and extension values as
/// Cedar's JSON writes them, <c>{__entity: {type, id}}</c> and <c>{__extn: {fn, arg}}</c>.
/// </summary>
internal sealed class AttributeValues(Source source)
{
    private static readonly string[] Extensions = ["datetime", "decimal", "duration", "ip"];

    /// <summary>The attributes of an object; empty when the key is absent.</summary>
    public RecordValue Read(Fields fields, string where)
    {
        if (fields.Node("attributes") is not { } node)
            return RecordValue.Empty;

        if (node is not YamlMap map)
        {
            source.Faults.Add(node.At, $"'attributes' must be a mapping of names to values, not {node.Description}");
            return RecordValue.Empty;
        }

        foreach (var (key, value) in map.Entries)
            source.Places.Set($"{where}.attributes.{key.Value}", value.At);
        return ReadRecord(map);
    }

    private RecordValue ReadRecord(YamlMap map)
    {
        var fields = new List<KeyValuePair<string, Value>>();
        foreach (var (key, value) in map.Entries)
        {
            if (ReadValue(value, key.Value) is { } read)
                fields.Add(new(key.Value, read));
        }

        return Value.Record(fields);
    }

    private Value? ReadValue(YamlNode node, string name)
    {
        switch (node)
        {
            case YamlScalar scalar:
                return ReadScalar(scalar, name);
            case YamlList list:
                return Value.Set(list.Items.Select(item => ReadValue(item, name)).OfType<Value>());
            case YamlMap { Entries: [({ Value: "__entity" }, var entity)] }:
                return ReadEntity(entity);
            case YamlMap { Entries: [({ Value: "__extn" }, var extension)] }:
                return ReadExtension(extension);
            case YamlMap { Entries: [({ Value: "__expr" } key, _)] }:
                source.Faults.Add(key.At, "'__expr' is an old form of Cedar's JSON; use {__extn: {fn: …, arg: …}}");
                return null;
            default:
                return ReadRecord((YamlMap)node);
        }
    }

    private Value? ReadScalar(YamlScalar scalar, string name)
    {
        switch (scalar.Meaning)
        {
            case ScalarMeaning.Text:
                return Value.Of(scalar.Value);
            case ScalarMeaning.Boolean:
                return Value.Of(scalar.Value[0] is 't' or 'T');
            case ScalarMeaning.Integer when long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number):
                return Value.Of(number);
            case ScalarMeaning.Integer:
                source.Faults.Add(scalar.At, $"'{name}' is beyond 64 bits; Cedar's numbers are -9223372036854775808 to 9223372036854775807");
                return null;
            case ScalarMeaning.OtherNumber:
                source.Faults.Add(scalar.At, $"'{name}' is {scalar.Value}, a number Cedar does not have; write a whole number, \"{scalar.Value}\" for text, or {{__extn: {{fn: decimal, arg: \"{scalar.Value}\"}}}}");
                return null;
            case ScalarMeaning.AlmostBoolean:
                source.Faults.Add(scalar.At, $"'{name}' is {scalar.Value}, which some read as a truth value and some as text; write true or false, or \"{scalar.Value}\" for text");
                return null;
            default:
                source.Faults.Add(scalar.At, $"'{name}' has no value; Cedar has no null, so leave an absent attribute out");
                return null;
        }
    }

    private Value? ReadEntity(YamlNode node)
    {
        if (Fields.Open(node, "an entity", "", source, ["type", "id"]) is not { } fields)
            return null;

        var (type, id) = (fields.RequiredText("type"), fields.RequiredText("id"));
        if (type is null || id is null)
            return null;

        // Written as Cedar writes it and read back: the type's grammar is Cedar's business.
        if (EntityUid.TryParse(new EntityUid(type, id).ToString(), out var uid))
            return Value.Of(uid);

        source.Faults.Add(node.At, $"'{type}' is no entity type; write identifiers joined by '::', for instance Assay::Team");
        return null;
    }

    private Value? ReadExtension(YamlNode node)
    {
        if (Fields.Open(node, "an extension value", "", source, ["fn", "arg"]) is not { } fields)
            return null;

        var (fn, arg) = (fields.RequiredText("fn"), fields.RequiredText("arg"));
        if (fn is null || arg is null)
            return null;

        if (!Extensions.Contains(fn))
        {
            source.Faults.Add(node.At, $"Cedar has no extension '{fn}'{DidYouMean.Hint(fn, Extensions)}; it has {string.Join(", ", Extensions)}");
            return null;
        }

        Value? value = fn switch
        {
            "datetime" => Value.TryDatetime(arg, out var moment) ? moment : null,
            "decimal" => Value.TryDecimal(arg, out var number) ? number : null,
            "duration" => Value.TryDuration(arg, out var span) ? span : null,
            _ => Value.TryIp(arg, out var address) ? address : null,
        };
        if (value is null)
            source.Faults.Add(node.At, $"'{arg}' is no {fn}; write for instance {Example(fn)}");
        return value;
    }

    private static string Example(string fn) => fn switch
    {
        "datetime" => "\"2027-01-31T00:00:00Z\"",
        "decimal" => "\"1.25\"",
        "duration" => "\"1h30m\"",
        _ => "\"10.0.0.0/8\"",
    };
}
