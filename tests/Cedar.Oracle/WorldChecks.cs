using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Assay.Cedar.Oracle;

/// <summary>Policies, a schema, entities and requests together: reading, strict validation, decisions with the schema and without.</summary>
internal sealed class WorldChecks(OracleCase one)
{
    // The official engine keeps what it has read by name.
    private const string Policies = "policies";

    private string SchemaName => one.Kind == CaseKind.Typed ? "typed" : "loose";

    public static JsonArray EntitiesJson(OracleCase one) => new([.. one.Entities.Select(entity => JsonNode.Parse(entity))]);

    /// <summary>Reads a request, by the schema if there is one, to which it must conform.</summary>
    public static Request Read(RequestModel request, Schema? schema)
    {
        var context = schema is null ? CedarJson.ReadContext(request.Context) : CedarJson.ReadContext(request.Context, schema, request.Action);
        var read = new Request(request.Principal, request.Action, request.Resource, context);
        return schema?.Validate(read) is { IsEmpty: false } faults ? throw new CedarDataException(string.Join("; ", faults)) : read;
    }

    public IEnumerable<Check> All()
    {
        var (schema, faults) = Schema.Parse(one.Schema!, "schema");
        yield return Check.Accepts("schema", schema is null ? faults[0].ToString() : null, "preparseSchema", SchemaName, one.Schema);
        PolicySet? set = null;
        var refusal = Check.Refusal(() => set = ReadPolicies());
        yield return Check.Accepts("policies", refusal, "preparsePolicySet", Policies, PoliciesJson());
        if (schema is null || set is null)
            yield break;

        var findings = Validator.Validate(set, schema).Findings;
        yield return Check.Gives("validation", answer => Differs(findings, answer), "validate", new JsonObject { ["schema"] = SchemaJson(), ["policies"] = PoliciesJson() }) with { Outcome = findings.Any(finding => finding.IsError) ? "invalid" : "valid" };

        var compiled = CompiledPolicySet.Compile(set);
        foreach (var request in one.Requests)
        {
            yield return Decision("decision", set, compiled, request, null);
            yield return Decision("decision by schema", set, compiled, request, schema);
        }
    }

    private Check Decision(string name, PolicySet set, CompiledPolicySet compiled, RequestModel request, Schema? schema)
    {
        var (expected, byCompiled) = ("", "");
        var refusal = Check.Refusal(() =>
        {
            var entities = Entities(schema);
            var read = Read(request, schema);
            expected = Show(Authorizer.Authorize(set, read, entities));
            byCompiled = Show(compiled.Authorize(read, entities));
        });
        var call = request.ToJson();
        call["preparsedPolicySetId"] = Policies;
        call["entities"] = EntitiesJson(one);
        if (schema is not null)
        {
            call["preparsedSchemaName"] = SchemaName;
            call["validateRequest"] = true;
        }

        return Check.Of(name, answer => Differs(refusal, expected, byCompiled, answer), "statefulIsAuthorized", call) with { Outcome = refusal is null ? Outcome(expected) : "refused" };
    }

    private static string Outcome(string answer) => answer[..answer.IndexOf(' ')] + (answer.EndsWith("[]", StringComparison.Ordinal) ? "" : " with errors");

    private static string? Differs(string? refusal, string expected, string byCompiled, JsonElement answer)
    {
        if (expected != byCompiled)
            return $"the interpreter says {expected}, the compiled form {byCompiled}";

        var theirs = Check.IsSuccess(answer) ? Show(answer.GetProperty("response")) : "refused";
        var ours = refusal is null ? expected : "refused";
        return ours == theirs ? null : $"here {ours} {refusal}, there {theirs} {(theirs == "refused" ? Check.Errors(answer) : "")}";
    }

    private static string? Differs(ImmutableArray<ValidationFinding> findings, JsonElement answer)
    {
        var theirs = Messages(answer.GetProperty("validationErrors"));
        var ours = findings.Where(finding => finding.IsError).Select(finding => (finding.PolicyId, finding.ToString())).ToArray();
        if (Differs("errors", ours, theirs) is { } difference)
            return difference;

        // Of policies in error, either may say too that they do nothing.
        var refused = theirs.Select(error => error.PolicyId).ToHashSet();
        return Differs(
            "warnings of doing nothing",
            findings.Where(finding => finding.Kind is ValidationFindingKind.NoActionApplies or ValidationFindingKind.NeverSatisfied).Select(finding => (finding.PolicyId, finding.ToString())).Where(warning => !refused.Contains(warning.PolicyId)),
            Messages(answer.GetProperty("validationWarnings"))
                .Where(warning => warning.Text.Contains("policy is impossible", StringComparison.Ordinal) || warning.Text.Contains("unable to find an applicable action", StringComparison.Ordinal))
                .Where(warning => !refused.Contains(warning.PolicyId)));
    }

    private static string? Differs(string what, IEnumerable<(string PolicyId, string Text)> ours, IEnumerable<(string PolicyId, string Text)> theirs)
    {
        var (here, there) = (Ids(ours.Select(one => one.PolicyId)), Ids(theirs.Select(one => one.PolicyId)));
        return here == there ? null : $"{what} here in [{here}] {string.Join("; ", ours.Select(one => one.Text))}, there in [{there}] {string.Join("; ", theirs.Select(one => one.Text))}";
    }

    private static (string PolicyId, string Text)[] Messages(JsonElement findings) =>
        [.. findings.EnumerateArray().Select(finding => (finding.GetProperty("policyId").GetString()!, finding.GetProperty("error").GetProperty("message").GetString()!))];

    private Entities Entities(Schema? schema) =>
        schema is null ? CedarJson.ReadEntities(EntitiesJson(one).ToJsonString()) : CedarJson.ReadEntities(EntitiesJson(one).ToJsonString(), schema);

    private PolicySet ReadPolicies()
    {
        var templates = one.Templates.Select((text, i) => Sound(text, $"t{i}") is { Templates: [var template], Policies: [] } ? template.WithId($"t{i}") : throw new CedarDataException($"t{i} is no template")).ToArray();
        var set = PolicySet.Of(
            one.Policies.Select((text, i) => Sound(text, $"p{i}") is { Policies: [var policy], Templates: [] } ? policy.WithId($"p{i}") : throw new CedarDataException($"p{i} is not one policy")),
            templates);
        foreach (var (i, link) in one.Links.Index())
            set = set.Link($"t{link.Template}", $"l{i}", link.Principal, link.Resource);

        return set;
    }

    private static PolicySet Sound(string text, string source)
    {
        var parse = PolicySet.Parse(text, source);
        return parse.Set ?? throw new CedarDataException(parse.Faults[0].ToString());
    }

    private JsonObject PoliciesJson()
    {
        var links = new JsonArray();
        foreach (var (i, link) in one.Links.Index())
        {
            var values = new JsonObject();
            if (link.Principal is { } principal)
                values["?principal"] = RequestModel.Uid(principal);
            if (link.Resource is { } resource)
                values["?resource"] = RequestModel.Uid(resource);

            links.Add(new JsonObject { ["templateId"] = $"t{link.Template}", ["newId"] = $"l{i}", ["values"] = values });
        }

        return new JsonObject { ["staticPolicies"] = Named("p", one.Policies), ["templates"] = Named("t", one.Templates), ["templateLinks"] = links };
    }

    private static JsonObject Named(string prefix, IEnumerable<string> texts) => new(texts.Select((text, i) => KeyValuePair.Create($"{prefix}{i}", (JsonNode?)text)));

    /// <summary>The JSON form, which the official engine reads faster.</summary>
    private JsonNode? SchemaJson() => JsonNode.Parse(SchemaFragment.Parse(one.Schema!, "schema").Fragment!.ToJson());

    private static string Show(AuthorizationResult result) => Show(
        result.Decision == Cedar.Decision.Allow ? "allow" : "deny", result.Reasons.Select(policy => policy.Id), result.Errors.Select(error => error.Policy.Id));

    private static string Show(JsonElement response)
    {
        var diagnostics = response.GetProperty("diagnostics");
        return Show(
            response.GetProperty("decision").GetString()!,
            diagnostics.GetProperty("reason").EnumerateArray().Select(id => id.GetString()!),
            diagnostics.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("policyId").GetString()!));
    }

    private static string Show(string decision, IEnumerable<string> reasons, IEnumerable<string> errors) => $"{decision} by [{Ids(reasons)}], errors in [{Ids(errors)}]";

    private static string Ids(IEnumerable<string> ids) => string.Join(' ', ids.Distinct().Order(StringComparer.Ordinal));
}
