using System.Globalization;
using System.Text.Json;

namespace Assay.Cedar.Tests.Corpus;

public sealed class PolicyValidationCorpusTests(ITestOutputHelper output)
{
    private const int Shown = 10;

    // Engine 4.10 refuses a policy that no action applies to; 4.13, which is ours, warns of it.
    private const string NowWarning = "unable to find an applicable action";

    [Theory]
    [InlineData("corpus", 4_745)]
    [InlineData("corpus-4.9", 4_342)]
    [InlineData("corpus-4.8", 4_526)]
    [InlineData("derived", 1)]
    [InlineData("handwritten", 1)]
    [InlineData("validation", 66)]
    public void Every_policy_set_of_the_corpus_validates_as_officially(string name, int atLeast)
    {
        var archive = Archive.Open(name);
        var drifting = Drifting(name);
        var (tests, verdicts, refusals) = (0, 0, 0);
        var differences = new List<string>();

        foreach (var test in archive.Tests.Where(path => !path.Contains("sample-data", StringComparison.Ordinal)))
        {
            using var json = archive.Json(test);
            var drifts = drifting.Contains(Path.GetFileNameWithoutExtension(test));
            foreach (var (what, expected, actual) in Verdicts(archive, test, json.RootElement))
            {
                verdicts++;
                refusals += expected ? 0 : 1;
                if (expected != actual && !(drifts && actual))
                    differences.Add($"{test}, {what}: expected {expected}");
            }

            tests++;
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {verdicts - differences.Count} of {verdicts} verdicts agree, {refusals} of them refusals"));
        Assert.True(differences.Count == 0, string.Join('\n', differences.Take(Shown)));
        Assert.True(tests >= atLeast, $"{name} holds only {tests} tests");
    }

    private static IEnumerable<(string What, bool Expected, bool Actual)> Verdicts(Archive archive, string test, JsonElement json)
    {
        var schema = Schema.Parse(archive.Text(archive.Named(test, json, "schema")), test).Schema!;
        var policies = Cedar.Policies(archive.Text(archive.Named(test, json, json.TryGetProperty("template", out _) ? "template" : "policies")));
        var strict = Validator.Validate(policies, schema);
        var golden = Path.ChangeExtension(test, ".validation.json");
        if (!archive.Has(golden))
            return [("strict", json.GetProperty("shouldValidate").GetBoolean(), strict.Passed)];

        using var validation = archive.Json(golden);
        var permissive = Validator.Validate(policies, schema, ValidationMode.Permissive);
        var expected = validation.RootElement.GetProperty("policyValidation");
        return
        [
            .. Compare("all", expected, strict.Passed, permissive.Passed),
            .. expected.GetProperty("perPolicy").EnumerateObject().SelectMany(policy =>
                Compare(policy.Name, policy.Value, Passes(strict, policy.Name), Passes(permissive, policy.Name))),
        ];
    }

    private static IEnumerable<(string What, bool Expected, bool Actual)> Compare(string what, JsonElement expected, bool strict, bool permissive)
    {
        if (!IsNowWarning(expected, "strictErrors"))
            yield return ($"{what} strict", expected.GetProperty("strict").GetBoolean(), strict);

        if (!IsNowWarning(expected, "permissiveErrors"))
            yield return ($"{what} permissive", expected.GetProperty("permissive").GetBoolean(), permissive);
    }

    private static bool IsNowWarning(JsonElement expected, string errors) =>
        expected.TryGetProperty(errors, out var all) && all.EnumerateArray().All(error => error.GetString()!.Contains(NowWarning, StringComparison.Ordinal));

    private static bool Passes(ValidationResult result, string policy) => !result.Findings.Any(finding => finding.IsError && finding.PolicyId == policy);

    private static HashSet<string> Drifting(string name)
    {
        var manifest = Path.Combine(Environment.GetEnvironmentVariable("CEDAR_CORPUS")!, name + ".manifest.tsv");
        return File.Exists(manifest)
            ? [.. File.ReadLines(manifest).Where(line => line.EndsWith("\t1", StringComparison.Ordinal)).Select(line => line.Split('\t')[0])]
            : [];
    }
}
