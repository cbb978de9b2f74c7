using Assay.Bundle.Yaml;
using Assay.Cedar;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Bundle;

/// <summary><c>links.yaml</c>: policies made from templates.</summary>
internal sealed class LinkFile(Source source)
{
    private static readonly (string Key, string Type)[] Kinds =
    [
        ("workload", EntityTypes.Workload), ("person", EntityTypes.Person), ("role", EntityTypes.Role), ("team", EntityTypes.Team), ("api", EntityTypes.Api),
    ];

    /// <summary>Something in the file could not be read, so a template that seems to be without links may have one.</summary>
    public bool IsIncomplete { get; set; }

    public List<PolicyLink> Links { get; } = [];

    public void Read(YamlNode document)
    {
        if (Fields.Open(document, PolicyDocument.LinksPath, "links", source, ["links"]) is not { } file)
        {
            IsIncomplete = true;
            return;
        }

        if (!file.Has("links"))
            source.Faults.Add(document.At, $"{PolicyDocument.LinksPath} needs 'links', a list of entries with 'id' and 'template'");
        foreach (var item in file.List("links", "'- {id: …, template: …, principal: …}'"))
            ReadLink(item);
    }

    private void ReadLink(YamlNode item)
    {
        if (Fields.Open(item, "a link", $"links[{Links.Count}]", source, ["id", "template", "principal", "resource"]) is not { } fields)
        {
            IsIncomplete = true;
            return;
        }

        var (id, template) = (fields.RequiredText("id"), fields.RequiredText("template"));
        var (principal, resource) = (Entity(fields, "principal"), Entity(fields, "resource"));
        if (id is null || template is null || (fields.Has("principal") && principal is null) || (fields.Has("resource") && resource is null))
            IsIncomplete = true;
        else
            Links.Add(new PolicyLink(id, template, principal, resource, item.At.Line, item.At.Column));
    }

    /// <summary>A Cedar literal, or a mapping such as <c>{role: exporter}</c>.</summary>
    private EntityUid? Entity(Fields fields, string name)
    {
        if (fields.Node(name) is not { } node)
            return null;

        if (node is YamlScalar { Meaning: ScalarMeaning.Text } scalar)
        {
            if (EntityUid.TryParse(scalar.Value, out var uid))
                return uid;

            source.Faults.Add(node.At, $"'{scalar.Value}' is no entity; write for instance {{role: {scalar.Value}}}, or a Cedar entity such as Assay::Role::\"{scalar.Value}\"");
            return null;
        }

        if (Fields.Open(node, $"'{name}'", "", source, [.. Kinds.Select(kind => kind.Key)]) is not { } mapping)
            return null;

        var kinds = Kinds.Where(kind => mapping.Has(kind.Key)).ToArray();
        if (kinds is not [(var key, var type)])
        {
            source.Faults.Add(node.At, $"'{name}' names one entity by one of the keys {string.Join(", ", Kinds.Select(kind => kind.Key))}; write for instance {{role: exporter}}");
            return null;
        }

        return mapping.Text(key) is not { } id ? null : new EntityUid(type, type == EntityTypes.Api ? RegistryText.NormalizeResource(id) : id);
    }
}
