using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>
/// Reads policies from the JSON policy format: builds what they say, prints it, and reads the text. So there is one way a policy comes
/// about, and each has a text and positions in it.
/// </summary>
internal static class JsonPolicyReader
{
    public static PolicySet ReadSet(JsonPart part, string source)
    {
        var members = part.Object("staticPolicies", "templates", "templateLinks");
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var policies = new List<Policy>();
        var templates = new Dictionary<string, Template>(StringComparer.Ordinal);
        foreach (var (id, policy) in members.Optional("staticPolicies")?.Members() ?? [])
        {
            policies.Add(ReadPolicy(policy, id, source));
            ids.Add(id);
        }

        foreach (var (id, template) in members.Optional("templates")?.Members() ?? [])
        {
            if (!ids.Add(id))
                throw template.Bad("a policy has the same id");

            templates.Add(id, ReadTemplate(template, id, source));
        }

        foreach (var link in members.Optional("templateLinks")?.Items() ?? [])
            policies.Add(ReadLink(link, templates, ids));

        return PolicySet.Of(policies, templates.Values);
    }

    public static Policy ReadPolicy(JsonPart part, string id, string source)
    {
        var set = ReadAny(part, id, source);
        return set.Policies is [var policy] ? policy.WithId(id) : throw part.Bad("this has a slot, so it is a template and no policy");
    }

    public static Template ReadTemplate(JsonPart part, string id, string source)
    {
        var set = ReadAny(part, id, source);
        return set.Templates is [var template] ? template.WithId(id) : throw part.Bad("this has no slot, so it is a policy and no template");
    }

    private static Policy ReadLink(JsonPart part, Dictionary<string, Template> templates, HashSet<string> ids)
    {
        var members = part.Object("templateId", "newId", "values");
        var templateId = members.Required("templateId");
        var id = members.Required("newId");
        var values = members.Required("values");
        var slots = values.Object("?principal", "?resource");
        if (!templates.TryGetValue(templateId.Text(), out var template))
            throw templateId.Bad($"there is no template {Escapes.Quote(templateId.Text())}");

        if (!ids.Add(id.Text()))
            throw id.Bad($"another policy, or a template, has the id {Escapes.Quote(id.Text())}");

        var (principal, resource) = (ReadValue(slots, "?principal"), ReadValue(slots, "?resource"));
        try
        {
            return template.Link(id.Text(), principal, resource);
        }
        catch (CedarDataException exception)
        {
            throw values.Bad(exception.Message);
        }
    }

    private static EntityUid? ReadValue(JsonObjectPart slots, string slot) => slots.Optional(slot) is { } value ? JsonScopeReader.ReadUid(value) : null;

    private static PolicySet ReadAny(JsonPart part, string id, string source)
    {
        var members = part.Object("effect", "principal", "action", "resource", "conditions", "annotations");
        var (annotations, marks) = ReadAnnotations(members.Optional("annotations"));
        var body = new PolicyBody(
            ReadEffect(members.Required("effect")),
            annotations,
            marks,
            JsonScopeReader.ReadAction(members.Required("action")),
            [.. members.Required("conditions").Items().Select(ReadCondition)],
            new SourcePosition(source, 0, 1, 1),
            0,
            "");
        var principal = JsonScopeReader.Read(members.Required("principal"), "?principal");
        var resource = JsonScopeReader.Read(members.Required("resource"), "?resource");
        return Reparse(part, body, principal, resource, $"{source}#{id}");
    }

    private static PolicySet Reparse(JsonPart part, PolicyBody body, ScopeConstraint principal, ScopeConstraint resource, string source)
    {
        try
        {
            var parsed = PolicySet.Parse(PolicyPrinter.Print(body, principal, resource), source);
            return parsed.Set ?? throw part.Bad($"this cannot be written as a policy: {parsed.Faults[0].Message}");
        }
        catch (FormatException exception)
        {
            throw part.Bad(exception.Message);
        }
    }

    private static Effect ReadEffect(JsonPart part) => part.Text() switch
    {
        "permit" => Effect.Permit,
        "forbid" => Effect.Forbid,
        _ => throw part.Bad("expected permit or forbid"),
    };

    private static PolicyCondition ReadCondition(JsonPart part)
    {
        var members = part.Object("kind", "body");
        var kind = members.Required("kind");
        var isUnless = kind.Text() switch
        {
            "when" => false,
            "unless" => true,
            _ => throw kind.Bad("expected when or unless"),
        };
        return new PolicyCondition(JsonExpressionReader.Read(members.Required("body")), isUnless);
    }

    private static (IReadOnlyDictionary<string, string> All, FrozenSet<string> Marks) ReadAnnotations(JsonPart? part)
    {
        var all = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        var marks = new List<string>();
        foreach (var (name, value) in part?.Members() ?? [])
        {
            if (!Names.IsAnyIdentifier(name))
                throw value.Bad("an annotation is named like an attribute: letters, digits and underscores, no digit first");

            if (value.Kind == JsonValueKind.Null)
                marks.Add(name);

            all.Add(name, value.Kind == JsonValueKind.Null ? "" : value.Text());
        }

        return (all, marks.ToFrozenSet(StringComparer.Ordinal));
    }
}
