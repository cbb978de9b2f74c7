using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Assay.Cedar.Conformance;

namespace Assay.Cedar.Tests;

public sealed class ConformanceRunTests : IDisposable
{
    private const string Policies = "permit(principal == User::\"a\", action, resource) when { context.n < 9007199254740993 };";

    private const string PoliciesJson = """
        {"staticPolicies": {"policy0": {"effect": "permit", "principal": {"op": "==", "entity": {"type": "User", "id": "a"}}, "action": {"op": "All"}, "resource": {"op": "All"},
        "conditions": [{"kind": "when", "body": {"<": {"left": {".": {"left": {"Var": "context"}, "attr": "n"}}, "right": {"Value": 9007199254740992}}}}]}},
        "templates": {}, "templateLinks": []}
        """;

    private const string SchemaText = "entity User { tags: Set<Long> }; action \"view\" appliesTo { principal: User, resource: User, context: { n: Long } };";

    private const string Entities = """[{"uid": {"type": "User", "id": "a"}, "attrs": {"tags": [1]}, "parents": []}, {"uid": {"type": "User", "id": "b"}, "attrs": {"tags": 1}, "parents": []}]""";

    private const string Test = """
        {"policies": "t.cedar", "entities": "t.entities.json", "schema": "t.cedarschema", "shouldValidate": true, "requests": [
        {"principal": {"type": "User", "id": "a"}, "action": {"type": "Action", "id": "view"}, "resource": {"type": "User", "id": "c"}, "context": {"n": 1},
         "validateRequest": true, "decision": "allow", "reason": ["policy0"], "errors": []}]}
        """;

    private const string Parsing = """{"allEntities": {"success": false}, "perEntity": {"User::a": {"success": true}, "User::b": {"success": false}}}""";

    private const string Golden = """
        {"policyValidation": {"strict": true, "permissive": true, "perPolicy": {"policy0": {"strict": true, "permissive": true}}},
         "entityValidation": {"perEntity": {"User::a": {}}}, "requestValidation": [{"strict": true, "permissive": true}]}
        """;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("conformance");

    private static Dictionary<string, string> Good => new()
    {
        ["one/t.json"] = Test,
        ["one/t.cedar"] = Policies,
        ["one/t.cedarschema"] = SchemaText,
        ["one/t.entities.json"] = Entities.Replace("\"tags\": 1}", "\"tags\": []}", StringComparison.Ordinal),
        ["one/t.policies.json"] = PoliciesJson,
        ["one/t.validation.json"] = Golden,
        ["one/p.json"] = """{"entities": "p.entities.json", "schema": "t.cedarschema"}""",
        ["one/p.entities.json"] = Entities,
        ["one/p.parsing.json"] = Parsing,
    };

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void An_archive_that_agrees_passes()
    {
        Write("one", Good);

        Assert.Equal(
            """
            one: 2 tests; entity files 1 of 1, single entities 2 of 2, validation 1 of 1, validation by JSON 1 of 1, strict goldens 2 of 2, permissive goldens 2 of 2, entity goldens 1 of 1, request goldens 3 of 3, requests 1 of 1, decisions 1 of 1, compiled decisions 1 of 1, policies to JSON 1 of 1, decisions from JSON 1 of 1, policies from JSON 1 of 1, schemas 1 of 1; 1 policies.json with integers that their writer rounded, where our JSON was read instead
            20 passed, 0 failed

            """,
            Run(0));
    }

    [Theory]
    [InlineData("one/t.json", "\"allow\"", "\"deny\"", "one/t.json, request 0, decisions: expected deny by [policy0], errors in [], got allow by [policy0], errors in []", 3)]
    [InlineData("one/t.json", "[\"policy0\"]", "[]", "one/t.json, request 0, compiled decisions: expected allow by [], errors in [], got allow by [policy0], errors in []", 3)]
    [InlineData("one/t.json", "\"errors\": []", "\"errors\": [\"policy0\"]", "one/t.json, request 0, decisions from JSON: expected allow by [policy0], errors in [policy0], got allow by [policy0], errors in []", 3)]
    [InlineData("one/t.json", "{\"n\": 1}", "{\"n\": \"x\"}", "one/t.json, request 0, strict, request goldens: expected to conform, but", 3)]
    [InlineData("one/t.json", "\"shouldValidate\"", "\"shouldValidat", "one/t.json, test:", 1)]
    [InlineData("one/t.cedar", "principal ==", "principal =", "one/t.json, test: one/t.cedar:1:18", 1)]
    [InlineData("one/t.cedar", "context.n", "context.m", "one/t.json, strict goldens: expected to validate, but one/t.cedar:1:", 10)]
    [InlineData("one/t.policies.json", "\"permit\"", "\"forbid\"", "one/t.json, policies to JSON: $.staticPolicies.policy0.effect: expected \"forbid\", got \"permit\"", 1)]
    [InlineData("one/t.policies.json", "9007199254740992", "9007199254740000", "one/t.json, policies to JSON: $.staticPolicies.policy0.conditions[0].body.<.right.Value: expected 9007199254740000, got 9007199254740993", 2)]
    [InlineData("one/t.policies.json", "\"All\"}, \"res", "\"All\", \"x\": 1}, \"res", "one/t.json, policies to JSON: $.staticPolicies.policy0.action: expected", 1)]
    [InlineData("one/t.cedarschema", "entity User", "entity Usr", "one/t.cedarschema, schemas:", 3)]
    [InlineData("one/t.validation.json", "\"perPolicy\": {\"policy0\": {\"strict\": true", "\"perPolicy\": {\"policy0\": {\"strict\": false", "one/t.json, policy0, strict goldens: expected an error, but it validates", 1)]
    [InlineData("one/t.validation.json", "\"permissive\": true, \"perP", "\"permissive\": false, \"perP", "one/t.json, permissive goldens: expected an error, but it validates", 1)]
    [InlineData("one/t.validation.json", "{\"User::a\": {}}", "{\"User::a\": {\"errors\": [\"x\"]}}", "one/t.json, User::a, entity goldens: expected an error, but it conforms", 1)]
    [InlineData("one/t.validation.json", "[{\"strict\": true", "[{\"strict\": false", "one/t.json, request 0, strict, request goldens: expected an error, but it conforms", 1)]
    [InlineData("one/p.parsing.json", "\"User::b\": {\"success\": false}", "\"User::b\": {\"success\": true}", "one/p.json, User::b, single entities: expected read, got refused", 1)]
    [InlineData("one/p.parsing.json", "\"allEntities\": {\"success\": false}", "\"allEntities\": {\"success\": true}", "one/p.json, entity files: expected read, got refused", 1)]
    public void An_archive_that_differs_in_anything_fails_and_is_named(string file, string was, string becomes, string difference, int failed)
    {
        var files = Good;
        Assert.Contains(was, files[file], StringComparison.Ordinal);
        files[file] = files[file].Replace(was, becomes, StringComparison.Ordinal);
        Write("one", files);

        var report = Run(1);

        Assert.Contains($"  {difference}", report, StringComparison.Ordinal);
        Assert.EndsWith($" passed, {failed} failed\n", report, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_missing_is_a_difference()
    {
        foreach (var file in Good.Keys.Where(file => file is not "one/p.parsing.json" and not "one/t.validation.json" and not "one/t.policies.json" and not "one/p.json" and not "one/t.json"))
        {
            var files = Good;
            files.Remove(file);
            Write("one", files);

            Assert.Contains($"there is no file {file}", Run(1), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_test_whose_validation_drifted_between_engines_is_expected_to_validate()
    {
        var files = Good;
        files.Remove("one/t.validation.json");
        files["one/t.json"] = Test.Replace("true, \"requests\"", "false, \"requests\"", StringComparison.Ordinal);
        Write("one", files);

        Assert.Contains("one/t.json, validation: expected an error, but it validates", Run(1), StringComparison.Ordinal);
        WriteManifest("0");
        Assert.Contains("one/t.json, validation: expected an error, but it validates", Run(1), StringComparison.Ordinal);
        WriteManifest("1");
        Assert.Contains(" passed, 0 failed", Run(0), StringComparison.Ordinal);
    }

    [Fact]
    public void A_golden_says_by_itself_that_the_validation_drifted()
    {
        const string Drifted = "false, \"strictErrors\": [\"for policy `policy0`, unable to find an applicable action given the policy scope constraints\"]";
        var files = Good;
        files["one/t.json"] = Test.Replace("true, \"requests\"", "false, \"requests\"", StringComparison.Ordinal);
        files["one/t.validation.json"] = Golden.Replace("\"policyValidation\": {\"strict\": true", $"\"policyValidation\": {{\"strict\": {Drifted}", StringComparison.Ordinal);
        Write("one", files);

        Assert.Contains(" passed, 0 failed", Run(0), StringComparison.Ordinal);

        files["one/t.validation.json"] = files["one/t.validation.json"].Replace("unable to find", "unable to see", StringComparison.Ordinal);
        Write("one", files);
        Assert.Contains("one/t.json, validation: expected an error, but it validates", Run(1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_that_is_not_validated_need_not_conform()
    {
        var files = Good;
        files.Remove("one/t.validation.json");
        files["one/t.json"] = Test.Replace("{\"n\": 1}", "{\"n\": 1, \"more\": 2}", StringComparison.Ordinal);
        Write("one", files);
        Assert.Contains("one/t.json, request 0, requests: ", Run(1), StringComparison.Ordinal);

        files["one/t.json"] = files["one/t.json"].Replace("\"validateRequest\": true", "\"validateRequest\": false", StringComparison.Ordinal);
        Write("one", files);
        Assert.Contains(" passed, 0 failed", Run(0), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "has no columns name and validator_drift")]
    [InlineData("name\tvalidator_drift\nt\n", "one.manifest.tsv:2 has 1 columns, its first line 2")]
    public void A_manifest_that_is_none_is_a_failure(string manifest, string reason)
    {
        Write("one", Good);
        File.WriteAllText(Path.Combine(folder.FullName, "one.manifest.tsv"), manifest);

        Assert.Contains(reason, Run(1), StringComparison.Ordinal);
    }

    [Fact]
    public void Tests_that_only_the_manifest_knows_are_noted_and_other_files_ignored()
    {
        Write("one", new(Good) { ["one/notes.txt"] = "x", ["one/list.json"] = "[1]", ["other/a.bin"] = "\0" });
        File.WriteAllText(Path.Combine(folder.FullName, "one.manifest.tsv"), "name\tvalidator_drift\nt\t0\nu\t0\n");

        Assert.Contains("; 1 tests of the manifest that are not in the archive", Run(0), StringComparison.Ordinal);
    }

    [Fact]
    public void No_archive_is_a_failure()
    {
        Assert.Equal($"nothing to check was found in {folder.FullName}\n0 passed, 0 failed\n", Run(1));
    }

    [Fact]
    public void An_archive_without_tests_is_a_failure()
    {
        Write("empty", new() { ["empty/readme.txt"] = "" });

        Assert.Contains("empty, archive: holds no test", Run(1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_archive_is_a_failure()
    {
        File.WriteAllText(Path.Combine(folder.FullName, "one.tar.gz"), "no archive");

        Assert.Contains("one, archive: ", Run(1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_a_failure()
    {
        var output = new StringWriter();

        Assert.Equal(1, ConformanceRun.Run(Path.Combine(folder.FullName, "nowhere"), output));
        Assert.StartsWith("cannot read ", output.ToString(), StringComparison.Ordinal);
    }

    private string Run(int exitCode)
    {
        var output = new StringWriter();

        Assert.Equal(exitCode, ConformanceRun.Run(folder.FullName, output));
        return output.ToString();
    }

    private void Write(string name, Dictionary<string, string> files)
    {
        using var packed = File.Create(Path.Combine(folder.FullName, name + ".tar.gz"));
        using var gzip = new GZipStream(packed, CompressionLevel.Fastest);
        using var tar = new TarWriter(gzip, TarEntryFormat.Ustar);
        foreach (var (path, text) in files)
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
    }

    private void WriteManifest(string drift) => File.WriteAllText(Path.Combine(folder.FullName, "one.manifest.tsv"), $"name\tvalidator_drift\nt\t{drift}\n");
}
