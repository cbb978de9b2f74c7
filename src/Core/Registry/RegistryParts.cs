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
        json.WriteObjects("files", document.Files, static (json, file) =>
        {
            json.WriteString("path"u8, file.Path);
            json.WriteString("text"u8, file.Text);
        });
        json.WriteText("schema", document.Schema);
    }

    public static PolicyDocument ReadPolicies(StrictObject json) => new(
        json.Objects("files", static file => new PolicyFile(file.Text("path"), file.Text("text"))), json.OptionalText("schema"));
}
