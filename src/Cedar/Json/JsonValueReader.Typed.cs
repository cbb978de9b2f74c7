using System.Text.Json;

namespace Assay.Cedar;

/// <content>
/// Reads values where a schema says what stands there, so that escapes may be left out: <c>{"type","id"}</c> is an entity, and an
/// extension value may be the text its constructor takes, or <c>{"fn","arg"}</c>.
/// </content>
internal readonly partial struct JsonValueReader
{
    /// <summary>Reads a value of a type. Escapes and forms are checked, and what a record holds; plain values may still be of another type.</summary>
    public Value Read(JsonElement element, CedarType type, int depth)
    {
        return type switch
        {
            CedarType.Entity => Value.Of(ReadUid(element)),
            CedarType.Extension extension => ReadExtension(element, extension.Type, depth),
            CedarType.Set set => ReadSet(element, set, depth),
            CedarType.Record record => ReadRecord(element, record, depth),
            _ => Read(element, depth),
        };
    }

    /// <summary>Reads a record: all its required attributes and none that are not declared.</summary>
    public RecordValue ReadRecord(JsonElement element, CedarType.Record type, int depth)
    {
        Bound(depth);
        if (element.ValueKind != JsonValueKind.Object)
            throw Bad($"expected {type}");

        var count = element.GetPropertyCount();
        var (names, values) = (new string[count], new Value[count]);
        var i = 0;
        foreach (var property in element.EnumerateObject())
        {
            var name = NameOf(property);
            if (!type.Attributes.TryGetValue(name, out var attribute))
                throw Bad(ConformanceCheck.Unexpected(name, type));

            names[i] = name;
            values[i++] = Within(name).Read(property.Value, attribute.Type, depth + 1);
        }

        var record = Gather(names, values);
        foreach (var (name, attribute) in type.Attributes)
        {
            if (attribute.IsRequired && !record.TryGetValue(name, out _))
                throw Bad(ConformanceCheck.Missing(name));
        }

        return record;
    }

    /// <summary>Reads tags: an object whose values are all of one type.</summary>
    public RecordValue ReadTags(JsonElement element, CedarType type)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw Bad("expected an object");

        var count = element.GetPropertyCount();
        var (names, values) = (new string[count], new Value[count]);
        var i = 0;
        foreach (var property in element.EnumerateObject())
        {
            names[i] = NameOf(property);
            values[i] = Within(names[i]).Read(property.Value, type, 0);
            i++;
        }

        return Gather(names, values);
    }

    private SetValue ReadSet(JsonElement element, CedarType.Set type, int depth)
    {
        Bound(depth);
        if (element.ValueKind != JsonValueKind.Array)
            throw Bad($"expected {type}");

        var values = new Value[element.GetArrayLength()];
        var i = 0;
        foreach (var item in element.EnumerateArray())
            values[i++] = Read(item, type.Element, depth + 1);

        return SetValue.From(values);
    }

    private Value ReadExtension(JsonElement element, ExtensionType type, int depth)
    {
        Bound(depth);
        if (element.ValueKind == JsonValueKind.Object)
            return ReadExtension(Inside(element, "__extn"), depth, isTyped: true);

        return Call(type.Constructor(), [new LiteralExpr(0, Read(element, depth))]);
    }

    private RecordValue Gather(string[] names, Value[] values)
    {
        try
        {
            return RecordValue.Owning(names, values);
        }
        catch (CedarDataException exception) when (place.Length > 0)
        {
            throw Bad(exception.Message);
        }
    }

    private JsonValueReader Within(string name) => member is null ? new JsonValueReader(place, name) : this;
}
