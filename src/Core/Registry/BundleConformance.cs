using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Policies;

namespace Assay.Core.Registry;

/// <summary>
/// Holds what a bundle declares against the schema of its policies. What does not conform would be refused at every request, so it is a fault where it is written.
/// </summary>
internal sealed class BundleConformance(BundleDeclarations bundle, Schema schema, List<DeclarationFault> faults)
{
    private const string Prefix = BuiltInSchema.Namespace + "::";

    public void Check()
    {
        for (var i = 0; i < bundle.Groups.Length; i++)
            Check($"groups[{i}]", bundle.Groups[i].Uid.Type, bundle.Groups[i].Attributes, bundle.Groups[i].Parents, []);

        for (var i = 0; i < bundle.Apis.Length; i++)
            Check($"apis[{i}]", EntityTypes.Api, bundle.Apis[i].Attributes, bundle.Apis[i].Parents, []);

        for (var i = 0; i < bundle.Identities.Length; i++)
        {
            var identity = bundle.Identities[i];
            var type = identity.Kind == IdentityKind.Person ? EntityTypes.Person : EntityTypes.Workload;
            List<string> given = ["managedBy"];
            if (identity.Name is not null)
                given.Add("name");
            if (identity.Owner is not null)
                given.Add("owner");
            Check($"identities[{i}]", type, identity.Attributes, [], given);
        }
    }

    /// <param name="given">Attributes that Assay sets.</param>
    private void Check(string at, string entityType, RecordValue attributes, ImmutableArray<EntityUid> parents, List<string> given)
    {
        if (!schema.EntityTypes.TryGetValue(entityType, out var type))
            return; // of another kind than a bundle declares, which has been said

        foreach (var (name, value) in attributes.Fields)
        {
            if (!type.Attributes.Attributes.ContainsKey(name))
                Add($"{at}.attributes.{name}", $"the schema declares no attribute '{name}' of {entityType}{DidYouMean.Hint(name, type.Attributes.Attributes.Keys)}; declare it in schema.cedarschema, within 'namespace Assay {{ entity {entityType[Prefix.Length..]} … }}'");
            foreach (var fault in type.Attributes.Attributes.ContainsKey(name) ? schema.ValidateAttribute(entityType, name, value) : [])
                Add($"{at}.attributes.{name}", $"the attribute does not fit the schema: {fault}");
        }

        foreach (var (name, attribute) in type.Attributes.Attributes.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (attribute.IsRequired && !given.Contains(name) && !attributes.TryGetValue(name, out _))
                Add(at, $"the schema asks every {entityType} for '{name}' ({attribute.Type}); give it, or make it optional in schema.cedarschema ('{name}?: …')");
        }

        for (var i = 0; i < parents.Length; i++)
        {
            if (!type.AncestorTypes.Contains(parents[i].Type))
                Add($"{at}.parents[{i}]", $"by the schema nothing of type {entityType} is in a {parents[i].Type}; declare it in schema.cedarschema, within 'namespace Assay {{ entity {entityType[Prefix.Length..]} in [… , {parents[i].Type}] … }}'");
        }
    }

    private void Add(string at, string message) => faults.Add(new DeclarationFault(at, message));
}
