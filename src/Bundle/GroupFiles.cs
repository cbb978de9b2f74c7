using System.Collections.Immutable;
using Assay.Bundle.Yaml;
using Assay.Cedar;
using Assay.Core.Registry;

namespace Assay.Bundle;

/// <summary><c>roles.yaml</c> and <c>teams.yaml</c>.</summary>
internal sealed class GroupFiles(Source source)
{
    private readonly AttributeValues attributes = new(source);

    /// <summary>Something in these files could not be read, so a role that seems to be missing may be in it.</summary>
    public bool IsIncomplete { get; set; }

    public List<DeclaredGroup> Groups { get; } = [];

    /// <param name="key"><c>roles</c> or <c>teams</c>.</param>
    /// <param name="type">The entity type of what it declares.</param>
    public void Read(YamlNode document, string key, string type)
    {
        if (Fields.Open(document, $"{key}.yaml", key, source, [key]) is not { } file)
        {
            IsIncomplete = true;
            return;
        }

        if (!file.Has(key))
            source.Faults.Add(document.At, $"{key}.yaml needs '{key}', a list of entries with 'id'");
        foreach (var item in file.List(key, "'- id: exporter'"))
            ReadGroup(item, key[..^1], type);
    }

    private void ReadGroup(YamlNode item, string noun, string type)
    {
        var where = $"groups[{Groups.Count}]";
        if (Fields.Open(item, $"a {noun}", where, source, ["id", "description", "parents", "attributes"], mainKey: "id") is not { } fields)
        {
            IsIncomplete = true;
            return;
        }

        var id = fields.RequiredText("id");
        var group = new DeclaredGroup
        {
            Uid = new EntityUid(type, id ?? ""),
            Description = fields.Text("description"),
            Parents = GroupReferences.Parents(fields, where, source),
            Attributes = attributes.Read(fields, where),
        };
        if (id is null)
            IsIncomplete = true;
        else
            Groups.Add(group);
    }
}
