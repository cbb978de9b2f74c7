using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Assay.Client;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Running;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Tokens;

/// <summary>Several tokens for one proof.</summary>
public sealed class BatchEndpointTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task Each_request_has_its_own_answer_in_its_place()
    {
        var answer = await Ask(Proof(), Wanted(Payments, "payments:read"), Wanted(Payments, "payments:read payments:write"), Wanted(null, "payments:export"));

        Assert.Equal((200, "no-store"), (answer.Status, answer.Response.Headers.CacheControl!.ToString()));
        var responses = Responses(answer);
        Assert.Equal(
            [(200, "Bearer", 300, "payments:read"), (200, "Bearer", 300, "payments:read"), (200, "Bearer", 300, "payments:export")],
            responses.Select(one => (
                one.GetProperty("status").GetInt32(), one.GetProperty("token_type").GetString(), one.GetProperty("expires_in").GetInt32(), one.GetProperty("scope").GetString())));
        Assert.Equal(responses.Select(one => one.GetProperty("scope").GetString()), responses.Select(one => Claims(one).GetProperty("scope").GetString()));
        Assert.All(responses, one => Assert.Equal(("payments-exporter", Payments), (Claims(one).GetProperty("client_id").GetString(), Claims(one).GetProperty("aud").GetString())));
    }

    [Fact]
    public async Task What_is_refused_says_why_and_leaves_the_rest_alone()
    {
        var answer = await Ask(
            Proof(), Wanted("https://unknown.example", null), Wanted(Payments, "payments:write"), Wanted(Payments, "a  b"), Wanted(Payments, "payments:read"));

        var responses = Responses(answer);
        Assert.Equal(
            [(400, "invalid_target"), (400, "invalid_scope"), (400, "invalid_scope"), (200, null)],
            responses.Select(one => (one.GetProperty("status").GetInt32(), one.TryGetProperty("error", out var error) ? error.GetString() : null)));
        Assert.Equal(22, responses[1].GetProperty("decision_id").GetString()!.Length);
        Assert.False(responses[2].TryGetProperty("decision_id", out _)); // nothing was decided
    }

    [Fact]
    public async Task Each_token_and_each_denial_has_a_record_of_its_own()
    {
        var responses = Responses(await Ask(Proof(), [.. Enumerable.Repeat(Wanted(Payments, "payments:read"), 63), Wanted(Payments, "payments:write")]));

        var named = responses.Select(one => one.TryGetProperty("access_token", out _) ? Claims(one).GetProperty("jti").GetString()! : one.GetProperty("decision_id").GetString()!).ToList();
        Assert.Equal(64, named.Distinct().Count());
        var recorded = await Silo.Admin("GET", "evidence?identity=payments-exporter&limit=200");
        Assert.Equal(200, recorded.Status);
        var text = recorded.Body.ToString();
        Assert.All(named, id => Assert.Contains(id, text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_assertion_buys_one_batch_and_nothing_else()
    {
        var proof = Proof();

        var first = await Ask(proof, Wanted(Payments, null), Wanted(Payments, null));
        var again = await Ask(proof, Wanted(Payments, null));
        var alone = await Silo.Ask(proof["client_assertion"]!.GetValue<string>(), ("resource", Payments));

        Assert.Equal((200, 401, 401), (first.Status, again.Status, alone.Status));
        Assert.Equal("invalid_client", again.Error);
        Assert.NotEmpty(again.Response.Headers.WwwAuthenticate);
    }

    [Fact]
    public async Task Without_a_proof_nothing_is_answered()
    {
        var answer = await Ask([], Wanted(Payments, null));

        Assert.Equal((401, "invalid_client"), (answer.Status, answer.Error));
    }

    [Fact]
    public async Task A_secret_in_the_header_is_a_proof()
    {
        var made = await Silo.Admin("POST", "identities/acme-crm/credentials", """{"generateSecret":true}""");
        Assert.Equal(200, made.Status);
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes("acme-crm:" + made.Body.GetProperty("secret").GetString()));

        var heard = await Send(Body([], Wanted(Payments, null)), new AuthenticationHeaderValue("Basic", basic));
        var twice = await Send(Body(Proof(), Wanted(Payments, null)), new AuthenticationHeaderValue("Basic", basic));

        Assert.Equal((200, 400, "invalid_request"), (heard.Status, twice.Status, twice.Error));
    }

    public static TheoryData<string, string> Malformed => new()
    {
        { "", "the body is not JSON: line 1, byte 1" },
        { "{", "the body is not JSON: line 1, byte 2" },
        { "[]", "the body must be a JSON object" },
        { "{}", "requests is missing" },
        { """{"requests":[]}""", "requests is empty" },
        { """{"requests":{}}""", "requests must be an array" },
        { """{"requests":[7]}""", "requests[0] must be an object" },
        { """{"requests":[{},{"scope":["a"]}]}""", "requests[1].scope must be a string" },
        { """{"requests":[{"resource":"a","resource":"b"}]}""", "requests[0].resource is repeated" },
        { """{"requests":[{"audience":"a"}]}""", "requests[0]: 'audience' is not a member of a request" },
        { """{"requests":[{}],"requests":[{}]}""", "requests is repeated" },
        { """{"client_secret":"x","requests":[{}]}""", "'client_secret' is not a member of a batch request" },
        { """{"client_assertion":7,"requests":[{}]}""", "client_assertion must be a string" },
        { """{"requests":[{}]} {}""", "the body is not JSON: line 1, byte 19" },
        { """{"requests":[{"scope":{"a":{"b":1}}}]}""", "requests[0].scope must be a string" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_malformed_body_is_refused_with_the_fault_and_its_place(string body, string fault)
    {
        var answer = await Send(body);

        Assert.Equal((400, "invalid_request", fault.Replace('"', '\'')), (answer.Status, answer.Error, answer.Body.GetProperty("error_description").GetString()));
    }

    [Fact]
    public async Task More_than_256_requests_and_bodies_beyond_the_limit_are_refused()
    {
        var many = await Ask(Proof(), [.. Enumerable.Repeat(Wanted(Payments, null), 257)]);
        var large = await Ask(Proof(), Wanted(Payments, new string('a', 300_000)));
        var form = await Send("grant_type=client_credentials", type: "application/x-www-form-urlencoded");

        Assert.Equal((400, "requests has more than 256 elements"), (many.Status, many.Body.GetProperty("error_description").GetString()));
        Assert.Equal((413, 400), (large.Status, form.Status));
    }

    [Fact]
    public async Task Who_is_beyond_its_limit_gets_what_was_left_of_it()
    {
        var responses = Responses(await Ask(Proof("ledgerly-sync"), [.. Enumerable.Repeat(Wanted(Payments, "payments:read"), 12)])); // 10 a second

        Assert.Equal(200, responses[0].GetProperty("status").GetInt32());
        var last = responses[^1];
        Assert.Equal((429, "temporarily_unavailable", 1), (last.GetProperty("status").GetInt32(), last.GetProperty("error").GetString(), last.GetProperty("retry_after").GetInt32()));
    }

    [Fact]
    public async Task A_disabled_identity_is_refused_in_each_place_and_each_refusal_has_a_record()
    {
        async Task<Answer> Asked() => await Ask(Proof("acme-crm"), Wanted(Payments, "payments:read"), Wanted(Payments, "payments:read"));
        async Task Set(string state) => Assert.Equal(200, (await Silo.Admin("POST", $"identities/acme-crm/{state}", state == "disable" ? """{"reason":"trial"}""" : null)).Status);

        await Set("disable");
        var refused = Responses(await Asked());
        await Set("enable");

        Assert.All(refused, one => Assert.Equal((400, "unauthorized_client"), (one.GetProperty("status").GetInt32(), one.GetProperty("error").GetString())));
        Assert.All(Responses(await Asked()), one => Assert.Equal(200, one.GetProperty("status").GetInt32()));
        Assert.Equal(2, refused.Select(one => one.GetProperty("decision_id").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task The_client_gets_its_tokens_in_order_keeps_them_and_is_told_what_was_refused()
    {
        using var client = new AssayClient(new AssayClientOptions
        {
            Issuer = new Uri(Silo.Url), ClientId = "payments-exporter", Credential = AssayCredential.FromKeyFile(Silo.KeyFile("payments-exporter")),
        });

        var results = await client.RequestTokensAsync([new(Payments, "payments:read"), new(Payments, "payments:write"), new(null, "payments:export", "payments:write")]);

        Assert.Equal(["payments:read", null, "payments:export"], results.Select(result => result.Token is { } token ? string.Join(' ', token.Scopes) : null));
        Assert.Equal(["payments:write"], results[2].Token!.Withheld);
        Assert.Equal((TokenFailure.Scopes, "invalid_scope", 22), (results[1].Refusal!.Failure, results[1].Refusal!.Error, results[1].Refusal!.DecisionId!.Length));
        Assert.Equal(
            [(Payments, "payments:read"), (Payments, "payments:export")],
            new[] { results[0], results[2] }.Select(result => StatusLists.Place.Claims(result.Token!.AccessToken))
                .Select(claims => (claims.GetProperty("aud").GetString(), claims.GetProperty("scope").GetString())));
        Assert.Same(results[0].Token, await client.GetTokenAsync(Payments, "payments:read"));
        Assert.Equal("invalid_scope", (await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync(Payments, "payments:write").AsTask())).Error);
    }

    [Fact]
    public async Task Batches_and_what_became_of_their_requests_are_counted()
    {
        Responses(await Ask(Proof(), Wanted(Payments, "payments:read"), Wanted(Payments, "payments:write")));

        var metrics = await Silo.Http.GetStringAsync(Silo.Url + "/metrics");

        Assert.Matches("assay_token_batch_duration_seconds_count\\{[^}]*outcome=\"answered\"[^}]*\\} [1-9]", metrics);
        Assert.Matches("assay_token_batch_tokens_total\\{[^}]*outcome=\"issued\"[^}]*\\} [1-9]", metrics);
        Assert.Matches("assay_token_batch_tokens_total\\{[^}]*outcome=\"invalid_scope\"[^}]*\\} [1-9]", metrics);
    }

    private static JsonObject Wanted(string? resource, string? scope)
    {
        var wanted = new JsonObject();
        if (resource is not null)
            wanted["resource"] = resource;
        if (scope is not null)
            wanted["scope"] = scope;
        return wanted;
    }

    private JsonObject Proof(string identity = "payments-exporter") => new()
    {
        ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", ["client_assertion"] = Assertion.For(Silo, identity).Sign(),
    };

    private static string Body(JsonObject proof, params JsonObject[] wanted)
    {
        var body = (JsonObject)proof.DeepClone();
        body["requests"] = new JsonArray([.. wanted.Select(one => one.DeepClone())]);
        return body.ToJsonString();
    }

    private Task<Answer> Ask(JsonObject proof, params JsonObject[] wanted) => Send(Body(proof, wanted));

    private async Task<Answer> Send(string body, AuthenticationHeaderValue? authorization = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Silo.Url + "/oauth/token/batch") { Content = new StringContent(body, Encoding.UTF8, type) };
        request.Headers.Authorization = authorization;
        return await Silo.Send(request);
    }

    private static List<JsonElement> Responses(Answer answer)
    {
        Assert.True(answer.Status == 200, answer.Body.ToString());
        return [.. answer.Body.GetProperty("responses").EnumerateArray()];
    }

    private static JsonElement Claims(JsonElement response) => StatusLists.Place.Claims(response.GetProperty("access_token").GetString()!);
}
