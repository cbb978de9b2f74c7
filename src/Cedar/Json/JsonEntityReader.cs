using System.Collections.Immutable;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>Reads entities from their JSON form.</summary>
internal static class JsonEntityReader
{
    public static List<Entity> ReadAll(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Array)
            throw new CedarDataException("entities: expected an array");

        if (element.GetArrayLength() > CedarLimits.EntityCount)
            throw new CedarDataException($"more than {CedarLimits.EntityCount} entities");

        var entities = new List<Entity>(element.GetArrayLength());
        foreach (var item in element.EnumerateArray())
            entities.Add(Read(item, $"entity {entities.Count}"));

        return entities;
    }

    public static Entity Read(JsonElement element, string place)
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

        return new Entity(
            name,
            ReadFields(attributes.Value, $"{name}, attrs"),
            ReadParents(parents.Value, $"{name}, parents"),
            tags is { } given ? ReadFields(given, $"{name}, tags") : null);
    }

    private static JsonElement Once(JsonElement? seen, JsonProperty member, JsonValueReader reader) =>
        seen is null ? member.Value : throw reader.Bad($"the name {Escapes.Quote(member.Name)} appears twice in one object");

    private static RecordValue ReadFields(JsonElement element, string place)
    {
        var reader = new JsonValueReader(place);
        return element.ValueKind == JsonValueKind.Object && reader.Read(element, 0) is RecordValue fields ? fields : throw reader.Bad("expected an object");
    }

    private static ImmutableArray<EntityUid> ReadParents(JsonElement element, string place)
    {
        var reader = new JsonValueReader(place);
        if (element.ValueKind != JsonValueKind.Array)
            throw reader.Bad("expected an array");

        var parents = ImmutableArray.CreateBuilder<EntityUid>(element.GetArrayLength());
        foreach (var item in element.EnumerateArray())
            parents.Add(reader.ReadUid(item));

        return parents.MoveToImmutable();
    }
}
