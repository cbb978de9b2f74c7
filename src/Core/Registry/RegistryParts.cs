using System.Text.Json;
using Assay.Core.Json;
using Assay.Core.Policies;

namespace Assay.Core.Registry;

/// <summary>What objects at rest (<see cref="RegistryJson"/>) and declarations on their way (<see cref="BundleJson"/>) have in common.</summary>
internal static class RegistryParts
{
    public static readonly Words<IdentityKind> IdentityKinds = new(("workload", IdentityKind.Workload), ("person", IdentityKind.Person));

    public static void WriteMembers(Utf8JsonWriter json, ApiScope scope)
    {
        json.WriteString("name"u8, scope.Name);
        json.WriteText("description", scope.Description);
        json.WriteTexts("groups", scope.Groups);
    }

    public static ApiScope ReadScope(StrictObject json) => new(json.Text("name"), json.OptionalText("description"), json.Texts("groups"));

    public static void WriteMembers(Utf8JsonWriter json, PolicyDocument document)
    {
        json.WriteObjects("files", document.Files, WriteMembers);
        json.WriteText("schema", document.Schema);
        json.WriteText("actions", document.Actions);
        json.WriteObjects("links", document.Links, WriteMembers);
        json.WriteObjects("tests", document.Tests, WriteMembers);
    }

    public static PolicyDocument ReadPolicies(StrictObject json) => new(json.Objects("files", ReadFile), json.OptionalText("schema"))
    {
        Actions = json.OptionalText("actions"),
        Links = json.Objects("links", ReadLink),
        Tests = json.Objects("tests", ReadFile),
    };

    private static void WriteMembers(Utf8JsonWriter json, PolicyFile file)
    {
        json.WriteString("path"u8, file.Path);
        json.WriteString("text"u8, file.Text);
    }

    private static PolicyFile ReadFile(StrictObject json) => new(json.Text("path"), json.Text("text"));

    private static void WriteMembers(Utf8JsonWriter json, PolicyLink link)
    {
        json.WriteString("id"u8, link.Id);
        json.WriteString("template"u8, link.Template);
        json.WriteText("principal", link.Principal?.ToString());
        json.WriteText("resource", link.Resource?.ToString());
        json.WriteNumber("line"u8, link.Line);
        json.WriteNumber("column"u8, link.Column);
    }

    private static PolicyLink ReadLink(StrictObject json) => new(
        json.Text("id"), json.Text("template"), json.OptionalUid("principal"), json.OptionalUid("resource"), json.Int("line"), json.Int("column"));
}
