using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Assay.Cedar.Conformance;

namespace Assay.Cedar.Oracle;

/// <summary>What is compared in a case of each kind.</summary>
internal static class Checks
{
    public static IEnumerable<Check> Of(OracleCase one) => one.Kind switch
    {
        CaseKind.Typed or CaseKind.Loose or CaseKind.Literals => new WorldChecks(one).All(),
        CaseKind.Forms => one.Policies.SelectMany(policy => Forms(policy, "policy")).Concat(one.Templates.SelectMany(template => Forms(template, "template"))),
        CaseKind.PolicyText => one.Policies.SelectMany(PolicyText),
        CaseKind.PolicyJson => PolicyJsonChecks(one.Changed!),
        CaseKind.SchemaText => SchemaText(one.Schema!),
        CaseKind.SchemaJson => SchemaJson(one.Changed!),
        CaseKind.Data => Data(one),
        _ => throw new ArgumentOutOfRangeException(nameof(one)),
    };

    /// <summary>A policy as text and JSON in every direction, what is printed, and what is laid out anew.</summary>
    private static IEnumerable<Check> Forms(string text, string kind)
    {
        var set = PolicySet.Parse(text, kind);
        var refusal = set.Faults.IsEmpty ? null : set.Faults[0].ToString();
        yield return Check.Accepts($"{kind} text", refusal, $"{kind}ToJson", text);
        if (refusal is not null)
            yield break;

        var json = ToJson(set.Set!);
        using var parsed = JsonDocument.Parse(json);
        var isRounded = JsonSame.IsRounded(parsed.RootElement);
        yield return Check.Gives($"{kind} to JSON", answer => JsonSame.Difference(answer.GetProperty("json").GetRawText(), json), $"{kind}ToJson", text);
        yield return Check.Gives($"{kind} printed", answer => JsonSame.Difference(answer.GetProperty("json").GetRawText(), json), $"{kind}ToJson", PolicyPrinter.Print(set.Set!));
        yield return Check.Gives($"{kind} formatted here", answer => JsonSame.Difference(answer.GetProperty("json").GetRawText(), json), $"{kind}ToJson", PolicyFormatter.Format(text, kind).Text);
        yield return Check.Gives($"{kind} formatted there", answer => Reads(answer.GetProperty("formatted_policy").GetString()!, json), "formatPolicies", new JsonObject { ["policyText"] = text });

        // JavaScript would round a greater integer, and so give another policy.
        if (!isRounded)
        {
            yield return Check.Gives($"{kind} from JSON", answer => Reads(answer.GetProperty("text").GetString()!, json), $"{kind}ToText", JsonNode.Parse(json));
            yield return Check.Gives($"{kind} JSON read here", answer => JsonSame.Difference(json, Again(answer.GetProperty("json").GetRawText(), kind)), $"{kind}ToJson", text);
        }
    }

    private static string Again(string json, string kind) =>
        kind == "template" ? PolicyJson.ToJson(PolicyJson.ReadTemplate(json, "t", "there")) : PolicyJson.ToJson(PolicyJson.ReadPolicy(json, "p", "there"));

    private static string ToJson(PolicySet set) => set.Templates.IsEmpty ? PolicyJson.ToJson(set.Policies[0]) : PolicyJson.ToJson(set.Templates[0]);

    private static string? Reads(string text, string json)
    {
        var parse = PolicySet.Parse(text, "there");
        return parse.Set is { } set ? JsonSame.Difference(json, ToJson(set)) : $"written there as {text}, which is refused here: {parse.Faults[0]}";
    }

    private static IEnumerable<Check> PolicyText(string text)
    {
        var parse = PolicySet.Parse(text, "text");
        var refusal = parse.Faults.IsEmpty ? null : parse.Faults[0].ToString();
        yield return Check.Accepts("text", refusal, "policySetTextToParts", text);
        yield return Check.Accepts("text to format", PolicyFormatter.Format(text, "text") is { Text: null } format ? format.Faults[0].ToString() : null, "formatPolicies", new JsonObject { ["policyText"] = text });
        if (parse.Set is { Policies: [var policy], Templates: [] })
            yield return Check.Gives("text to JSON", answer => JsonSame.Difference(answer.GetProperty("json").GetRawText(), PolicyJson.ToJson(policy)), "policyToJson", text);
    }

    private static IEnumerable<Check> PolicyJsonChecks(string json)
    {
        Policy? policy = null;
        Template? template = null;
        var refusal = Check.Refusal(() => policy = PolicyJson.ReadPolicy(json, "p", "json"));
        var templateRefusal = Check.Refusal(() => template = PolicyJson.ReadTemplate(json, "p", "json"));
        using var parsed = JsonDocument.Parse(json);
        if (JsonSame.IsRounded(parsed.RootElement))
            yield break;

        yield return Check.Accepts(Departure.Name("policy JSON", refusal, JsonNode.Parse(json)), refusal, "policyToJson", JsonNode.Parse(json));
        yield return Check.Accepts(Departure.Name("template JSON", templateRefusal, JsonNode.Parse(json)), templateRefusal, "templateToJson", JsonNode.Parse(json));
        if (policy is not null)
            yield return Check.Of("policy JSON to text", answer => Check.IsSuccess(answer) ? Reads(answer.GetProperty("text").GetString()!, PolicyJson.ToJson(policy)) : null, "policyToText", JsonNode.Parse(json));

        if (template is not null)
            yield return Check.Of("template JSON to text", answer => Check.IsSuccess(answer) ? Reads(answer.GetProperty("text").GetString()!, PolicyJson.ToJson(template)) : null, "templateToText", JsonNode.Parse(json));
    }

    private static IEnumerable<Check> SchemaText(string text)
    {
        var fragment = SchemaFragment.Parse(text, "schema");
        var refusal = fragment.Fragment is null ? fragment.Faults[0].ToString() : Schema.Of([fragment.Fragment]).Faults is [var fault, ..] ? fault.ToString() : null;
        yield return Check.Accepts("schema text", refusal, "checkParseSchema", text);
        if (refusal is not null)
            yield break;

        var json = fragment.Fragment!.ToJson();
        yield return Check.Gives("schema to JSON", answer => JsonSame.Difference(answer.GetProperty("json").GetRawText(), json), "schemaToJson", text);
        yield return Check.Of("schema to text", answer => Check.IsSuccess(answer)
            ? JsonSame.Difference(Groups(json), Groups(SchemaJsonOf(answer.GetProperty("text").GetString()!)))
            : CannotBeWritten(answer) ? null : $"refused there: {Check.Errors(answer)}", "schemaToText", JsonNode.Parse(json));
        yield return Check.Gives("schema laid out", answer => JsonSame.Difference(answer.GetProperty("json").GetRawText(), SchemaJsonOf(fragment.Fragment.ToCedar())), "schemaToJson", fragment.Fragment.ToCedar());
        yield return Check.Accepts("schema JSON", null, "checkParseSchema", JsonNode.Parse(json));
    }

    /// <summary>The official engine writes no schema in which an entity type and a common type have the same name, although it reads one.</summary>
    private static bool CannotBeWritten(JsonElement answer) => Check.Errors(answer).Contains("name collisions", StringComparison.Ordinal);

    /// <summary>The schema in JSON with the type of every action group written out in short, as the official engine does in text.</summary>
    private static string Groups(string json)
    {
        var schema = (JsonObject)JsonNode.Parse(json)!;
        foreach (var (name, space) in schema)
        {
            foreach (var (_, action) in (JsonObject)space!["actions"]!)
            {
                foreach (var group in action!["memberOf"] as JsonArray ?? [])
                {
                    if (group!["type"] is not { } type || type.GetValue<string>() == $"{name}::Action")
                        group["type"] = "Action";
                }
            }
        }

        return schema.ToJsonString();
    }

    private static string SchemaJsonOf(string text)
    {
        var parse = SchemaFragment.Parse(text, "there");
        return parse.Fragment?.ToJson() ?? throw new InvalidDataException($"{text} is refused here: {parse.Faults[0]}");
    }

    private static IEnumerable<Check> SchemaJson(string json)
    {
        var fragment = SchemaFragment.FromJson(Encoding.UTF8.GetBytes(json), "schema");
        var refusal = fragment.Fragment is null ? fragment.Faults[0].ToString() : Schema.Of([fragment.Fragment]).Faults is [var fault, ..] ? fault.ToString() : null;
        yield return Check.Accepts(Departure.Name("schema JSON", refusal, null), refusal, "checkParseSchema", JsonNode.Parse(json));
    }

    private static IEnumerable<Check> Data(OracleCase one)
    {
        var schema = Schema.Parse(one.Schema!, "schema").Schema!;
        var entities = WorldChecks.EntitiesJson(one);
        var text = entities.ToJsonString();
        yield return Accepts("entities", entities, () => CedarJson.ReadEntities(text), "checkParseEntities", new JsonObject { ["entities"] = entities.DeepClone() });
        yield return Accepts("entities by schema", entities, () => CedarJson.ReadEntities(text, schema), "checkParseEntities", new JsonObject { ["entities"] = entities.DeepClone(), ["schema"] = one.Schema });
        foreach (var request in one.Requests)
        {
            var context = JsonNode.Parse(request.Context);
            yield return Accepts("context", context, () => CedarJson.ReadContext(request.Context), "checkParseContext", new JsonObject { ["context"] = context?.DeepClone() });
            if (Applicable(request, schema) is not { } applicable)
                continue;

            yield return Accepts(
                "context by schema",
                context,
                () => WorldChecks.Read(applicable, schema),
                "checkParseContext",
                new JsonObject { ["context"] = context?.DeepClone(), ["schema"] = one.Schema, ["action"] = RequestModel.Uid(request.Action) });
        }
    }

    private static Check Accepts(string name, JsonNode? json, Action read, string function, JsonObject argument)
    {
        var refusal = Check.Refusal(read);
        return Check.Accepts(Departure.Name(name, refusal, json), refusal, function, argument);
    }

    /// <summary>The request with a principal and a resource that its action applies to, so that only the context can be wrong; null when it applies to none.</summary>
    private static RequestModel? Applicable(RequestModel request, Schema schema) =>
        schema.Actions.GetValueOrDefault(request.Action) is { PrincipalTypes: { Count: > 0 } principals, ResourceTypes: { Count: > 0 } resources }
            ? request with { Principal = Of(principals.First(), schema), Resource = Of(resources.First(), schema) }
            : null;

    private static EntityUid Of(string type, Schema schema) => new(type, schema.EntityTypes[type].EnumeratedIds is { } ids ? ids.First() : "a");
}
