using System.Collections.Immutable;
using Assay.Bundle.Yaml;
using Assay.Core.Registry;

namespace Assay.Bundle;

/// <summary>The files in <c>apis/</c>.</summary>
internal sealed class ApiFiles(Source source)
{
    private readonly AttributeValues attributes = new(source);

    public bool IsIncomplete { get; set; }

    public List<DeclaredApi> Apis { get; } = [];

    public void Read(YamlNode document)
    {
        var where = $"apis[{Apis.Count}]";
        if (Fields.Open(document, "an API", where, source, ["resource", "name", "scopes", "maxTokenLifetime", "resourceServers", "parents", "attributes"], Hints) is not { } fields)
        {
            IsIncomplete = true;
            return;
        }

        var resource = fields.RequiredText("resource");
        var api = new DeclaredApi
        {
            Resource = resource is null ? "" : RegistryText.NormalizeResource(resource),
            Name = fields.Text("name"),
            Scopes = Scopes(fields, where),
            MaxTokenLifetime = fields.Span("maxTokenLifetime"),
            ResourceServers = fields.Texts("resourceServers", "[payments-api]") ?? [],
            Parents = GroupReferences.Parents(fields, where, source),
            Attributes = attributes.Read(fields, where),
        };
        if (resource is null)
            IsIncomplete = true;
        else
            Apis.Add(api);
    }

    private static readonly Dictionary<string, string> Hints = new(StringComparer.Ordinal)
    {
        ["id"] = "an API is named by its 'resource', an absolute URI",
        ["uri"] = "an API is named by its 'resource', an absolute URI",
        ["audience"] = "an API is named by its 'resource'; the token's audience is the same URI",
        ["policyDomain"] = "every API of a bundle is in the domain 'tokens'",
        ["managedBy"] = "what a bundle declares is managed by it",
    };

    private ImmutableArray<ApiScope> Scopes(Fields fields, string where)
    {
        var scopes = ImmutableArray.CreateBuilder<ApiScope>();
        foreach (var item in fields.List("scopes", "'- name: payments:read'"))
        {
            var here = $"{where}.scopes[{scopes.Count}]";
            if (Fields.Open(item, "a scope", here, source, ["name", "description", "groups"], mainKey: "name") is not { } scope)
                continue;

            var name = scope.RequiredText("name");
            var description = scope.Text("description");
            var groups = scope.Texts("groups", "[payments]") ?? [];
            if (name is not null)
                scopes.Add(new ApiScope(name, description, groups));
        }

        return scopes.DrainToImmutable();
    }
}
