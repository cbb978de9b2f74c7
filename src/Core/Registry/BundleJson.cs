using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Assay.Cedar;
using Assay.Core.Policies;

namespace Assay.Core.Registry;

/// <summary>
/// Declarations as JSON, as they travel to the admin API and as they are stored after applying. Reading is strict: an unknown or repeated
/// member, a null, a wrong type is an error that names its place.
/// </summary>
public static class BundleJson
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 };

    /// <summary>UTF-8 JSON text.</summary>
    public static byte[] Encode(BundleDeclarations declarations)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, declarations);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote. It is well-formed then, and not yet checked: see <see cref="BundleDeclarations.Check"/>.</summary>
    /// <exception cref="JsonException">It is not such a text; the message names the place.</exception>
    public static BundleDeclarations Decode(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, Options);
        return Read(document.RootElement);
    }

    /// <summary>Writes one object.</summary>
    public static void Write(Utf8JsonWriter writer, BundleDeclarations declarations)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(declarations);
        writer.WriteStartObject();
        writer.WriteNumber("v"u8, 1);
        writer.WriteString("name"u8, declarations.Name);
        WriteList(writer, "identities", declarations.Identities, WriteIdentity);
        WriteList(writer, "groups", declarations.Groups, WriteGroup);
        WriteList(writer, "apis", declarations.Apis, WriteApi);
        if (declarations.Policies is { } policies)
        {
            writer.WriteStartObject("policies"u8);
            WriteList(writer, "files", policies.Files, (w, file) =>
            {
                w.WriteStartObject();
                w.WriteString("path"u8, file.Path);
                w.WriteString("text"u8, file.Text);
                w.WriteEndObject();
            });
            WriteText(writer, "schema", policies.Schema);
            writer.WriteEndObject();
        }

        WriteList(writer, "generate", declarations.Generate, (w, id) => w.WriteStringValue(id));
        writer.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="JsonException">It is not such an object; the message names the place.</exception>
    public static BundleDeclarations Read(JsonElement element)
    {
        var reader = new JsonMembers(element, "bundle");
        if (reader.Number("v") is not 1)
            throw reader.Fault("v", "must be 1");

        var bundle = new BundleDeclarations
        {
            Name = reader.Text("name"),
            Identities = reader.List("identities", ReadIdentity),
            Groups = reader.List("groups", ReadGroup),
            Apis = reader.List("apis", ReadApi),
            Policies = reader.Optional("policies", ReadPolicies),
            Generate = reader.Texts("generate"),
        };
        reader.End();
        return bundle;
    }

    private static void WriteIdentity(Utf8JsonWriter writer, DeclaredIdentity identity)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, identity.Id);
        writer.WriteString("kind"u8, identity.Kind == IdentityKind.Person ? "person" : "workload");
        WriteText(writer, "name", identity.Name);
        WriteText(writer, "owner", identity.Owner);
        WriteList(writer, "grantTypes", identity.GrantTypes, (w, grantType) => w.WriteStringValue(grantType), always: true);
        WriteText(writer, "defaultResource", identity.DefaultResource);
        if (identity.RequestsPerSecond is { } rate)
            writer.WriteNumber("requestsPerSecond"u8, rate);
        WriteAttributes(writer, identity.Attributes);
        WriteList(writer, "memberships", identity.Memberships, (w, membership) =>
        {
            w.WriteStartObject();
            w.WriteString("group"u8, membership.Group.ToString());
            WriteMoment(w, membership.ExpiresAt);
            w.WriteEndObject();
        });
        WriteList(writer, "keys", identity.Keys, (w, key) =>
        {
            w.WriteStartObject();
            w.WriteString("publicJwk"u8, key.PublicJwk);
            WriteMoment(w, key.ExpiresAt);
            w.WriteEndObject();
        });
        writer.WriteEndObject();
    }

    private static DeclaredIdentity ReadIdentity(JsonElement element, string at)
    {
        var reader = new JsonMembers(element, at);
        var identity = new DeclaredIdentity
        {
            Id = reader.Text("id"),
            Kind = reader.Text("kind") switch
            {
                "workload" => IdentityKind.Workload,
                "person" => IdentityKind.Person,
                _ => throw reader.Fault("kind", "must be workload or person"),
            },
            Name = reader.OptionalText("name"),
            Owner = reader.OptionalText("owner"),
            GrantTypes = reader.Texts("grantTypes"),
            DefaultResource = reader.OptionalText("defaultResource"),
            RequestsPerSecond = reader.Number("requestsPerSecond"),
            Attributes = reader.Attributes("attributes"),
            Memberships = reader.List("memberships", (item, place) =>
            {
                var membership = new JsonMembers(item, place);
                var result = new DeclaredMembership(membership.Uid("group"), membership.Moment("expiresAt"));
                membership.End();
                return result;
            }),
            Keys = reader.List("keys", (item, place) =>
            {
                var key = new JsonMembers(item, place);
                var result = new DeclaredKey(key.Text("publicJwk"), key.Moment("expiresAt"));
                key.End();
                return result;
            }),
        };
        reader.End();
        return identity;
    }

    private static void WriteGroup(Utf8JsonWriter writer, DeclaredGroup group)
    {
        writer.WriteStartObject();
        writer.WriteString("uid"u8, group.Uid.ToString());
        WriteText(writer, "description", group.Description);
        WriteList(writer, "parents", group.Parents, (w, parent) => w.WriteStringValue(parent.ToString()));
        WriteAttributes(writer, group.Attributes);
        writer.WriteEndObject();
    }

    private static DeclaredGroup ReadGroup(JsonElement element, string at)
    {
        var reader = new JsonMembers(element, at);
        var group = new DeclaredGroup
        {
            Uid = reader.Uid("uid"),
            Description = reader.OptionalText("description"),
            Parents = reader.List("parents", JsonMembers.ReadUid),
            Attributes = reader.Attributes("attributes"),
        };
        reader.End();
        return group;
    }

    private static void WriteApi(Utf8JsonWriter writer, DeclaredApi api)
    {
        writer.WriteStartObject();
        writer.WriteString("resource"u8, api.Resource);
        WriteText(writer, "name", api.Name);
        WriteList(writer, "scopes", api.Scopes, (w, scope) =>
        {
            w.WriteStartObject();
            w.WriteString("name"u8, scope.Name);
            WriteText(w, "description", scope.Description);
            WriteList(w, "groups", scope.Groups, (inner, group) => inner.WriteStringValue(group));
            w.WriteEndObject();
        });
        if (api.MaxTokenLifetime is { } life)
            writer.WriteNumber("maxTokenLifetime"u8, (long)Math.Ceiling(life.TotalSeconds));
        WriteList(writer, "parents", api.Parents, (w, parent) => w.WriteStringValue(parent.ToString()));
        WriteAttributes(writer, api.Attributes);
        writer.WriteEndObject();
    }

    private static DeclaredApi ReadApi(JsonElement element, string at)
    {
        var reader = new JsonMembers(element, at);
        var api = new DeclaredApi
        {
            Resource = reader.Text("resource"),
            Name = reader.OptionalText("name"),
            Scopes = reader.List("scopes", (item, place) =>
            {
                var scope = new JsonMembers(item, place);
                var result = new ApiScope(scope.Text("name"), scope.OptionalText("description"), scope.Texts("groups"));
                scope.End();
                return result;
            }),
            MaxTokenLifetime = reader.Number("maxTokenLifetime") is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Parents = reader.List("parents", JsonMembers.ReadUid),
            Attributes = reader.Attributes("attributes"),
        };
        reader.End();
        return api;
    }

    private static PolicyDocument ReadPolicies(JsonElement element, string at)
    {
        var reader = new JsonMembers(element, at);
        var files = reader.List("files", (item, place) =>
        {
            var file = new JsonMembers(item, place);
            var result = new PolicyFile(file.Text("path"), file.Text("text"));
            file.End();
            return result;
        });
        var document = new PolicyDocument(files, reader.OptionalText("schema"));
        reader.End();
        return document;
    }

    private static void WriteList<T>(Utf8JsonWriter writer, string name, ImmutableArray<T> items, Action<Utf8JsonWriter, T> write, bool always = false)
    {
        if (items.IsEmpty && !always)
            return;

        writer.WriteStartArray(name);
        foreach (var item in items)
            write(writer, item);
        writer.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
            writer.WriteString(name, text);
    }

    private static void WriteMoment(Utf8JsonWriter writer, DateTimeOffset? moment)
    {
        if (moment is { } end)
            writer.WriteString("expiresAt"u8, end.ToUniversalTime());
    }

    private static void WriteAttributes(Utf8JsonWriter writer, RecordValue attributes)
    {
        if (attributes.Count == 0)
            return;

        writer.WritePropertyName("attributes"u8);
        CedarJson.WriteValue(writer, attributes);
    }
}

/// <summary>The members of one JSON object, taken one by one; <see cref="End"/> refuses what nobody took.</summary>
internal sealed class JsonMembers
{
    private readonly string at;
    private readonly Dictionary<string, JsonElement> members = new(StringComparer.Ordinal);

    public JsonMembers(JsonElement element, string at)
    {
        this.at = at;
        if (element.ValueKind != JsonValueKind.Object)
            throw new JsonException($"{at} must be an object");

        foreach (var member in element.EnumerateObject())
        {
            if (!members.TryAdd(NameOf(member), member.Value))
                throw Fault(member.Name, "stands twice");
        }
    }

    public string Text(string name) => OptionalText(name) ?? throw Fault(name, "is missing");

    public string? OptionalText(string name) => members.Remove(name, out var value) ? ReadText(value, Place(name)) : null;

    public int? Number(string name) => !members.Remove(name, out var value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : throw Fault(name, "must be a whole number");

    public DateTimeOffset? Moment(string name) => !members.Remove(name, out var value) ? null
        : value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var moment) ? moment.ToUniversalTime()
        : throw Fault(name, "must be a time (RFC 3339)");

    public EntityUid Uid(string name) => members.Remove(name, out var value) ? ReadUid(value, Place(name)) : throw Fault(name, "is missing");

    public ImmutableArray<string> Texts(string name) => List(name, ReadText);

    public RecordValue Attributes(string name)
    {
        if (!members.Remove(name, out var value))
            return RecordValue.Empty;

        try
        {
            return CedarJson.ReadValue(value) as RecordValue ?? throw Fault(name, "must be an object");
        }
        catch (CedarDataException exception)
        {
            throw Fault(name, $"cannot be read: {exception.Message}");
        }
    }

    public T? Optional<T>(string name, Func<JsonElement, string, T> read) where T : class =>
        members.Remove(name, out var value) ? read(value, Place(name)) : null;

    public ImmutableArray<T> List<T>(string name, Func<JsonElement, string, T> read)
    {
        if (!members.Remove(name, out var value))
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            throw Fault(name, "must be an array");

        var items = ImmutableArray.CreateBuilder<T>(value.GetArrayLength());
        foreach (var item in value.EnumerateArray())
            items.Add(read(item, $"{Place(name)}[{items.Count}]"));
        return items.DrainToImmutable();
    }

    public void End()
    {
        if (members.Count > 0)
            throw Fault(members.Keys.Order(StringComparer.Ordinal).First(), "is not known here");
    }

    public JsonException Fault(string name, string what) => new($"{Place(name)} {what}");

    public static EntityUid ReadUid(JsonElement element, string at) => EntityUid.TryParse(ReadText(element, at), out var uid)
        ? uid
        : throw new JsonException($"{at} must be an entity, for instance Assay::Role::\"name\"");

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException) // half of a surrogate pair
        {
            throw new JsonException($"{at} has a member whose name is no valid Unicode text");
        }
    }

    private static string ReadText(JsonElement element, string at)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString()! : throw new JsonException($"{at} must be a string");
        }
        catch (InvalidOperationException) // half of a surrogate pair
        {
            throw new JsonException($"{at} is no valid Unicode text");
        }
    }

    private string Place(string name) => $"{at}.{name}";
}
