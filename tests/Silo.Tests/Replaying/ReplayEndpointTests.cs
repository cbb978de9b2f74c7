using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Replaying;

/// <summary>The replay of a real silo's own decisions, over HTTP and by the command line.</summary>
public sealed class ReplayEndpointTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private const string Payments = "https://payments.example";
    private const string Nobody = """{"v":1,"files":[{"path":"policies/none.cedar","text":"forbid (principal, action, resource);"}]}""";

    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task The_answer_is_lines_of_progress_and_then_the_report()
    {
        await Silo.TokenFor("payments-exporter", Silo.KeyFile("payments-exporter"), Payments, "payments:read");

        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Silo.Url}/admin/v1/policies/replay") { Content = Json($$"""{"candidate":{{Nobody}},"verify":true}""") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await Silo.AdminToken("policy.read evidence.read"));
        using var response = await Silo.Http.SendAsync(request);
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n');

        Assert.Equal((200, "application/x-ndjson", "no-store"), ((int)response.StatusCode, response.Content.Headers.ContentType!.ToString(), response.Headers.CacheControl!.ToString()));
        Assert.Equal("", lines[^1]);
        Assert.All(lines[..^2], line => Assert.Equal("progress", Line(line).EnumerateObject().Single().Name));
        var report = Line(lines[^2]).GetProperty("report");
        var lost = report.GetProperty("changes").EnumerateArray().Single(
            change => (change.GetProperty("identity").GetString(), change.GetProperty("scope").GetString()) == ("payments-exporter", "payments:read"));
        Assert.Equal(
            ("lost", Payments, "payments:read", "granted", "forbidden"),
            (lost.GetProperty("kind").GetString(), lost.GetProperty("resource").GetString(), lost.GetProperty("scope").GetString(), lost.GetProperty("before").GetString(), lost.GetProperty("after").GetString()));
        Assert.True(report.GetProperty("passedOver").GetProperty("otherDomains").GetInt64() > 0, "the administrator's own tokens are of another domain");
        Assert.Equal((0L, 0L), (report.GetProperty("verification").GetProperty("differing").GetInt64(), report.GetProperty("verification").GetProperty("notChecked").GetInt64()));
        Assert.Equal(report.GetProperty("decided").GetInt64(), report.GetProperty("verification").GetProperty("checked").GetInt64());
        var example = await Silo.Admin("GET", $"evidence/{lost.GetProperty("example").GetString()}");
        Assert.Equal("payments-exporter", example.Body.GetProperty("identity").GetString());
    }

    [Theory]
    [InlineData(422, """{"candidate":{"v":1,"files":[{"path":"policies/a.cedar","text":"permit (principal"}]}}""")]
    [InlineData(422, """{"candidate":{"v":1}}""")]
    [InlineData(400, """{"candidate":{"v":1,"file":[]}}""")]
    [InlineData(400, """{"candidate":{"v":1,"files":[]},"other":1}""")]
    [InlineData(404, """{"version":"0000"}""")]
    [InlineData(422, "{}")]
    [InlineData(422, $$"""{"version":"0000","candidate":{{Nobody}}}""")]
    [InlineData(422, $$"""{"domain":"other","candidate":{{Nobody}}}""")]
    [InlineData(422, $$"""{"limit":0,"candidate":{{Nobody}}}""")]
    [InlineData(422, $$"""{"since":"2026-11-02T00:00:00Z","until":"2026-11-01T00:00:00Z","candidate":{{Nobody}}}""")]
    public async Task What_cannot_be_replayed_is_refused_before_anything_is_read(int status, string wish)
    {
        var answer = await Silo.Admin("POST", "policies/replay", wish);

        Assert.Equal(status, answer.Status);
        if (wish.Contains("permit (principal\"", StringComparison.Ordinal))
            Assert.StartsWith("policies/a.cedar:1:", Assert.Single(answer.Errors));
    }

    [Theory]
    [InlineData("policy.read")]
    [InlineData("evidence.read")]
    public async Task It_takes_the_right_to_read_policies_and_evidence(string scope)
    {
        var answer = await Silo.AdminWith(await Silo.AdminToken(scope), "POST", "policies/replay", $$"""{"candidate":{{Nobody}}}""");

        Assert.Equal(403, answer.Status);
    }

    [Fact]
    public async Task The_policies_in_force_change_nothing()
    {
        await Silo.TokenFor("payments-exporter", Silo.KeyFile("payments-exporter"), Payments, "payments:read payments:export");

        var ran = await Silo.Assay("policy", "replay", "--candidate", Path.Combine(RunningSilo.Checkout(), "samples", "quickstart"), "--verify", "--fail-on", "lose,gain,step-up,shorter,longer");

        Assert.True(ran.ExitCode == 0, ran.Output + ran.Errors);
        Assert.Contains(": 0 come out otherwise.\n", ran.Output);
        Assert.Contains("checked: each as it was recorded.\n", ran.Output);
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private static JsonElement Line(string line)
    {
        using var parsed = JsonDocument.Parse(line);
        return parsed.RootElement.Clone();
    }
}
