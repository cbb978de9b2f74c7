using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Unicode;

namespace Assay.Silo.AuthZen;

/// <summary>
/// Reads the bodies of AuthZEN requests: strictly in form (one JSON object in UTF-8, no name twice, 16 levels), and without looking at members that it does not
/// know (AuthZEN 1.0 §10.1.1). Faults say what is wrong and quote nothing.
/// </summary>
internal static class AccessJson
{
    public const int MaxEvaluations = 256;

    private const int MaxDepth = 16;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    private delegate T? Reading<out T>(JsonElement root, out string? fault)
        where T : class;

    public static AccessQuestion? ReadEvaluation(ReadOnlyMemory<byte> body, out string? fault) =>
        Read(body, static (JsonElement root, out string? wrong) => Parts(root, null, out wrong)?.Complete(out wrong), out fault);

    public static AccessRequest? ReadEvaluations(ReadOnlyMemory<byte> body, out string? fault) => Read(body, Evaluations, out fault);

    public static AccessQuery? ReadSearch(SearchFor target, ReadOnlyMemory<byte> body, out string? fault) =>
        Read(body, (JsonElement root, out string? wrong) => Query(root, target, out wrong), out fault);

    private static T? Read<T>(ReadOnlyMemory<byte> body, Reading<T> reading, out string? fault)
        where T : class
    {
        if (!Utf8.IsValid(body.Span))
            return Wrong<T>("the body is not valid UTF-8", out fault);

        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? reading(document.RootElement, out fault)
                : Wrong<T>("the body must be a JSON object", out fault);
        }
        catch (JsonException)
        {
            return Wrong<T>($"the body is not JSON, has a name twice in one object, or more than {MaxDepth} levels", out fault);
        }
        catch (InvalidOperationException) // an escape that names half a surrogate pair
        {
            return Wrong<T>("a string in the body is not valid Unicode", out fault);
        }
    }

    private static AccessRequest? Evaluations(JsonElement root, out string? fault)
    {
        if (Parts(root, null, out fault) is not { } defaults)
            return null;
        if (Semantic(root) is not { } semantic)
            return Wrong<AccessRequest>("options.evaluations_semantic must be execute_all, deny_on_first_deny or permit_on_first_permit", out fault);

        var isThere = root.TryGetProperty("evaluations"u8, out var list);
        if (isThere && list.ValueKind != JsonValueKind.Array)
            return Wrong<AccessRequest>("evaluations must be a list", out fault);
        if (!isThere || list.GetArrayLength() == 0)
            return defaults.Complete(out fault) is { } question ? new AccessRequest.One(question) : null;
        if (list.GetArrayLength() > MaxEvaluations)
            return Wrong<AccessRequest>($"evaluations must have {MaxEvaluations} items at most", out fault);

        var items = ImmutableArray.CreateBuilder<AccessItem>(list.GetArrayLength());
        foreach (var item in list.EnumerateArray())
        {
            string? wrong = "it must be an object";
            var question = item.ValueKind == JsonValueKind.Object ? Parts(item, null, out wrong)?.Or(defaults).Complete(out wrong) : null;
            items.Add(new AccessItem(question, wrong));
        }

        return new AccessRequest.Several(items.MoveToImmutable(), semantic);
    }

    /// <summary>Null when it is none of the three.</summary>
    private static EvaluationsSemantic? Semantic(JsonElement root)
    {
        if (!root.TryGetProperty("options"u8, out var options))
            return EvaluationsSemantic.ExecuteAll;
        if (options.ValueKind != JsonValueKind.Object)
            return null;
        if (!options.TryGetProperty("evaluations_semantic"u8, out var semantic))
            return EvaluationsSemantic.ExecuteAll;
        return semantic.ValueKind != JsonValueKind.String ? null : semantic.GetString() switch
        {
            "execute_all" => EvaluationsSemantic.ExecuteAll,
            "deny_on_first_deny" => EvaluationsSemantic.DenyOnFirstDeny,
            "permit_on_first_permit" => EvaluationsSemantic.PermitOnFirstPermit,
            _ => null,
        };
    }

    private static AccessQuery? Query(JsonElement root, SearchFor target, out string? fault)
    {
        if (Parts(root, target, out fault) is not { } parts)
            return null;

        fault = parts.Subject is null ? "subject is missing"
            : target != SearchFor.Subject && parts.Subject.Id is null ? "subject.id is missing"
            : target != SearchFor.Action && parts.Action is null ? "action is missing"
            : parts.Resource is null ? "resource is missing"
            : target != SearchFor.Resource && parts.Resource.Id is null ? "resource.id is missing"
            : null;
        if (fault is not null)
            return null;
        if (!root.TryGetProperty("page"u8, out var page))
            return new AccessQuery(target, parts, null, null);
        if (page.ValueKind != JsonValueKind.Object)
            return Wrong<AccessQuery>("page must be an object", out fault);

        var limit = 0;
        var hasLimit = page.TryGetProperty("limit"u8, out var number);
        if (hasLimit && (number.ValueKind != JsonValueKind.Number || !number.TryGetInt32(out limit) || limit < 0))
            return Wrong<AccessQuery>("page.limit must be a whole number, 0 or more", out fault);
        var token = Text(page, "token"u8, "page.token", ref fault);
        return fault is null ? new AccessQuery(target, parts, hasLimit ? limit : null, token is "" ? null : token) : null;
    }

    /// <param name="target">What is searched for: it has no name, and one that is given is not looked at (AuthZEN 1.0 §8.4 to 8.6).</param>
    private static AccessParts? Parts(JsonElement from, SearchFor? target, out string? fault)
    {
        fault = null;
        var parts = new AccessParts(
            Entity(from, "subject"u8, "subject", target != SearchFor.Subject, ref fault),
            target == SearchFor.Action ? null : Action(from, ref fault),
            Entity(from, "resource"u8, "resource", target != SearchFor.Resource, ref fault),
            Context(from, ref fault));
        return fault is null ? parts : null;
    }

    private static AccessEntity? Entity(JsonElement from, ReadOnlySpan<byte> name, string path, bool isNamed, ref string? fault)
    {
        if (Object(from, name, path, ref fault) is not { } entity)
            return null;

        var type = Text(entity, "type"u8, path + ".type", ref fault);
        var id = isNamed ? Text(entity, "id"u8, path + ".id", ref fault) : null;
        if (type is null)
            fault ??= path + ".type is missing";
        return fault is null ? new AccessEntity(type!, id) : null;
    }

    private static string? Action(JsonElement from, ref string? fault)
    {
        if (Object(from, "action"u8, "action", ref fault) is not { } action)
            return null;

        var name = Text(action, "name"u8, "action.name", ref fault);
        if (name is null)
            fault ??= "action.name is missing";
        return name;
    }

    private static AccessContext? Context(JsonElement from, ref string? fault)
    {
        if (Object(from, "context"u8, "context", ref fault) is not { } context)
            return null;

        var ip = Address(Text(context, "ip"u8, "context.ip", ref fault), ref fault);
        string? method = null, credential = null;
        if (Object(context, "client"u8, "context.client", ref fault) is { } client)
        {
            method = Text(client, "method"u8, "context.client.method", ref fault);
            credential = Text(client, "credential"u8, "context.client.credential", ref fault);
        }

        return new AccessContext(ip, method, credential);
    }

    /// <summary>An address in one spelling. What only looks like one, such as <c>010.1</c>, would count as another or as none.</summary>
    private static string? Address(string? text, ref string? fault)
    {
        if (text is null)
            return null;
        if (IPAddress.TryParse(text, out var address))
        {
            if (address.IsIPv4MappedToIPv6)
                return address.MapToIPv4().ToString();
            var spelling = address.ToString();
            if (address.AddressFamily == AddressFamily.InterNetwork ? spelling == text : address.ScopeId == 0 && !text.Contains('%') && !text.Contains('['))
                return spelling;
        }

        fault ??= "context.ip is not an IP address";
        return null;
    }

    private static JsonElement? Object(JsonElement from, ReadOnlySpan<byte> name, string path, ref string? fault)
    {
        if (!from.TryGetProperty(name, out var member))
            return null;
        if (member.ValueKind == JsonValueKind.Object)
            return member;
        fault ??= path + " must be an object";
        return null;
    }

    private static string? Text(JsonElement from, ReadOnlySpan<byte> name, string path, ref string? fault)
    {
        if (!from.TryGetProperty(name, out var member))
            return null;
        if (member.ValueKind == JsonValueKind.String)
            return member.GetString();
        fault ??= path + " must be a string";
        return null;
    }

    private static T? Wrong<T>(string what, out string? fault)
        where T : class
    {
        fault = what;
        return null;
    }
}
