using System.Globalization;
using System.Text.Json;
using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Tests.Corpus;

public sealed class CompiledCorpusTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("corpus", 37_960)]
    [InlineData("corpus-4.9", 34_736)]
    [InlineData("corpus-4.8", 36_208)]
    [InlineData("derived", 1_472)]
    [InlineData("handwritten", 44)]
    public void The_compiled_form_agrees_with_the_interpreter_and_allocates_nothing(string name, int atLeast)
    {
        var archive = Archive.Open(name);
        var evaluation = new Evaluation();
        var requests = 0;
        var measured = 0;

        foreach (var test in archive.Tests.Where(path => !path.EndsWith("/entities.json", StringComparison.Ordinal)))
        {
            using var json = archive.Json(test);
            var policies = Policies(archive, test, json.RootElement);
            var compiled = CompiledPolicySet.Compile(policies);
            var entities = CedarJson.ReadEntities(archive.Bytes(PathOf(test, json.RootElement, "entities")));
            var quiet = !policies.Policies.Any(policy => policy.Body.Conditions.Any(condition => Allocating.Is(condition.Body)));
            foreach (var asked in json.RootElement.GetProperty("requests").EnumerateArray())
            {
                var request = new Request(Uid(asked, "principal"), Uid(asked, "action"), Uid(asked, "resource"), CedarJson.ReadContext(asked.GetProperty("context")));
                Compiled.Decide(policies, compiled, request, entities);
                requests++;
                if (!quiet)
                    continue;

                Assert.Equal((test, 0L), (test, Allocating.InSteadyState(evaluation, compiled, request, entities)));
                measured++;
            }
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {requests} requests agree, {measured} of them without an allocation"));
        Assert.True(requests >= atLeast, $"{name} holds only {requests} requests");
        Assert.True(measured >= atLeast * 9 / 10, $"only {measured} of {requests} requests of {name} were measured");
    }

    private static PolicySet Policies(Archive archive, string test, JsonElement json)
    {
        if (json.TryGetProperty("policies", out _))
            return PolicySet.Parse(archive.Text(PathOf(test, json, "policies")), test).Set!;

        var path = PathOf(test, json, "template");
        var template = PolicySet.Parse(archive.Text(path), path).Set!.Templates.Single();
        using var links = archive.Json(Path.ChangeExtension(path, ".policies.json"));
        return PolicySet.Of(links.RootElement.GetProperty("templateLinks").EnumerateArray().Select(link => template.Link(
            link.GetProperty("newId").GetString()!, Slot(link, "?principal"), Slot(link, "?resource"))).ToArray());
    }

    // Written by hand, a test names its files from the top of the archive; the others name files beside them.
    private static string PathOf(string test, JsonElement json, string file)
    {
        var name = json.GetProperty(file).GetString()!;
        return name.Contains('/') ? $"{test.AsSpan(0, test.IndexOf('/'))}/{name}" : Archive.Beside(test, name);
    }

    private static EntityUid? Slot(JsonElement link, string slot) => link.GetProperty("values").TryGetProperty(slot, out _) ? Uid(link.GetProperty("values"), slot) : null;

    private static EntityUid Uid(JsonElement request, string name)
    {
        var uid = request.GetProperty(name);
        return new EntityUid(uid.GetProperty("type").GetString()!, uid.GetProperty("id").GetString()!);
    }
}
