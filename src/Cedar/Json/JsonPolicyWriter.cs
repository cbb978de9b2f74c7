using System.Diagnostics;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>Writes policies in the JSON policy format.</summary>
internal static class JsonPolicyWriter
{
    public static void Write(Utf8JsonWriter writer, PolicySet set)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("staticPolicies");
        foreach (var policy in set.Policies.Where(policy => policy.Template is null))
        {
            writer.WritePropertyName(policy.Id);
            Write(writer, policy.Body, policy.Principal, policy.Resource);
        }

        writer.WriteEndObject();
        writer.WriteStartObject("templates");
        foreach (var template in set.Templates)
        {
            writer.WritePropertyName(template.Id);
            Write(writer, template.Body, template.Principal, template.Resource);
        }

        writer.WriteEndObject();
        writer.WriteStartArray("templateLinks");
        foreach (var policy in set.Policies)
        {
            if (policy.Template is not null)
                WriteLink(writer, policy, policy.Template);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter writer, PolicyBody body, ScopeConstraint principal, ScopeConstraint resource)
    {
        writer.WriteStartObject();
        writer.WriteString("effect", body.Effect == Effect.Permit ? "permit" : "forbid");
        WriteScope(writer, "principal", principal);
        WriteScope(writer, "action", body.Action);
        WriteScope(writer, "resource", resource);
        writer.WriteStartArray("conditions");
        foreach (var condition in body.Conditions)
        {
            writer.WriteStartObject();
            writer.WriteString("kind", condition.IsUnless ? "unless" : "when");
            writer.WritePropertyName("body");
            JsonExpressionWriter.Write(writer, condition.Body);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        WriteAnnotations(writer, body);
        writer.WriteEndObject();
    }

    private static void WriteLink(Utf8JsonWriter writer, Policy policy, Template template)
    {
        writer.WriteStartObject();
        writer.WriteString("templateId", template.Id);
        writer.WriteString("newId", policy.Id);
        writer.WriteStartObject("values");
        if (template.Principal.HasSlot)
            WriteUid(writer, "?principal", ValueOf(policy.Principal));

        if (template.Resource.HasSlot)
            WriteUid(writer, "?resource", ValueOf(policy.Resource));

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static EntityUid ValueOf(ScopeConstraint filled) => filled switch
    {
        ScopeConstraint.Equal equal => equal.Entity,
        ScopeConstraint.In contained => contained.Entities[0],
        ScopeConstraint.IsIn typed => typed.Entity,
        _ => throw new UnreachableException(),
    };

    private static void WriteScope(Utf8JsonWriter writer, string variable, ScopeConstraint constraint)
    {
        writer.WriteStartObject(variable);
        writer.WriteString("op", constraint switch
        {
            ScopeConstraint.Any => "All",
            ScopeConstraint.Equal or ScopeConstraint.EqualSlot => "==",
            ScopeConstraint.In or ScopeConstraint.InSlot => "in",
            _ => "is",
        });
        var slot = "?" + variable;
        switch (constraint)
        {
            case ScopeConstraint.Equal equal: WriteUid(writer, "entity", equal.Entity); break;
            case ScopeConstraint.EqualSlot or ScopeConstraint.InSlot: writer.WriteString("slot", slot); break;
            case ScopeConstraint.In { Entities: [var only] }: WriteUid(writer, "entity", only); break;
            case ScopeConstraint.In contained: WriteUids(writer, contained); break;
            case ScopeConstraint.Is typed: writer.WriteString("entity_type", typed.Type); break;
            case ScopeConstraint.IsIn typed:
                writer.WriteString("entity_type", typed.Type);
                writer.WriteStartObject("in");
                WriteUid(writer, "entity", typed.Entity);
                writer.WriteEndObject();
                break;
            case ScopeConstraint.IsInSlot typed:
                writer.WriteString("entity_type", typed.Type);
                writer.WriteStartObject("in");
                writer.WriteString("slot", slot);
                writer.WriteEndObject();
                break;
        }

        writer.WriteEndObject();
    }

    private static void WriteUids(Utf8JsonWriter writer, ScopeConstraint.In contained)
    {
        writer.WriteStartArray("entities");
        foreach (var entity in contained.Entities)
            JsonValueWriter.WriteUid(writer, entity);

        writer.WriteEndArray();
    }

    private static void WriteUid(Utf8JsonWriter writer, string name, EntityUid uid)
    {
        writer.WritePropertyName(name);
        JsonValueWriter.WriteUid(writer, uid);
    }

    private static void WriteAnnotations(Utf8JsonWriter writer, PolicyBody body)
    {
        if (body.Annotations.Count == 0)
            return;

        writer.WriteStartObject("annotations");
        foreach (var (name, value) in body.Annotations)
            writer.WriteString(name, body.Marks.Contains(name) ? null : value);

        writer.WriteEndObject();
    }
}
