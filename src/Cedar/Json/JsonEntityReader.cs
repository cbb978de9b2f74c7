using System.Collections.Immutable;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>Reads entities from their JSON form.</summary>
internal static class JsonEntityReader
{
    public static List<Entity> ReadAll(JsonElement element, Schema? schema = null)
    {
        if (element.ValueKind != JsonValueKind.Array)
            throw new CedarDataException("entities: expected an array");

        if (element.GetArrayLength() > CedarLimits.EntityCount)
            throw new CedarDataException($"more than {CedarLimits.EntityCount} entities");

        var entities = new List<Entity>(element.GetArrayLength());
        foreach (var item in element.EnumerateArray())
            entities.Add(Read(item, $"entity {entities.Count}", schema));

        return entities;
    }

    /// <param name="element">The entity.</param>
    /// <param name="place">What messages begin with.</param>
    /// <param name="schema">Says what stands where, except in actions, which have no attributes; null reads without.</param>
    public static Entity Read(JsonElement element, string place, Schema? schema = null)
    {
        var reader = new JsonValueReader(place);
        if (element.ValueKind != JsonValueKind.Object)
            throw reader.Bad("expected an object with uid, attrs and parents");

        JsonElement? uid = null, attributes = null, parents = null, tags = null;
        foreach (var member in element.EnumerateObject())
        {
            if (member.NameEquals("uid"))
                uid = Once(uid, member, reader);
            else if (member.NameEquals("attrs"))
                attributes = Once(attributes, member, reader);
            else if (member.NameEquals("parents"))
                parents = Once(parents, member, reader);
            else if (member.NameEquals("tags"))
                tags = Once(tags, member, reader);
        }

        if (uid is null)
            throw reader.Bad("uid is missing");

        var name = new JsonValueReader($"{place}, uid").ReadUid(uid.Value);
        reader = new JsonValueReader(name.ToString());
        if (attributes is null || parents is null)
            throw reader.Bad($"{(attributes is null ? "attrs" : "parents")} is missing");

        EntityTypeSchema? type = null;
        if (schema is not null && !Names.IsActionType(name.Type) && !schema.EntityTypes.TryGetValue(name.Type, out type))
            throw reader.Bad(new ConformanceCheck(schema).Undeclared(name.Type));

        return new Entity(
            name,
            type is null ? ReadFields(attributes.Value, $"{name}, attrs") : new JsonValueReader($"{name}, attrs").ReadRecord(attributes.Value, type.Attributes, 0),
            ReadParents(parents.Value, $"{name}, parents", name),
            tags is not { } given ? null : type?.Tags is { } tag ? new JsonValueReader($"{name}, tags").ReadTags(given, tag) : ReadFields(given, $"{name}, tags"));
    }

    private static JsonElement Once(JsonElement? seen, JsonProperty member, JsonValueReader reader) =>
        seen is null ? member.Value : throw reader.Bad($"the name {Escapes.Quote(member.Name)} appears twice in one object");

    private static RecordValue ReadFields(JsonElement element, string place)
    {
        var reader = new JsonValueReader(place);
        return element.ValueKind == JsonValueKind.Object && reader.Read(element, 0) is RecordValue fields ? fields : throw reader.Bad("expected an object");
    }

    private static ImmutableArray<EntityUid> ReadParents(JsonElement element, string place, EntityUid child)
    {
        var reader = new JsonValueReader(place);
        if (element.ValueKind != JsonValueKind.Array)
            throw reader.Bad("expected an array");

        var parents = ImmutableArray.CreateBuilder<EntityUid>(element.GetArrayLength());
        foreach (var item in element.EnumerateArray())
        {
            var parent = reader.ReadUid(item);
            if (Names.IsActionType(child.Type) && !Names.IsActionType(parent.Type))
                throw reader.Bad($"{parent} is no action; only actions are groups of actions");

            parents.Add(parent);
        }

        return parents.MoveToImmutable();
    }
}
