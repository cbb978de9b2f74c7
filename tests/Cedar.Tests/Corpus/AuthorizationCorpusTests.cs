using System.Globalization;
using System.Text.Json;

namespace Assay.Cedar.Tests.Corpus;

public sealed class AuthorizationCorpusTests(ITestOutputHelper output)
{
    private const int Shown = 10;

    [Theory]
    [InlineData("corpus", "", 37_960)]
    [InlineData("corpus-4.9", "", 34_736)]
    [InlineData("corpus-4.8", "", 36_208)]
    [InlineData("derived", "multi-", 1)]
    public void Every_request_of_the_corpus_gets_the_official_answer(string name, string prefix, int atLeast)
    {
        var archive = Archive.Open(name);
        var requests = 0;
        var differences = new List<string>();

        foreach (var test in archive.Tests.Where(path => Path.GetFileName(path).StartsWith(prefix, StringComparison.Ordinal)))
        {
            using var json = archive.Json(test);
            differences.AddRange(Differences(archive, test, json.RootElement));
            requests += json.RootElement.GetProperty("requests").GetArrayLength();
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {requests - differences.Count} of {requests} requests agree"));
        Assert.True(differences.Count == 0, string.Join('\n', differences.Take(Shown)));
        Assert.True(requests >= atLeast, $"{name} holds only {requests} requests");
    }

    private static IEnumerable<string> Differences(Archive archive, string test, JsonElement json)
    {
        var policies = PolicySet.Parse(archive.Text(Archive.Beside(test, json.GetProperty("policies").GetString()!)), test);
        if (policies.Set is not { } set)
            return policies.Faults.Select(fault => fault.ToString());

        try
        {
            var entities = CedarJson.ReadEntities(archive.Bytes(Archive.Beside(test, json.GetProperty("entities").GetString()!)));
            return [.. json.GetProperty("requests").EnumerateArray().SelectMany((request, i) => Difference($"{test}, request {i}", set, entities, request))];
        }
        catch (CedarDataException exception)
        {
            return [$"{test}: {exception.Message}"];
        }
    }

    private static IEnumerable<string> Difference(string place, PolicySet policies, Entities entities, JsonElement request)
    {
        var asked = new Request(Uid(request, "principal"), Uid(request, "action"), Uid(request, "resource"), CedarJson.ReadContext(request.GetProperty("context")));

        var result = Authorizer.Authorize(policies, asked, entities);

        var expected = Show(request.GetProperty("decision").GetString()!, Ids(request, "reason"), Ids(request, "errors"));
        var actual = Show(
            result.Decision == Decision.Allow ? "allow" : "deny", result.Reasons.Select(policy => policy.Id), result.Errors.Select(error => error.Policy.Id));
        if (actual != expected)
            yield return $"{place}: expected {expected}, got {actual} {string.Join("; ", result.Errors.Select(error => error.Message))}";
    }

    private static EntityUid Uid(JsonElement request, string name)
    {
        var uid = request.GetProperty(name);
        return new EntityUid(uid.GetProperty("type").GetString()!, uid.GetProperty("id").GetString()!);
    }

    private static IEnumerable<string> Ids(JsonElement request, string name) =>
        request.GetProperty(name).EnumerateArray().Select(id => id.GetString()!);

    private static string Show(string decision, IEnumerable<string> reasons, IEnumerable<string> errors) =>
        $"{decision} [{string.Join(' ', reasons.Order(StringComparer.Ordinal))}] errors [{string.Join(' ', errors.Order(StringComparer.Ordinal))}]";
}
