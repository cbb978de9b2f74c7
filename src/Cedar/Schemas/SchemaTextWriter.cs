using System.Text;

namespace Assay.Cedar;

/// <summary>Writes a fragment in the Cedar syntax.</summary>
internal sealed class SchemaTextWriter(SchemaFragment fragment)
{
    private const int Step = 2;

    private readonly StringBuilder text = new();
    private readonly DeclaredTypes declared = new(fragment);
    private string? scope;
    private int indent;

    public string Write()
    {
        foreach (var space in fragment.Namespaces.Where(space => space.Name is not null || !space.Declarations.IsEmpty))
        {
            Separate();
            if (space.Name is not { } name)
            {
                WriteDeclarations(space);
                continue;
            }

            scope = name.Text;
            WriteAnnotations(space.Annotations);
            text.Append("namespace ").Append(name.Text).Append(" {\n");
            indent += Step;
            WriteDeclarations(space);
            indent -= Step;
            text.Append("}\n");
            scope = null;
        }

        return text.ToString();
    }

    private void WriteDeclarations(SchemaNamespace space)
    {
        for (var i = 0; i < space.Declarations.Length; i++)
        {
            if (i > 0)
                Separate();

            var declaration = space.Declarations[i];
            WriteAnnotations(declaration.Annotations);
            switch (declaration)
            {
                case SchemaDeclaration.CommonType common: WriteCommonType(common); break;
                case SchemaDeclaration.EntityType entity: WriteEntityType(entity); break;
                case SchemaDeclaration.EnumeratedType enumerated: WriteEnumeratedType(enumerated); break;
                case SchemaDeclaration.Action action: WriteAction(action); break;
            }

            text.Append(";\n");
        }
    }

    private void WriteCommonType(SchemaDeclaration.CommonType common)
    {
        Begin().Append("type ").Append(common.Name.Text).Append(" = ");
        WriteType(common.Type);
    }

    private void WriteEntityType(SchemaDeclaration.EntityType entity)
    {
        Begin().Append("entity ").AppendJoin(", ", entity.Names);
        if (!entity.Parents.IsEmpty)
            text.Append(" in [").AppendJoin(", ", entity.Parents).Append(']');

        switch (entity.Shape)
        {
            case null or TypeSyntax.Record { Attributes.IsEmpty: true }:
                break;

            case TypeSyntax.Record shape:
                text.Append(" = ");
                WriteRecord(shape);
                break;

            case var shape:
                throw new CedarDataException(
                    $"{shape.Position}: the attributes of the entity type {entity.Names[0]} are a common type; the Cedar syntax can only write them out");
        }

        if (entity.Tags is { } tags)
        {
            text.Append(" tags ");
            WriteType(tags);
        }
    }

    private void WriteEnumeratedType(SchemaDeclaration.EnumeratedType enumerated) =>
        Begin().Append("entity ").AppendJoin(", ", enumerated.Names)
            .Append(" enum [").AppendJoin(", ", enumerated.Ids.Select(Escapes.Quote)).Append(']');

    private void WriteAction(SchemaDeclaration.Action action)
    {
        Begin().Append("action ").AppendJoin(", ", action.Names.Select(name => Quoted(name.Text)));
        if (!action.Groups.IsEmpty)
            text.Append(" in [").AppendJoin(", ", action.Groups.Select(Shown)).Append(']');

        if (action.AppliesTo is not { Principals.IsEmpty: false, Resources.IsEmpty: false } application)
            return;

        text.Append(" appliesTo {\n");
        indent += Step;
        Begin().Append("principal: [").AppendJoin(", ", application.Principals).Append("],\n");
        Begin().Append("resource: [").AppendJoin(", ", application.Resources).Append("],\n");
        if (application.Context is { } context)
        {
            Begin().Append("context: ");
            WriteType(context);
            text.Append(",\n");
        }

        indent -= Step;
        Begin().Append('}');
    }

    private void WriteType(TypeSyntax type)
    {
        switch (type)
        {
            case TypeSyntax.Record record:
                WriteRecord(record);
                break;

            case TypeSyntax.Set set:
                text.Append("Set<");
                WriteType(set.Element);
                text.Append('>');
                break;

            case TypeSyntax.Name name:
                text.Append(declared.Written(name, scope));
                break;
        }
    }

    private void WriteRecord(TypeSyntax.Record record)
    {
        if (record.Attributes.IsEmpty)
        {
            text.Append("{}");
            return;
        }

        text.Append("{\n");
        indent += Step;
        foreach (var attribute in record.Attributes)
        {
            WriteAnnotations(attribute.Annotations);
            Begin().Append(Quoted(attribute.Name.Text)).Append(attribute.IsRequired ? ": " : "?: ");
            WriteType(attribute.Type);
            text.Append(",\n");
        }

        indent -= Step;
        Begin().Append('}');
    }

    private void WriteAnnotations(IReadOnlyDictionary<string, string> annotations)
    {
        foreach (var (name, value) in annotations)
        {
            Begin().Append('@').Append(name);
            if (value.Length > 0)
                text.Append('(').Append(Escapes.Quote(value)).Append(')');

            text.Append('\n');
        }
    }

    private StringBuilder Begin() => text.Append(' ', indent);

    private void Separate()
    {
        if (text.Length > 0)
            text.Append('\n');
    }

    private static string Shown(ActionReference group) => group.Type is null ? Quoted(group.Id) : group.ToString();

    private static string Quoted(string name) => Names.IsIdentifier(name) ? name : Escapes.Quote(name);
}
