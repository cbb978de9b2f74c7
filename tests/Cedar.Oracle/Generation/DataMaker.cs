using System.Globalization;
using System.Text.Json.Nodes;
using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Oracle.Generation;

/// <summary>
/// Makes entities and contexts in JSON that mostly conform to a schema. Integers stay below 2^53: JavaScript, through which the official
/// engine is called, has no greater ones.
/// </summary>
internal sealed class DataMaker(Choices choices, SchemaModel schema)
{
    /// <summary>Entities of every type, and perhaps the actions.</summary>
    public IEnumerable<JsonNode> Entities()
    {
        foreach (var type in schema.Types)
        {
            foreach (var id in type.UsedIds.ToArray().Where(id => id != "c" && !choices.OnceIn(8)))
                yield return Entity(type, id);
        }

        if (choices.OnceIn(2))
            yield break;

        foreach (var action in schema.Actions)
            yield return Entity(action.Uid, new JsonObject(), action.Groups, null);
    }

    /// <summary>A record of a type.</summary>
    public JsonObject Record(TypeModel record, int depth = 3)
    {
        var json = new JsonObject();
        foreach (var field in record.Fields)
        {
            if (field.IsRequired ? !choices.OnceIn(200) : choices.OnceIn(2))
                json[field.Name] = Value(field.Type, depth - 1);
        }

        if (choices.OnceIn(250))
            json["extra"] = 1;

        return json;
    }

    private JsonNode Entity(EntityTypeModel type, string id)
    {
        // An identifier is below those that follow it, so there is no cycle but once in a while.
        var parents = type.Parents
            .Where(_ => choices.OnceIn(2))
            .Select(parent => new EntityUid(parent, choices.Of("b", "c", "a")))
            .Where(parent => string.CompareOrdinal(parent.Type, type.Name) > 0 || string.CompareOrdinal(parent.Id, id) > 0 || choices.OnceIn(60));
        return Entity(new EntityUid(type.Name, id), Record(TypeModel.Record(type.Fields)), parents, type.Tags);
    }

    private JsonNode Entity(EntityUid uid, JsonObject attributes, IEnumerable<EntityUid> parents, TypeModel? tags)
    {
        var json = new JsonObject { ["uid"] = Uid(uid), ["attrs"] = attributes, ["parents"] = new JsonArray([.. parents.Select(Uid)]) };
        if (tags is not null && choices.OnceIn(2))
            json["tags"] = new JsonObject { [choices.Of("n", "s", "a b")] = Value(tags, 1) };

        return json;
    }

    private JsonNode Value(TypeModel type, int depth)
    {
        if (choices.OnceIn(250))
            type = choices.Of(TypeModel.Long, TypeModel.String, TypeModel.Bool, TypeModel.Ip, TypeModel.Record(), TypeModel.SetOf(TypeModel.Long));

        return type.Kind switch
        {
            TypeKind.Bool => choices.Of(true, false),
            TypeKind.Long => choices.Of(1L, 0, 2, 3, -1, 5_000_000_000, 9_007_199_254_740_991),
            TypeKind.String => choices.Of("a", "", "ab", "n", "1.5", "10.0.0.1", "a b", "é😀", "*"),
            TypeKind.Entity => Reference(type.Name),
            TypeKind.Set => new JsonArray([.. Enumerable.Range(0, choices.Of(1, 0, 2, 3)).Select(_ => Value(type.Element!, depth - 1))]),
            TypeKind.Record => depth > 0 ? Record(type, depth - 1) : Record(type, 0),
            _ => Extension(type),
        };
    }

    private JsonNode Reference(string name)
    {
        var type = schema.Types.FirstOrDefault(type => type.Name == name);
        var uid = Uid(new EntityUid(name, type is null ? "a" : choices.Of(type.UsedIds)));
        return choices.OnceIn(6) ? uid : new JsonObject { ["__entity"] = uid };
    }

    private JsonNode Extension(TypeModel type)
    {
        var (function, argument) = type.Name switch
        {
            "decimal" => ("decimal", choices.Of("1.5", "-0.0001", "1.0", "922337203685477.5807")),
            "ipaddr" => ("ip", choices.Of("10.0.0.1", "10.0.0.0/8", "::1", "224.0.0.1", "ffff::/16", "127.0.0.1")),
            "datetime" => ("datetime", choices.Of("2024-10-15", "2024-10-15T11:35:00Z", "0000-01-01", "9999-12-31T23:59:59.999+2359")),
            _ => ("duration", choices.Of("1h", "-3d", "0ms", "1d2h3m4s5ms", "9223372036854775807ms")),
        };
        return choices.Below(8) switch
        {
            6 => argument,
            7 => new JsonObject { ["fn"] = function, ["arg"] = argument },
            5 when function == "datetime" => new JsonObject
            {
                ["__extn"] = new JsonObject
                {
                    ["fn"] = "offset",
                    ["args"] = new JsonArray(
                        new JsonObject { ["__extn"] = new JsonObject { ["fn"] = "datetime", ["arg"] = argument } },
                        new JsonObject { ["__extn"] = new JsonObject { ["fn"] = "duration", ["arg"] = choices.Of("1ms", "-1d").ToString(CultureInfo.InvariantCulture) } }),
                },
            },
            _ => new JsonObject { ["__extn"] = new JsonObject { ["fn"] = function, ["arg"] = argument } },
        };
    }

    private static JsonNode Uid(EntityUid uid) => new JsonObject { ["type"] = uid.Type, ["id"] = uid.Id };
}
