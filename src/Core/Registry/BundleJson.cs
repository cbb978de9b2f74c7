using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Assay.Core.Json;
using Assay.Core.Policies;

namespace Assay.Core.Registry;

/// <summary>
/// Declarations as JSON, as they travel to the admin API and as they are stored after applying: UTF-8 with the version as <c>"v"</c>, read
/// strictly. Well-formed is not yet right: see <see cref="BundleDeclarations.Check"/>.
/// </summary>
public static class BundleJson
{
    /// <summary>The version of the encoding, written as <c>v</c>.</summary>
    public const int Version = 1;

    /// <summary>One document.</summary>
    public static byte[] Encode(BundleDeclarations declarations) => StrictDocument.Encode(declarations, Version, WriteMembers);

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="JsonException">A member is unknown, missing, doubled or of a wrong type; the message names the place.</exception>
    public static BundleDeclarations Decode(ReadOnlyMemory<byte> json)
    {
        try
        {
            return StrictDocument.Decode(json.Span, "bundle", Version, ReadMembers);
        }
        catch (FormatException exception)
        {
            throw new JsonException(exception.Message, exception); // it comes from outside, and outside it is JSON
        }
    }

    /// <summary>Writes the declarations as one object within a document.</summary>
    public static void Write(Utf8JsonWriter json, BundleDeclarations declarations)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(declarations);
        json.WriteStartObject();
        json.WriteNumber("v"u8, Version);
        WriteMembers(json, declarations);
        json.WriteEndObject();
    }

    /// <summary>Reads an object within a document, however leniently that was parsed.</summary>
    /// <exception cref="JsonException">See <see cref="Decode"/>.</exception>
    public static BundleDeclarations Read(JsonElement json) => Decode(Encoding.UTF8.GetBytes(json.GetRawText()));

    private static void WriteMembers(Utf8JsonWriter json, BundleDeclarations bundle)
    {
        json.WriteString("name"u8, bundle.Name);
        json.WriteObjects("identities", bundle.Identities, WriteMembers);
        json.WriteObjects("groups", bundle.Groups, WriteMembers);
        json.WriteObjects("apis", bundle.Apis, WriteMembers);
        if (bundle.Policies is { } policies)
        {
            json.WriteStartObject("policies"u8);
            RegistryParts.WriteMembers(json, policies);
            json.WriteEndObject();
        }

        json.WriteTexts("generate", bundle.Generate);
    }

    private static BundleDeclarations ReadMembers(StrictObject json)
    {
        var apis = json.Objects("apis", ReadApi);
        return new()
        {
            Name = json.Text("name"),
            Identities = json.Objects("identities", ReadIdentity),
            Groups = json.Objects("groups", ReadGroup),
            Apis = apis,
            Policies = json.OptionalObject("policies", RegistryParts.ReadPolicies) is { } policies ? WithActions(policies, apis) : null,
            Generate = json.Texts("generate"),
        };
    }

    // Who writes declarations by hand need not write the actions too.
    private static PolicyDocument WithActions(PolicyDocument policies, ImmutableArray<DeclaredApi> apis) =>
        policies.Actions is null ? policies with { Actions = ActionDeclarations.Of(apis.SelectMany(api => api.Scopes), policies.Schema) } : policies;

    private static void WriteMembers(Utf8JsonWriter json, DeclaredIdentity identity)
    {
        json.WriteString("id"u8, identity.Id);
        json.WriteString("kind"u8, RegistryParts.IdentityKinds.Of(identity.Kind));
        json.WriteText("name", identity.Name);
        json.WriteText("owner", identity.Owner);
        json.WriteTexts("grantTypes", identity.GrantTypes);
        json.WriteText("defaultResource", identity.DefaultResource);
        if (identity.RequestsPerSecond is { } limit)
            json.WriteNumber("requestsPerSecond"u8, limit);
        json.WriteRecord("attributes", identity.Attributes);
        json.WriteObjects("memberships", identity.Memberships, WriteMembers);
        json.WriteObjects("keys", identity.Keys, WriteMembers);
    }

    private static DeclaredIdentity ReadIdentity(StrictObject json) => new()
    {
        Id = json.Text("id"),
        Kind = json.Word("kind", RegistryParts.IdentityKinds),
        Name = json.OptionalText("name"),
        Owner = json.OptionalText("owner"),
        GrantTypes = json.Texts("grantTypes"),
        DefaultResource = json.OptionalText("defaultResource"),
        RequestsPerSecond = json.OptionalInt("requestsPerSecond"),
        Attributes = json.Record("attributes"),
        Memberships = json.Objects("memberships", static item => new DeclaredMembership(item.Uid("group"), item.OptionalMoment("expiresAt"))),
        Keys = json.Objects("keys", static item => new DeclaredKey(item.Text("publicJwk"), item.OptionalMoment("expiresAt"))),
    };

    private static void WriteMembers(Utf8JsonWriter json, DeclaredMembership membership)
    {
        json.WriteString("group"u8, membership.Group.ToString());
        json.WriteMoment("expiresAt", membership.ExpiresAt);
    }

    private static void WriteMembers(Utf8JsonWriter json, DeclaredKey key)
    {
        json.WriteString("publicJwk"u8, key.PublicJwk);
        json.WriteMoment("expiresAt", key.ExpiresAt);
    }

    private static void WriteMembers(Utf8JsonWriter json, DeclaredGroup group)
    {
        json.WriteString("uid"u8, group.Uid.ToString());
        json.WriteText("description", group.Description);
        json.WriteUids("parents", group.Parents);
        json.WriteRecord("attributes", group.Attributes);
    }

    private static DeclaredGroup ReadGroup(StrictObject json) => new()
    {
        Uid = json.Uid("uid"),
        Description = json.OptionalText("description"),
        Parents = json.Uids("parents"),
        Attributes = json.Record("attributes"),
    };

    private static void WriteMembers(Utf8JsonWriter json, DeclaredApi api)
    {
        json.WriteString("resource"u8, api.Resource);
        json.WriteText("name", api.Name);
        json.WriteObjects("scopes", api.Scopes, RegistryParts.WriteMembers);
        json.WriteSpan("maxTokenLifetime", api.MaxTokenLifetime);
        json.WriteTexts("resourceServers", api.ResourceServers);
        json.WriteUids("parents", api.Parents);
        json.WriteRecord("attributes", api.Attributes);
    }

    private static DeclaredApi ReadApi(StrictObject json) => new()
    {
        Resource = json.Text("resource"),
        Name = json.OptionalText("name"),
        Scopes = json.Objects("scopes", RegistryParts.ReadScope),
        MaxTokenLifetime = json.OptionalSpan("maxTokenLifetime"),
        ResourceServers = json.Texts("resourceServers"),
        Parents = json.Uids("parents"),
        Attributes = json.Record("attributes"),
    };
}
