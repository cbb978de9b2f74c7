using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>Writes a fragment in the JSON syntax.</summary>
internal static class SchemaJsonWriter
{
    // For files and people, never for a page of HTML.
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = SchemaJsonReader.MaxDepth };

    public static string Write(SchemaFragment fragment)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            foreach (var space in fragment.Namespaces)
                Write(writer, space);

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, SchemaNamespace space)
    {
        writer.WriteStartObject(space.Name?.Text ?? "");
        var commonTypes = space.Declarations.OfType<SchemaDeclaration.CommonType>().ToList();
        if (commonTypes.Count > 0)
        {
            writer.WriteStartObject("commonTypes");
            foreach (var common in commonTypes)
            {
                writer.WriteStartObject(common.Name.Text);
                WriteMembers(writer, common.Type);
                WriteAnnotations(writer, common.Annotations);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        writer.WriteStartObject("entityTypes");
        foreach (var declaration in space.Declarations.Where(declaration => declaration is SchemaDeclaration.EntityType or SchemaDeclaration.EnumeratedType))
        {
            foreach (var name in declaration.Names)
            {
                writer.WriteStartObject(name.Text);
                WriteEntityType(writer, declaration);
                WriteAnnotations(writer, declaration.Annotations);
                writer.WriteEndObject();
            }
        }

        writer.WriteEndObject();
        writer.WriteStartObject("actions");
        foreach (var action in space.Declarations.OfType<SchemaDeclaration.Action>())
        {
            foreach (var name in action.Names)
            {
                writer.WriteStartObject(name.Text);
                WriteAction(writer, action);
                WriteAnnotations(writer, action.Annotations);
                writer.WriteEndObject();
            }
        }

        writer.WriteEndObject();
        WriteAnnotations(writer, space.Annotations);
        writer.WriteEndObject();
    }

    private static void WriteEntityType(Utf8JsonWriter writer, SchemaDeclaration declaration)
    {
        switch (declaration)
        {
            case SchemaDeclaration.EnumeratedType enumerated:
                WriteStrings(writer, "enum", enumerated.Ids);
                break;

            case SchemaDeclaration.EntityType entity:
                if (!entity.Parents.IsEmpty)
                    WriteStrings(writer, "memberOfTypes", entity.Parents.Select(parent => parent.Text));

                WriteUnlessEmpty(writer, "shape", entity.Shape);
                if (entity.Tags is { } tags)
                    WriteType(writer, "tags", tags);

                break;
        }
    }

    private static void WriteAction(Utf8JsonWriter writer, SchemaDeclaration.Action action)
    {
        if (!action.Groups.IsEmpty)
        {
            writer.WriteStartArray("memberOf");
            foreach (var group in action.Groups)
            {
                writer.WriteStartObject();
                if (group.Type is { } type)
                    writer.WriteString("type", type);

                writer.WriteString("id", group.Id);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteStartObject("appliesTo");
        WriteStrings(writer, "principalTypes", action.AppliesTo?.Principals.Select(type => type.Text) ?? []);
        WriteStrings(writer, "resourceTypes", action.AppliesTo?.Resources.Select(type => type.Text) ?? []);
        WriteUnlessEmpty(writer, "context", action.AppliesTo?.Context);
        writer.WriteEndObject();
    }

    private static void WriteUnlessEmpty(Utf8JsonWriter writer, string name, TypeSyntax? type)
    {
        if (type is not (null or TypeSyntax.Record { Attributes.IsEmpty: true }))
            WriteType(writer, name, type);
    }

    private static void WriteType(Utf8JsonWriter writer, string name, TypeSyntax type)
    {
        writer.WriteStartObject(name);
        WriteMembers(writer, type);
        writer.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter writer, TypeSyntax type)
    {
        switch (type)
        {
            case TypeSyntax.Set set:
                writer.WriteString("type", "Set");
                WriteType(writer, "element", set.Element);
                break;

            case TypeSyntax.Record record:
                writer.WriteString("type", "Record");
                WriteAttributes(writer, record);
                break;

            case TypeSyntax.Name { Kind: NameKind.Common } name:
                WriteCommon(writer, name.Path);
                break;

            case TypeSyntax.Name name:
                writer.WriteString("type", name.Kind.ToString());
                writer.WriteString("name", name.Path);
                break;
        }
    }

    private static void WriteAttributes(Utf8JsonWriter writer, TypeSyntax.Record record)
    {
        writer.WriteStartObject("attributes");
        foreach (var attribute in record.Attributes)
        {
            writer.WriteStartObject(attribute.Name.Text);
            WriteMembers(writer, attribute.Type);
            WriteAnnotations(writer, attribute.Annotations);
            if (!attribute.IsRequired)
                writer.WriteBoolean("required", false);

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    // The types of the language have members of their own in this syntax.
    private static void WriteCommon(Utf8JsonWriter writer, string path)
    {
        switch (SchemaNames.Builtin(path))
        {
            case null:
                writer.WriteString("type", path);
                break;

            case CedarType.Bool:
                writer.WriteString("type", "Boolean");
                break;

            case CedarType.Extension:
                writer.WriteString("type", "Extension");
                writer.WriteString("name", Names.Basename(path));
                break;

            default:
                writer.WriteString("type", Names.Basename(path));
                break;
        }
    }

    private static void WriteStrings(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
            writer.WriteStringValue(value);

        writer.WriteEndArray();
    }

    private static void WriteAnnotations(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> annotations)
    {
        if (annotations.Count == 0)
            return;

        writer.WriteStartObject("annotations");
        foreach (var (name, value) in annotations)
            writer.WriteString(name, value);

        writer.WriteEndObject();
    }
}
