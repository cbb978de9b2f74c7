using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>
/// Values, contexts and entities in Cedar's JSON form: <c>{"__entity":{"type","id"}}</c> for references,
/// <c>{"__extn":{"fn","arg"}}</c> for extension values, plain JSON for the rest. Read without a schema, a bare
/// <c>{"type","id"}</c> is a record except where only an entity can stand (<c>uid</c>, <c>parents</c>). Where a schema says that an
/// entity or an extension value must stand, <c>{"type","id"}</c>, <c>{"fn","arg"}</c> and the bare text of a constructor do as well.
/// </summary>
public static class CedarJson
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = CedarLimits.ValueDepth + 8 };

    /// <summary>Reads one value.</summary>
    /// <exception cref="CedarDataException">
    /// A null, a number that is no 64-bit integer, a name twice in one object, a malformed escape, or nesting beyond <see cref="CedarLimits.ValueDepth"/>.
    /// </exception>
    public static Value ReadValue(JsonElement element) => new JsonValueReader("").Read(element, 0);

    /// <summary>Reads a context: an object.</summary>
    /// <exception cref="CedarDataException">It is not an object, or a value in it is none; see <see cref="ReadValue"/>.</exception>
    public static RecordValue ReadContext(JsonElement element) =>
        (element.ValueKind == JsonValueKind.Object ? new JsonValueReader("context").Read(element, 0) : null) as RecordValue ?? throw new CedarDataException("context: expected an object");

    /// <inheritdoc cref="ReadContext(JsonElement)"/>
    public static RecordValue ReadContext(string json)
    {
        using var document = Parse(json);
        return ReadContext(document.RootElement);
    }

    /// <inheritdoc cref="ReadContext(JsonElement)"/>
    public static RecordValue ReadContext(ReadOnlyMemory<byte> json)
    {
        using var document = Parse(json);
        return ReadContext(document.RootElement);
    }

    /// <summary>Reads a context whose type a schema knows. What it holds is checked as far as it must be to read it; for the rest see <see cref="Schema.Validate(Request)"/>.</summary>
    /// <param name="element">An object.</param>
    /// <param name="schema">The schema.</param>
    /// <param name="action">The action of the request, which says the type.</param>
    /// <exception cref="CedarDataException">
    /// The schema does not declare the action, the object lacks a required attribute or has one that is not declared, or a value is not in a form
    /// its type can have.
    /// </exception>
    public static RecordValue ReadContext(JsonElement element, Schema schema, EntityUid action)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return schema.Actions.TryGetValue(action, out var declared)
            ? new JsonValueReader("context").ReadRecord(element, declared.Context, 0)
            : throw new CedarDataException($"action: {new ConformanceCheck(schema).UndeclaredAction(action)}");
    }

    /// <inheritdoc cref="ReadContext(JsonElement, Schema, EntityUid)"/>
    public static RecordValue ReadContext(string json, Schema schema, EntityUid action)
    {
        using var document = Parse(json);
        return ReadContext(document.RootElement, schema, action);
    }

    /// <inheritdoc cref="ReadContext(JsonElement, Schema, EntityUid)"/>
    public static RecordValue ReadContext(ReadOnlyMemory<byte> json, Schema schema, EntityUid action)
    {
        using var document = Parse(json);
        return ReadContext(document.RootElement, schema, action);
    }

    /// <summary>Reads an array of entities: <c>uid</c>, <c>attrs</c>, <c>parents</c> and, optionally, <c>tags</c>. Members of other names are ignored.</summary>
    /// <exception cref="CedarDataException">It is not such an array, a value is none (see <see cref="ReadValue"/>), or see <see cref="Entities.Of(IEnumerable{Entity})"/>.</exception>
    public static Entities ReadEntities(JsonElement element) => Entities.Of(JsonEntityReader.ReadAll(element));

    /// <inheritdoc cref="ReadEntities(JsonElement)"/>
    public static Entities ReadEntities(string json)
    {
        using var document = Parse(json);
        return ReadEntities(document.RootElement);
    }

    /// <inheritdoc cref="ReadEntities(JsonElement)"/>
    public static Entities ReadEntities(ReadOnlyMemory<byte> json)
    {
        using var document = Parse(json);
        return ReadEntities(document.RootElement);
    }

    /// <summary>Reads one entity, an element of what <see cref="ReadEntities(JsonElement)"/> takes.</summary>
    /// <exception cref="CedarDataException">See there.</exception>
    public static Entity ReadEntity(JsonElement element) => JsonEntityReader.Read(element, "entity");

    /// <summary>
    /// Reads an array of entities by a schema, holds them against it, and adds the schema's actions. Actions may be in the array as
    /// well, when they are what the schema declares.
    /// </summary>
    /// <exception cref="CedarDataException">See <see cref="ReadEntities(JsonElement)"/>; or the entities do not conform, see <see cref="Schema.Validate(Entities)"/>.</exception>
    public static Entities ReadEntities(JsonElement element, Schema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var entities = Entities.Of(JsonEntityReader.ReadAll(element, schema));
        Require(schema.Validate(entities));
        return Entities.Over(schema.ActionEntities, entities.All.Where(entity => !Names.IsActionType(entity.Uid.Type)));
    }

    /// <inheritdoc cref="ReadEntities(JsonElement, Schema)"/>
    public static Entities ReadEntities(string json, Schema schema)
    {
        using var document = Parse(json);
        return ReadEntities(document.RootElement, schema);
    }

    /// <inheritdoc cref="ReadEntities(JsonElement, Schema)"/>
    public static Entities ReadEntities(ReadOnlyMemory<byte> json, Schema schema)
    {
        using var document = Parse(json);
        return ReadEntities(document.RootElement, schema);
    }

    /// <summary>Reads one entity by a schema and holds it against it.</summary>
    /// <exception cref="CedarDataException">See <see cref="ReadEntity(JsonElement)"/>; or it does not conform, see <see cref="Schema.Validate(Entity)"/>.</exception>
    public static Entity ReadEntity(JsonElement element, Schema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var entity = JsonEntityReader.Read(element, "entity", schema);
        Require(schema.Validate(entity));
        return entity;
    }

    /// <summary>Writes a value so that <see cref="ReadValue"/> reads an equal one.</summary>
    /// <exception cref="CedarDataException">A record that would read back as an escape: its only field is <c>__entity</c>, <c>__extn</c> or <c>__expr</c>.</exception>
    public static void WriteValue(Utf8JsonWriter writer, Value value)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        JsonValueWriter.Write(writer, value);
    }

    /// <summary>Writes one entity as <see cref="ReadEntity(JsonElement)"/> reads it.</summary>
    /// <exception cref="CedarDataException">See <see cref="WriteValue"/>.</exception>
    public static void WriteEntity(Utf8JsonWriter writer, Entity entity)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(entity);
        JsonValueWriter.Write(writer, entity);
    }

    /// <summary>The JSON text of a value.</summary>
    /// <exception cref="CedarDataException">See <see cref="WriteValue"/>.</exception>
    public static string ToJson(Value value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            WriteValue(writer, value);

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Require(ImmutableArray<string> faults)
    {
        if (!faults.IsEmpty)
            throw new CedarDataException(string.Join("; ", faults));
    }

    private static JsonDocument Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return JsonDocument.Parse(json, Options);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw NotJson(exception); // an argument exception is how a lone surrogate shows
        }
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json, Options);
        }
        catch (JsonException exception)
        {
            throw NotJson(exception);
        }
    }

    private static CedarDataException NotJson(Exception exception) => new($"not readable as JSON: {exception.Message}", exception);
}
