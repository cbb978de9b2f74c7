using System.Collections.Immutable;
using Assay.Bundle.Yaml;
using Assay.Cedar;
using Assay.Core.Registry;

namespace Assay.Bundle;

/// <summary>The files in <c>identities/</c>.</summary>
internal sealed class IdentityFiles(Source source, KeyFiles keys)
{
    private const string Generated = "generate";

    private static readonly string[] Known =
        ["id", "kind", "name", "owner", "grantTypes", "defaultResource", "requestsPerSecond", "attributes", "memberships", "credentials", "credential"];

    private static readonly Dictionary<string, string> Hints = new(StringComparer.Ordinal)
    {
        ["disabled"] = "an identity is disabled and enabled by a call; no bundle does or undoes it",
        ["disabledAt"] = "an identity is disabled and enabled by a call; no bundle does or undoes it",
        ["revoked"] = "a credential is revoked by a call; to stop declaring it, take it out of 'credentials'",
        ["signals"] = "risk signals are raised and cleared by calls and detectors ('assay signal'), never by a bundle",
        ["managedBy"] = "what a bundle declares is managed by it",
        ["secret"] = "secrets never stand in a bundle; declare a public key, or have Assay make a secret once the identity exists",
        ["clientSecret"] = "secrets never stand in a bundle; declare a public key, or have Assay make a secret once the identity exists",
        ["client_secret"] = "secrets never stand in a bundle; declare a public key, or have Assay make a secret once the identity exists",
        ["clientId"] = "an identity is named by its 'id', which is its client_id",
        ["client_id"] = "an identity is named by its 'id', which is its client_id",
        ["roles"] = "roles stand under 'memberships', as '- role: …'",
        ["teams"] = "teams stand under 'memberships', as '- team: …'",
        ["scopes"] = "what it may have is decided by policy, from its memberships and attributes",
        ["jwk"] = "keys stand under 'credentials', as '- jwk: …'",
    };

    private readonly AttributeValues attributes = new(source);

    /// <summary>Something in these files could not be read, so an identity that seems to be missing may be in it.</summary>
    public bool IsIncomplete { get; set; }

    public List<DeclaredIdentity> Identities { get; } = [];

    public List<string> Generate { get; } = [];

    public void Read(YamlNode document)
    {
        var where = $"identities[{Identities.Count}]";
        if (Fields.Open(document, "an identity", where, source, Known, Hints) is not { } fields)
        {
            IsIncomplete = true;
            return;
        }

        var id = fields.RequiredText("id");
        var generates = false;
        var identity = new DeclaredIdentity
        {
            Id = id ?? "",
            Kind = Kind(fields, source),
            Name = fields.Text("name"),
            Owner = fields.Text("owner"),
            GrantTypes = fields.Texts("grantTypes", "[client_credentials]") ?? ["client_credentials"],
            DefaultResource = fields.Text("defaultResource") is { } resource ? RegistryText.NormalizeResource(resource) : null,
            RequestsPerSecond = fields.Number("requestsPerSecond"),
            Attributes = attributes.Read(fields, where),
            Memberships = Memberships(fields, where),
            Keys = Keys(fields, where, ref generates),
        };
        ReadSingleCredential(fields, ref generates);
        if (id is null)
        {
            IsIncomplete = true;
            return;
        }

        Identities.Add(identity);
        if (generates)
            Generate.Add(id);
    }

    internal static IdentityKind Kind(Fields fields, Source source)
    {
        if (fields.Text("kind") is not { } kind || kind == "workload")
            return IdentityKind.Workload;

        if (kind != "person")
            source.Faults.Add(fields.Node("kind")!.At, $"unknown kind '{kind}'{DidYouMean.Hint(kind, ["workload", "person"])}; an identity is a workload or a person");
        return IdentityKind.Person;
    }

    private ImmutableArray<DeclaredMembership> Memberships(Fields fields, string where)
    {
        var memberships = ImmutableArray.CreateBuilder<DeclaredMembership>();
        foreach (var item in fields.List("memberships", "'- role: exporter'"))
        {
            var here = $"{where}.memberships[{memberships.Count}]";
            if (Fields.Open(item, "a membership", here, source, ["role", "team", "expires"], mainKey: "role") is not { } membership)
                continue;

            var expires = membership.Moment("expires");
            if (GroupReferences.One(membership, "a membership", source) is { } group)
                memberships.Add(new DeclaredMembership(group, expires));
        }

        return memberships.DrainToImmutable();
    }

    private ImmutableArray<DeclaredKey> Keys(Fields fields, string where, ref bool generates)
    {
        var result = ImmutableArray.CreateBuilder<DeclaredKey>();
        foreach (var item in fields.List("credentials", "'- jwk: keys/exporter.jwk'"))
        {
            if (item is YamlScalar { Value: Generated })
            {
                if (generates)
                    source.Faults.Add(item.At, "'generate' stands twice; one key pair is made for an identity");
                generates = true;
                continue;
            }

            if (item is YamlScalar scalar)
            {
                source.Faults.Add(item.At, $"'{scalar.Value}' is no credential{DidYouMean.Hint(scalar.Value, [Generated])}; write '- jwk: …' with a public key, or '- generate'");
                continue;
            }

            var here = $"{where}.credentials[{result.Count}]";
            if (Fields.Open(item, "a credential", here, source, ["jwk", "expires"], Hints) is not { } credential)
                continue;

            var expires = credential.Moment("expires");
            if (!credential.Has("jwk"))
                source.Faults.Add(item.At, "a credential needs 'jwk', a public key");
            else if (credential.Node("jwk") is { } node && keys.Read(node, $"{here}.jwk") is { } jwk)
                result.Add(new DeclaredKey(jwk, expires));
        }

        return result.DrainToImmutable();
    }

    private void ReadSingleCredential(Fields fields, ref bool generates)
    {
        if (fields.Node("credential") is not { } node)
            return;

        if (node is not YamlScalar { Value: Generated })
            source.Faults.Add(node.At, $"'credential' can only be 'generate', not {node.Description}; a public key stands under 'credentials', as '- jwk: …'");
        else if (generates)
            source.Faults.Add(node.At, "'generate' stands twice; keep it here or under 'credentials'");
        else
            generates = true;
    }
}
