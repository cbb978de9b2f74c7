using System.Globalization;
using System.Text.Json;

namespace Assay.Cedar.Conformance;

/// <summary>Everything one test can be asked, by what it brings along.</summary>
internal sealed class TestChecks(Archive archive, string test, Manifest manifest, Tally tally)
{
    private string GoldenPath => Path.ChangeExtension(test, ".validation.json");

    private string ParsingPath => Path.ChangeExtension(test, ".parsing.json");

    public void Run()
    {
        using var json = archive.Json(test);
        using var entities = archive.Json(PathOf(json.RootElement, "entities")!);
        var fragment = SchemaChecks.Read(archive, PathOf(json.RootElement, "schema")!);
        var schema = SchemaChecks.Resolve(fragment);
        if (archive.Has(ParsingPath))
            CheckParsing(entities.RootElement, schema);

        if ((PathOf(json.RootElement, "policies") ?? PathOf(json.RootElement, "template")) is not { } path)
            return;

        // Tests that bring nothing but a validator's results name verdicts and decisions that no engine gave.
        var isAnswered = !archive.Has(GoldenPath) || archive.Has(JsonOf(path));
        var set = ReadText(path);
        CheckValidation(json.RootElement, set, schema, isAnswered);
        if (archive.Has(GoldenPath))
            CheckConformance(json.RootElement, entities.RootElement, schema);

        if (isAnswered)
            CheckRequests(json.RootElement, path, set, schema, CedarJson.ReadEntities(entities.RootElement, schema));
    }

    private string? PathOf(JsonElement root, string name) => root.TryGetProperty(name, out var file) ? archive.Locate(test, file.GetString()!) : null;

    private static string JsonOf(string policies) => Path.ChangeExtension(policies, ".policies.json");

    private PolicySet ReadText(string path)
    {
        var parse = PolicySet.Parse(archive.Text(path), path);
        var set = parse.Set ?? throw new InvalidDataException(string.Join("; ", parse.Faults));
        if (set.Templates.IsEmpty)
            return set;

        // Text has no links: those of the JSON form.
        using var json = archive.Json(JsonOf(path));
        return json.RootElement.GetProperty("templateLinks").EnumerateArray().Aggregate(set, (linked, link) => linked.Link(
            link.GetProperty("templateId").GetString()!, link.GetProperty("newId").GetString()!, Slot(link, "?principal"), Slot(link, "?resource")));
    }

    private static EntityUid? Slot(JsonElement link, string slot) =>
        link.GetProperty("values").TryGetProperty(slot, out var uid) ? new EntityUid(uid.GetProperty("type").GetString()!, uid.GetProperty("id").GetString()!) : null;

    private void CheckParsing(JsonElement entities, Schema schema)
    {
        using var json = archive.Json(ParsingPath);
        tally.Same("entity files", test, IsSuccess(json.RootElement.GetProperty("allEntities")), Succeeds(() => CedarJson.ReadEntities(entities, schema)));
        foreach (var expected in json.RootElement.GetProperty("perEntity").EnumerateObject())
        {
            var entity = entities.EnumerateArray().First(entity => NameOf(entity) == expected.Name);
            tally.Same("single entities", $"{test}, {expected.Name}", IsSuccess(expected.Value), Succeeds(() => CedarJson.ReadEntity(entity, schema)));
        }
    }

    private static string IsSuccess(JsonElement expected) => expected.GetProperty("success").GetBoolean() ? "read" : "refused";

    private static string Succeeds(Action read) => Refusal(read) is null ? "read" : "refused";

    /// <summary>Strict validation, and both modes for each policy where a golden says so.</summary>
    private void CheckValidation(JsonElement json, PolicySet set, Schema schema, bool isAnswered)
    {
        var strict = Validator.Validate(set, schema);
        if (isAnswered)
        {
            var expected = json.GetProperty("shouldValidate").GetBoolean() || manifest.HasDrifted(test) || HasDrifted();
            tally.Check("validation", test, () => Differs(expected, strict));
            if (archive.Has(JsonOf(PathOf(json, "policies") ?? PathOf(json, "template")!)))
                tally.Check("validation by JSON", test, () => Differs(expected, ValidateJson(json, set)));
        }

        if (!archive.Has(GoldenPath))
            return;

        using var golden = archive.Json(GoldenPath);
        var policies = golden.RootElement.GetProperty("policyValidation");
        var permissive = Validator.Validate(set, schema, ValidationMode.Permissive);
        Compare(test, policies, strict.Findings, permissive.Findings);
        foreach (var policy in policies.GetProperty("perPolicy").EnumerateObject())
        {
            Compare(
                $"{test}, {policy.Name}",
                policy.Value,
                strict.Findings.Where(finding => finding.PolicyId == policy.Name),
                permissive.Findings.Where(finding => finding.PolicyId == policy.Name));
        }
    }

    private bool HasDrifted()
    {
        if (!archive.Has(GoldenPath))
            return false;

        using var golden = archive.Json(GoldenPath);
        return Golden.HasDrifted(golden.RootElement.GetProperty("policyValidation"), "strict");
    }

    /// <summary>The same policies and schema, both by way of JSON.</summary>
    private ValidationResult ValidateJson(JsonElement json, PolicySet set)
    {
        var path = PathOf(json, "schema")!;
        var fragment = archive.Has(path + ".json") ? SchemaChecks.ReadJson(archive, path + ".json") : SchemaChecks.Read(archive, path);
        return Validator.Validate(PolicyJson.ReadSet(PolicyJson.ToJson(set), test), SchemaChecks.Resolve(fragment));
    }

    private void Compare(string name, JsonElement expected, IEnumerable<ValidationFinding> strict, IEnumerable<ValidationFinding> permissive)
    {
        Compare("strict", name, expected, new ValidationResult([.. strict]));
        Compare("permissive", name, expected, new ValidationResult([.. permissive]));
    }

    private void Compare(string mode, string name, JsonElement expected, ValidationResult actual) =>
        tally.Check($"{mode} goldens", name, () => Golden.Passes(expected, mode) is { } passes ? Differs(passes, actual) : null);

    private static string? Differs(bool expected, ValidationResult actual) => (expected, actual.Passed) switch
    {
        (true, false) => $"expected to validate, but {actual.Findings.First(finding => finding.IsError)}",
        (false, true) => "expected an error, but it validates",
        _ => null,
    };

    /// <summary>Entities and requests conform to the schema or not, as the golden says.</summary>
    private void CheckConformance(JsonElement json, JsonElement entities, Schema schema)
    {
        using var golden = archive.Json(GoldenPath);
        foreach (var expected in golden.RootElement.GetProperty("entityValidation").GetProperty("perEntity").EnumerateObject())
        {
            var entity = entities.EnumerateArray().First(entity => NameOf(entity) == expected.Name);
            tally.Check("entity goldens", $"{test}, {expected.Name}", () => Differs(!Golden.HasErrors(expected.Value), Refusal(() => CedarJson.ReadEntity(entity, schema))));
        }

        var requests = json.GetProperty("requests").EnumerateArray().ToArray();
        var results = golden.RootElement.GetProperty("requestValidation").EnumerateArray().ToArray();
        tally.Same("request goldens", test, Count(results.Length), Count(requests.Length));
        foreach (var (i, (request, expected)) in requests.Zip(results).Index())
        {
            var refusal = Refusal(() => Expectation.ReadRequest(request, schema));
            tally.Check("request goldens", $"{Name(i)}, strict", () => Differs(expected.GetProperty("strict").GetBoolean(), refusal));
            tally.Check("request goldens", $"{Name(i)}, permissive", () => Differs(expected.GetProperty("permissive").GetBoolean(), refusal));
        }
    }

    private static string Count(int requests) => string.Create(CultureInfo.InvariantCulture, $"{requests} requests");

    private static string? Differs(bool expected, string? refusal) => (expected, refusal) switch
    {
        (true, not null) => $"expected to conform, but {refusal}",
        (false, null) => "expected an error, but it conforms",
        _ => null,
    };

    private static string? Refusal(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (CedarDataException exception)
        {
            return exception.Message;
        }
    }

    private static string NameOf(JsonElement entity)
    {
        var uid = entity.GetProperty("uid");
        if (uid.TryGetProperty("__entity", out var inner))
            uid = inner;

        return $"{uid.GetProperty("type").GetString()}::{uid.GetProperty("id").GetString()}";
    }

    private void CheckRequests(JsonElement json, string path, PolicySet set, Schema schema, Entities entities)
    {
        var requests = new List<Expectation>();
        foreach (var (i, request) in json.GetProperty("requests").EnumerateArray().Index())
            tally.Check("requests", Name(i), () => { requests.Add(Expectation.Read(request, schema)); return null; });

        var compiled = CompiledPolicySet.Compile(set);
        CheckDecisions("decisions", requests, request => Authorizer.Authorize(set, request, entities));
        CheckDecisions("compiled decisions", requests, request => compiled.Authorize(request, entities));
        if (archive.Has(JsonOf(path)))
            CheckJson(JsonOf(path), set, requests, entities);
    }

    private void CheckDecisions(string kind, List<Expectation> requests, Func<Request, AuthorizationResult> decide)
    {
        foreach (var (i, expected) in requests.Index())
            tally.Same(kind, Name(i), expected.Answer, Expectation.Show(decide(expected.Request)));
    }

    /// <summary>The text becomes the expected JSON, and what is read from JSON decides the same.</summary>
    private void CheckJson(string path, PolicySet set, List<Expectation> requests, Entities entities)
    {
        var expected = archive.Text(path);
        var written = PolicyJson.ToJson(set);
        tally.Check("policies to JSON", test, () => JsonSame.Difference(expected, written));
        tally.Check("policies from JSON", test, () =>
        {
            using var json = archive.Json(path);
            var isRounded = JsonSame.IsRounded(json.RootElement);
            if (isRounded)
                tally.Note("policies.json with integers that their writer rounded, where our JSON was read instead");

            var read = PolicyJson.ReadSet(isRounded ? written : expected, path);
            CheckDecisions("decisions from JSON", requests, request => Authorizer.Authorize(read, request, entities));
            return JsonSame.Difference(written, PolicyJson.ToJson(read));
        });
    }

    private string Name(int request) => string.Create(CultureInfo.InvariantCulture, $"{test}, request {request}");
}
