using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Assay.Silo.Tests.Running;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Tokens;

public sealed class TokenEndpointTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task A_token_says_what_was_granted_to_whom_and_until_when()
    {
        var answer = await Silo.AskAs("payments-exporter", ("resource", Payments), ("scope", "payments:read payments:export"));

        Assert.Equal(200, answer.Status);
        Assert.Equal("no-store", answer.Response.Headers.CacheControl!.ToString());
        Assert.Equal("payments:read payments:export", answer.Scope);
        Assert.Equal("Bearer", answer.Body.GetProperty("token_type").GetString());
        Assert.False(answer.Body.TryGetProperty("refresh_token", out _));
        var claims = answer.Claims;
        Assert.Equal(Silo.Url, claims.GetProperty("iss").GetString());
        Assert.Equal("payments-exporter", claims.GetProperty("sub").GetString());
        Assert.Equal("payments-exporter", claims.GetProperty("client_id").GetString());
        Assert.Equal(Payments, claims.GetProperty("aud").GetString());
        Assert.Equal("payments:read payments:export", claims.GetProperty("scope").GetString());
        Assert.Equal(300, answer.Body.GetProperty("expires_in").GetInt32());
        Assert.Equal(300, claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64());
        Assert.Equal(22, claims.GetProperty("jti").GetString()!.Length);
    }

    [Fact]
    public async Task What_is_not_entitled_is_left_out_and_the_scope_says_so()
    {
        var answer = await Silo.AskAs("payments-exporter", ("resource", Payments), ("scope", "payments:read payments:write"));

        Assert.Equal((200, "payments:read"), (answer.Status, answer.Scope));
    }

    [Fact]
    public async Task With_nothing_left_the_answer_is_invalid_scope_and_names_its_record()
    {
        var answer = await Silo.AskAs("payments-exporter", ("resource", Payments), ("scope", "payments:write"));

        Assert.Equal((400, "invalid_scope"), (answer.Status, answer.Error));
        Assert.Equal(22, answer.Body.GetProperty("decision_id").GetString()!.Length);
    }

    [Fact]
    public async Task Without_a_resource_the_default_of_the_identity_is_meant()
    {
        var answer = await Silo.AskAs("payments-exporter", ("scope", "payments:read"));

        Assert.Equal((200, Payments), (answer.Status, answer.Claims.GetProperty("aud").GetString()));
    }

    [Theory]
    [InlineData("https://unknown.example")]
    [InlineData("payments")]
    [InlineData("https://payments.example#part")]
    [InlineData("https://payments.example/")]
    public async Task A_resource_that_is_not_registered_is_an_invalid_target(string resource)
    {
        var answer = await Silo.AskAs("payments-exporter", ("resource", resource), ("scope", "payments:read"));

        Assert.Equal((400, "invalid_target"), (answer.Status, answer.Error));
    }

    [Fact]
    public async Task Two_resources_are_an_invalid_target()
    {
        var answer = await Silo.AskAs("payments-exporter", ("resource", Payments), ("resource", "https://other.example"));

        Assert.Equal((400, "invalid_target"), (answer.Status, answer.Error));
    }

    [Theory]
    [InlineData("resource", "")]
    [InlineData("", "resource")]
    [InlineData("scope", "")]
    [InlineData("", "scope")]
    [InlineData("client_assertion", "authorization_details")]
    public async Task A_parameter_without_a_value_counts_as_omitted_wherever_it_stands(string before, string after)
    {
        (string, string)[] Empty(string name) => name is "" ? [] : [(name, "")];

        var answer = await Silo.AskAs("payments-exporter", [.. Empty(before), ("resource", Payments), ("scope", "payments:read"), .. Empty(after)]);

        Assert.Equal((200, "payments:read"), (answer.Status, answer.Scope));
    }

    [Fact]
    public async Task Authorization_details_are_refused_rather_than_ignored()
    {
        var answer = await Silo.AskAs("payments-exporter", ("resource", Payments), ("authorization_details", "[{\"type\":\"x\"}]"));

        Assert.Equal((400, "invalid_authorization_details"), (answer.Status, answer.Error));
    }

    [Fact]
    public async Task An_assertion_buys_one_token()
    {
        var assertion = Assertion.For(Silo, "payments-exporter").Sign();

        var first = await Silo.Ask(assertion, ("resource", Payments));
        var second = await Silo.Ask(assertion, ("resource", Payments));

        Assert.Equal((200, 401, "invalid_client"), (first.Status, second.Status, second.Error));
        Assert.NotEmpty(second.Response.Headers.WwwAuthenticate);
    }

    [Fact]
    public async Task Of_many_at_the_same_instant_one_assertion_buys_one_token()
    {
        var assertion = Assertion.For(Silo, "payments-exporter").Sign();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Silo.Ask(assertion, ("resource", Payments))));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(19, answers.Count(answer => answer is { Status: 401, Error: "invalid_client" }));
    }

    public static TheoryData<string, string> BadAssertions() => new()
    {
        { "aud", "the token endpoint" }, { "aud", "issuer with a slash" }, { "aud", "two" }, { "iss", "someone-else" }, { "sub", "someone-else" },
        { "exp", "31 s past" }, { "exp", "a day ahead" }, { "iat", "a minute ahead" }, { "iat", "absent" }, { "jti", "absent" }, { "exp", "absent" },
        { "nbf", "a minute ahead" }, { "typ", "at+jwt" }, { "kid", "unknown" }, { "crit", "present" }, { "alg", "none" }, { "alg", "none unsigned" },
        { "alg", "HS256" }, { "signature", "DER" }, { "signature", "changed" }, { "payload", "repeated aud" }, { "client_id", "someone-else" },
        { "segments", "four" }, { "segments", "padded" },
    };

    [Theory]
    [MemberData(nameof(BadAssertions))]
    public async Task A_bad_assertion_is_an_invalid_client(string part, string how)
    {
        var assertion = Assertion.For(Silo, "payments-exporter");
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var jwt = (part, how) switch
        {
            ("aud", "the token endpoint") => assertion.With("aud", Silo.Url + "/oauth/token").Sign(),
            ("aud", "issuer with a slash") => assertion.With("aud", Silo.Url + "/").Sign(),
            ("aud", _) => assertion.With("aud", new JsonArray(Silo.Url, "https://other.example")).Sign(),
            ("iss" or "sub", _) => assertion.With(part, how).Sign(),
            ("exp", "31 s past") => assertion.With("iat", now - 91).With("exp", now - 31).Sign(),
            ("exp", "a day ahead") => assertion.With("exp", now + 86_400).Sign(),
            ("iat", "a minute ahead") => assertion.With("iat", now + 61).With("exp", now + 120).Sign(),
            ("nbf", _) => assertion.With("nbf", now + 61).Sign(),
            (_, "absent") => assertion.With(part, null).Sign(),
            ("typ", _) => assertion.WithHeader("typ", how).Sign(),
            ("kid", _) => assertion.WithHeader("kid", "nobodys").Sign(),
            ("crit", _) => assertion.WithHeader("crit", new JsonArray("exp")).Sign(),
            ("alg", "none unsigned") => assertion.WithHeader("alg", "none").Unsigned(),
            ("alg", _) => assertion.WithHeader("alg", how).Sign(),
            ("signature", "DER") => assertion.Sign(assertion.Claims.ToJsonString(), DSASignatureFormat.Rfc3279DerSequence),
            ("signature", _) => Flip(assertion.Sign()),
            ("payload", _) => assertion.Sign(assertion.Claims.ToJsonString().Insert(1, $"\"aud\":\"{Silo.Url}\",")),
            ("segments", "four") => assertion.Sign() + ".x",
            ("segments", _) => assertion.Sign() + "=",
            _ => assertion.Sign(),
        };

        var answer = part == "client_id"
            ? await Silo.Ask(jwt, ("resource", Payments), ("client_id", how))
            : await Silo.Ask(jwt, ("resource", Payments));

        Assert.Equal((401, "invalid_client"), (answer.Status, answer.Error));
        Assert.NotEmpty(answer.Response.Headers.WwwAuthenticate);
    }

    [Theory]
    [InlineData("JWT")]
    [InlineData("client-authentication+jwt")]
    [InlineData("application/client-authentication+jwt")]
    public async Task A_typ_for_client_assertions_is_taken(string typ)
    {
        var answer = await Silo.Ask(Assertion.For(Silo, "payments-exporter").WithHeader("typ", typ).Sign(), ("resource", Payments));

        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task An_audience_array_with_the_issuer_alone_is_taken()
    {
        var answer = await Silo.Ask(Assertion.For(Silo, "payments-exporter").With("aud", new JsonArray(Silo.Url)).Sign(), ("resource", Payments));

        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task An_access_token_is_no_client_assertion()
    {
        var token = (await Silo.AskAs("payments-exporter", ("resource", Payments))).Token;

        var answer = await Silo.Ask(token, ("resource", Payments));

        Assert.Equal((401, "invalid_client"), (answer.Status, answer.Error));
    }

    public static TheoryData<string, string> MalformedBodies() => new()
    {
        { "", "invalid_request" },
        { "grant_type=password&username=a&password=b", "unsupported_grant_type" },
        { "grant_type=client_credentials&grant_type=client_credentials", "invalid_request" },
        { "grant_type=client_credentials&scope=a&scope=b", "invalid_request" },
        { "grant_type=client_credentials&colour=a&colour=b", "invalid_request" },
        { "grant_type=client_credentials&scope=a%00b", "invalid_scope" },
        { "grant_type=client_credentials&scope=a++b", "invalid_scope" },
        { "grant_type=client_credentials&scope=%FF%FE", "invalid_request" },
        { "grant_type=client_credentials&scope=%zz", "invalid_request" },
        { "grant_type=client_credentials&client_id=a&client_secret=b&client_assertion=c&client_assertion_type=d", "invalid_request" },
        { "grant_type=client_credentials&client_assertion=a.b.c", "invalid_request" },
    };

    [Theory]
    [MemberData(nameof(MalformedBodies))]
    public async Task A_malformed_request_is_refused_by_name(string body, string error)
    {
        var answer = await Silo.Send(new StringContent(body, Encoding.ASCII, "application/x-www-form-urlencoded"));

        Assert.Equal((400, error), (answer.Status, answer.Error));
        Assert.Equal("no-store", answer.Response.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task Ten_thousand_parameters_are_refused()
    {
        var body = "grant_type=client_credentials&" + string.Join('&', Enumerable.Range(0, 10_000).Select(i => $"p{i}=1"));

        var answer = await Silo.Send(new StringContent(body, Encoding.ASCII, "application/x-www-form-urlencoded"));

        Assert.Contains(answer.Status, new[] { 400, 413 });
        Assert.Equal("invalid_request", answer.Error);
    }

    [Fact]
    public async Task A_body_of_ten_megabytes_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Silo.Url + "/oauth/token")
        {
            Content = new StringContent("scope=" + new string('a', 10_000_000), Encoding.ASCII, "application/x-www-form-urlencoded"),
        };
        request.Headers.ExpectContinue = true;

        var answer = await Silo.Send(request);

        Assert.Equal((413, "invalid_request"), (answer.Status, answer.Error));
    }

    [Fact]
    public async Task Only_post_is_served()
    {
        using var answer = await Silo.Http.GetAsync(Silo.Url + "/oauth/token");

        Assert.Equal(405, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_secret_in_the_query_does_not_authenticate_and_is_not_logged()
    {
        var answer = await Silo.Send(
            new StringContent("grant_type=client_credentials", Encoding.ASCII, "application/x-www-form-urlencoded"),
            "?client_id=payments-exporter&client_secret=in-the-query-4711");

        Assert.Equal((401, "invalid_client"), (answer.Status, answer.Error));
        Assert.DoesNotContain("in-the-query-4711", Silo.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_basic_secret_is_answered_with_a_basic_challenge()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Silo.Url + "/oauth/token")
        {
            Content = new StringContent("grant_type=client_credentials", Encoding.ASCII, "application/x-www-form-urlencoded"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("payments-exporter:wrong"u8));

        var answer = await Silo.Send(request);

        Assert.Equal((401, "invalid_client", "Basic"), (answer.Status, answer.Error, answer.Response.Headers.WwwAuthenticate.Single().Scheme));
    }

    private static string Flip(string jwt) => jwt[..^2] + (jwt[^2] == 'A' ? 'B' : 'A') + jwt[^1];
}
