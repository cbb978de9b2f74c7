using System.Net;
using System.Security.Cryptography;

namespace Assay.Client.Tests;

/// <summary>Several tokens for one proof.</summary>
public sealed class BatchTests
{
    private const string Payments = "https://payments.example";
    private const string Ledger = "https://ledger.example";
    private const string Granted = """{"status":200,"access_token":"granted","token_type":"Bearer","expires_in":300}""";
    private const string Refused = """{"status":400,"error":"invalid_scope"}""";
    private const string Limited = """{"status":429,"error":"temporarily_unavailable","retry_after":7}""";
    private const string Unavailable = """{"status":503,"error":"temporarily_unavailable","retry_after":3}""";

    private static readonly TokenRequest Read = new(Payments, "read");
    private static readonly TokenRequest Write = new(Payments, "write", "read");
    private static readonly TokenRequest Default = new(null);

    private readonly Clock clock = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly IssuerInMemory issuer = new();

    [Fact]
    public async Task Tokens_come_in_the_order_of_the_requests_for_one_proof()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var client = issuer.Client(clock, AssayCredential.FromPrivateKey(key));
        issuer.Token = (_, _) => IssuerInMemory.Answers(
            """{"status":200,"access_token":"one","token_type":"Bearer","expires_in":300,"scope":"read"}""",
            """{"status":200,"access_token":"two","token_type":"Bearer","expires_in":60,"scope":"read","step_up":["attestation"]}""",
            """{"status":200,"access_token":"three","token_type":"DPoP","expires_in":900,"scope":"ping pong"}""");

        var results = await client.RequestTokensAsync([Read, Write, Default]);

        Assert.Equal(
            [
                "TokenResponse { TokenType = Bearer, ExpiresIn = 00:05:00, Scopes = read }",
                "TokenResponse { TokenType = Bearer, ExpiresIn = 00:01:00, Scopes = read, Withheld = write, StepUp = attestation }",
                "TokenResponse { TokenType = DPoP, ExpiresIn = 00:15:00, Scopes = ping pong }",
            ],
            results.Select(result => result.Token!.ToString()));
        Assert.Equal(["one", "two", "three"], results.Select(result => result.Token!.AccessToken));
        Assert.Equal([Read, Write, Default], results.Select(result => result.Request));

        var call = Assert.Single(issuer.Calls, call => call.IsToken);
        Assert.Equal("/oauth/token/batch", call.Path);
        Assert.Equal(["client_assertion", "client_assertion_type"], call.Form.Keys.Order());
        Assert.True(new Assertion(call.Assertion).IsSignedBy(key));
        Assert.Equal(
            ["""{"resource":"https://payments.example","scope":"read"}""", """{"resource":"https://payments.example","scope":"write read"}""", "{}"],
            call.Wanted!);
    }

    [Fact]
    public async Task A_secret_is_shown_in_the_header_and_not_in_the_body()
    {
        using var client = issuer.Client(clock, AssayCredential.FromSecret("s3cret"));

        await client.RequestTokensAsync([Read]);

        var call = Assert.Single(issuer.Calls, call => call.IsToken);
        Assert.Equal("Basic " + Convert.ToBase64String("exporter:s3cret"u8), call.Authorization);
        Assert.Empty(call.Form);
    }

    [Theory]
    [InlineData("""{"status":400,"error":"invalid_scope"}""", TokenFailure.Scopes)]
    [InlineData("""{"status":403,"error":"access_denied"}""", TokenFailure.Scopes)]
    [InlineData("""{"status":400,"error":"invalid_target"}""", TokenFailure.Resource)]
    [InlineData("""{"status":400,"error":"unauthorized_client"}""", TokenFailure.Client)]
    [InlineData("""{"status":400,"error":"authorization_pending"}""", TokenFailure.Refused)]
    [InlineData(Limited, TokenFailure.Unavailable)]
    [InlineData(Unavailable, TokenFailure.Unavailable)]
    public async Task One_that_is_refused_is_told_in_its_place_and_leaves_the_others_alone(string refused, TokenFailure failure)
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => IssuerInMemory.Answers(Granted, refused, Granted);

        var results = await client.RequestTokensAsync([Read, Write, Default]);

        Assert.Equal([null, failure, null], results.Select(result => result.Refusal?.Failure));
        Assert.Equal(["granted", null, "granted"], results.Select(result => result.Token?.AccessToken));
        Assert.Equal([true, false, true], results.Select(result => result.IsGranted));
        Assert.Single(issuer.TokenHosts);
    }

    [Fact]
    public async Task A_refusal_carries_the_issuers_words()
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => IssuerInMemory.Answers(
            Granted,
            """{"status":400,"error":"invalid_scope","error_description":"not at night","step_up":["approval"],"decision_id":"d-7"}""",
            Unavailable,
            """{"status":503,"error":"temporarily_unavailable","retry_after":-1}""");

        var results = await client.RequestTokensAsync([Default, Write, Read, Read]);

        var refusal = results[1].Refusal!;
        Assert.Equal(
            ("invalid_scope", "not at night", "d-7", HttpStatusCode.BadRequest, null, "No token: invalid_scope (400): not at night"),
            (refusal.Error, refusal.ErrorDescription, refusal.DecisionId, refusal.StatusCode, refusal.RetryAfter, refusal.Message));
        Assert.Equal(["approval"], refusal.StepUp);
        Assert.Equal([TimeSpan.FromSeconds(3), TimeSpan.Zero], results.Skip(2).Select(result => result.Refusal!.RetryAfter));
    }

    [Fact]
    public async Task What_was_granted_is_held_and_what_was_refused_leaves_the_token_that_is_held()
    {
        using var client = issuer.Client(clock);
        var before = await client.GetTokenAsync(Payments, "write", "read");
        await client.GetTokenAsync(null);
        issuer.Token = (_, _) => IssuerInMemory.Answers(Granted, Refused, Granted);

        var results = await client.RequestTokensAsync([Read, Write, Default]);

        Assert.Same(results[0].Token, await client.GetTokenAsync(Payments, "read"));
        Assert.Same(before, await client.GetTokenAsync(Payments, "read", "write"));
        Assert.Same(results[2].Token, await client.GetTokenAsync(null)); // in place of the one that was held
        Assert.Equal(3, issuer.TokenHosts.Count);
    }

    [Fact]
    public async Task What_is_wanted_twice_is_granted_twice_and_the_later_is_held()
    {
        using var client = issuer.Client(clock);

        var results = await client.RequestTokensAsync([Read, Read]);

        Assert.Equal(["0 of id.example", "1 of id.example"], results.Select(result => result.Token!.AccessToken));
        Assert.Same(results[1].Token, await client.GetTokenAsync(Payments, "read"));
    }

    [Fact]
    public async Task No_more_is_held_than_the_bound()
    {
        using var cache = OneByOneNever(capacity: 8);

        var results = await cache.RequestAllAsync(Grant, [.. Enumerable.Range(0, 64).Select(i => new TokenRequest(Payments, $"s{i}"))], CancellationToken.None);

        Assert.Equal(64, results.Length);
        Assert.InRange(cache.Count, 1, 8);
    }

    [Theory]
    [InlineData(401, "invalid_client", TokenFailure.Client)]
    [InlineData(400, "invalid_request", TokenFailure.Refused)]
    [InlineData(413, "invalid_request", TokenFailure.Refused)]
    [InlineData(429, "temporarily_unavailable", TokenFailure.Unavailable)]
    [InlineData(503, "temporarily_unavailable", TokenFailure.Unavailable)]
    [InlineData(404, null, TokenFailure.NotAnIssuer)]
    public async Task What_concerns_all_is_thrown(int status, string? error, TokenFailure failure)
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => IssuerInMemory.Answer((HttpStatusCode)status, error is null ? "<html/>" : $$"""{"error":"{{error}}"}""");

        var thrown = await Thrown(client);

        Assert.Equal((failure, error, (HttpStatusCode?)status), (thrown.Failure, thrown.Error, thrown.StatusCode));
        Assert.Single(issuer.TokenHosts);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(503)]
    [InlineData(200)] // every one of them is answered 503 in its place: nothing was issued
    public async Task The_next_address_is_asked_with_a_proof_of_its_own_when_one_is_away(int? status)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var client = At(AssayCredential.FromPrivateKey(key), "a.example", "b.example");
        issuer.Token = (call, _) => (call.Host, status) switch
        {
            ("b.example", _) => Task.FromResult<HttpResponseMessage?>(null),
            (_, 503) => IssuerInMemory.Unavailable(),
            (_, 200) => IssuerInMemory.Answers(Unavailable, Unavailable),
            _ => throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused"),
        };

        var results = await client.RequestTokensAsync([Read, Default]);

        Assert.Equal(["0 of b.example", "1 of b.example"], results.Select(result => result.Token!.AccessToken));
        var calls = issuer.Calls.Where(call => call.IsToken).ToList();
        Assert.Equal(["a.example/oauth/token/batch", "b.example/oauth/token/batch"], calls.Select(call => call.Host + call.Path));
        Assert.Equal(2, calls.Select(call => new Assertion(call.Assertion).Claims.GetProperty("jti").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task A_gateway_whose_silo_is_gone_is_asked_once_more_for_all()
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => issuer.TokenHosts.Count == 1 ? IssuerInMemory.Answer(HttpStatusCode.BadGateway, "<html/>") : Task.FromResult<HttpResponseMessage?>(null);

        var results = await client.RequestTokensAsync([Read, Default]);

        Assert.Equal(["0 of id.example", "1 of id.example"], results.Select(result => result.Token!.AccessToken));
        Assert.Equal(2, issuer.TokenHosts.Count);
    }

    [Fact]
    public async Task While_the_issuer_asks_to_wait_nothing_is_sent_for_one_token_or_for_several()
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => IssuerInMemory.Unavailable(retryAfter: 7);

        var first = await Thrown(client);
        clock.Advance(TimeSpan.FromSeconds(6));
        var again = await Thrown(client);
        var one = await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync(Payments).AsTask());

        Assert.Equal(TimeSpan.FromSeconds(7), first.RetryAfter);
        Assert.All([again, one], told => Assert.InRange(told.RetryAfter!.Value.TotalSeconds, 1, 4.5)); // what is left of 7 s, spread by half
        Assert.Single(issuer.TokenHosts);

        issuer.Token = (_, _) => Task.FromResult<HttpResponseMessage?>(null);
        clock.Advance(again.RetryAfter!.Value);
        Assert.True(Assert.Single(await client.RequestTokensAsync([Read])).IsGranted);
    }

    [Fact]
    public async Task Who_is_beyond_its_limit_in_part_keeps_what_it_got_and_is_quiet_for_a_while()
    {
        using var client = At(null, "a.example", "b.example");
        issuer.Token = (_, _) => IssuerInMemory.Answers(Granted, Limited);

        var results = await client.RequestTokensAsync([Read, Write]);
        var quiet = await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync(Ledger).AsTask());

        Assert.Equal((TokenFailure.Unavailable, TimeSpan.FromSeconds(7)), (results[1].Refusal!.Failure, results[1].Refusal!.RetryAfter));
        Assert.Same(results[0].Token, await client.GetTokenAsync(Payments, "read"));
        Assert.InRange(quiet.RetryAfter!.Value.TotalSeconds, 7, 10.5);
        Assert.Single(issuer.TokenHosts);
    }

    [Fact]
    public async Task A_clock_that_is_wrong_is_put_right_by_the_issuers()
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => issuer.TokenHosts.Count > 1
            ? Task.FromResult<HttpResponseMessage?>(null)
            : IssuerInMemory.Answer(
                HttpStatusCode.Unauthorized, """{"error":"invalid_client"}""", response => response.Headers.Date = clock.GetUtcNow() - TimeSpan.FromSeconds(30));

        Assert.True(Assert.Single(await client.RequestTokensAsync([Read])).IsGranted);
        Assert.Equal(2, issuer.TokenHosts.Count);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("\"/oauth/token/batch\"")]
    [InlineData("\"http://id.example/oauth/token/batch\"")]
    public async Task An_issuer_that_names_no_safe_place_for_it_is_sent_nothing_and_still_asked_for_one_token(string endpoint)
    {
        using var client = issuer.Client(clock);
        issuer.BatchEndpoint = endpoint;

        var first = await Thrown(client);
        var second = await Thrown(client);

        Assert.All([first, second], told => Assert.Equal((TokenFailure.Unsupported, null, null), (told.Failure, told.Error, told.StatusCode)));
        Assert.Contains("token_batch_endpoint", first.Message);
        Assert.Empty(issuer.TokenHosts);
        Assert.Equal("of id.example", (await client.GetTokenAsync(Payments)).AccessToken);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"responses":null}""")]
    [InlineData("""{"responses":[]}""")]
    [InlineData("""{"responses":[{"status":200,"access_token":"token-1","token_type":"Bearer","expires_in":300}]}""")]
    [InlineData("""{"responses":[{"status":200,"access_token":"token-1","token_type":"Bearer","expires_in":300},null]}""")]
    [InlineData("""{"responses":[{"status":200,"access_token":"token-1","token_type":"Bearer","expires_in":300},{}]}""")]
    [InlineData("""{"responses":[{"status":200,"access_token":"token-1","token_type":"Bearer","expires_in":300},{"status":200}]}""")]
    [InlineData("""{"responses":[{"status":200,"access_token":"token-1","token_type":"Bearer","expires_in":300},{"status":400}]}""")]
    [InlineData("""{"responses":[{"status":200,"access_token":"token-1","token_type":"Bearer","expires_in":300},{"status":302,"error":"elsewhere"}]}""")]
    [InlineData("""{"responses":[{"status":200,"access_token":"token-1","token_type":"Bearer","expires_in":300},{"status":"200"}]}""")]
    [InlineData("""{"responses":[{"status":200,"access_token":"token-1","token_type":"Bearer","expires_in":300},{"status":400,"status":400,"error":"a"}]}""")]
    [InlineData("""{"responses":[{"access_token":"token-1","token_type":"Bearer","expires_in":300},{"access_token":"token-1","token_type":"Bearer","expires_in":300}]}""")]
    public async Task An_answer_that_is_not_whole_is_none_and_is_not_quoted(string body)
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => IssuerInMemory.Answer(HttpStatusCode.OK, body);

        var thrown = await Thrown(client);

        Assert.Equal((TokenFailure.NotAnIssuer, null, (HttpStatusCode?)HttpStatusCode.OK), (thrown.Failure, thrown.Error, thrown.StatusCode));
        Assert.DoesNotContain("token-1", thrown.ToString());
    }

    [Theory]
    [InlineData(15_000, null)] // 3.75 MiB
    [InlineData(17_000, TokenFailure.NotAnIssuer)]
    public async Task An_answer_has_room_for_256_long_tokens_and_not_for_more(int length, TokenFailure? failure)
    {
        using var client = issuer.Client(clock);
        var token = new string('t', length);
        issuer.Token = (call, _) => IssuerInMemory.Answers(
            Enumerable.Repeat($$"""{"status":200,"access_token":"{{token}}","token_type":"Bearer","expires_in":300}""", call.Wanted!.Count));
        var requests = Enumerable.Range(0, AssayClient.MaxRequestsAtOnce).Select(i => new TokenRequest(Payments, $"s{i}")).ToArray();

        var fault = await Record.ExceptionAsync(async () => Assert.All(await client.RequestTokensAsync(requests), result => Assert.Equal(token, result.Token!.AccessToken)));

        Assert.Equal(failure, (fault as AssayTokenException)?.Failure);
        Assert.Equal(failure is null, fault is null);
    }

    [Fact]
    public async Task None_is_answered_without_asking()
    {
        using var client = issuer.Client(clock);

        Assert.Empty(await client.RequestTokensAsync([]));
        Assert.Empty(issuer.Calls);
    }

    [Fact]
    public async Task What_cannot_be_asked_for_is_told_before_anything_is_sent()
    {
        using var client = issuer.Client(clock);

        var many = await Assert.ThrowsAsync<ArgumentException>(() => client.RequestTokensAsync([.. Enumerable.Repeat(Read, 257)]));
        var none = await Assert.ThrowsAsync<ArgumentException>(() => client.RequestTokensAsync([Read, null!]));

        Assert.StartsWith("At most 256 tokens are asked for at once, but these are 257.", many.Message);
        Assert.StartsWith("requests[1] is null.", none.Message);
        await Assert.ThrowsAsync<ArgumentNullException>(() => client.RequestTokensAsync(null!));
        Assert.Throws<ArgumentException>(() => new TokenRequest(""));
        Assert.Throws<ArgumentException>(() => new TokenRequest(Payments, "a b"));
        Assert.Throws<ArgumentException>(() => new TokenRequest(Payments, [null!]));
        Assert.Throws<ArgumentNullException>(() => new TokenRequest(Payments, null!));
        Assert.Empty(issuer.Calls);
    }

    [Fact]
    public void A_request_does_not_change_with_what_it_was_made_of()
    {
        string[] scopes = ["read"];
        var request = new TokenRequest(Payments, scopes);

        scopes[0] = "write";

        Assert.Equal((Payments, "read"), (request.Resource, Assert.Single(request.Scopes)));
        Assert.IsNotType<string[]>(request.Scopes);
    }

    [Fact]
    public async Task A_credential_that_cannot_be_used_is_told_and_nothing_is_sent()
    {
        using var client = issuer.Client(clock, new NoCredential());

        Assert.Equal(TokenFailure.Credential, (await Thrown(client)).Failure);
        Assert.Empty(issuer.TokenHosts);
    }

    [Fact]
    public async Task A_verification_is_performed_for_each_and_those_it_opened_are_asked_for_together()
    {
        List<string> asked = [];
        using var client = Verifying(required =>
        {
            asked.Add($"{required.Resource} {string.Join(' ', required.Withheld)}: {string.Join(' ', required.Verifications)}");
            return required.Verifications.Contains("attestation");
        });
        issuer.Token = (call, _) => call.Wanted!.Count == 4
            ? IssuerInMemory.Answers(
                Granted,
                """{"status":200,"access_token":"narrow","token_type":"Bearer","expires_in":300,"scope":"read","step_up":["attestation"]}""",
                """{"status":400,"error":"invalid_scope","step_up":["attestation"]}""",
                """{"status":400,"error":"invalid_scope","step_up":["approval"]}""")
            : IssuerInMemory.Answers("""{"status":200,"access_token":"whole","token_type":"Bearer","expires_in":300}""", Refused);

        var results = await client.RequestTokensAsync([Read, Write, new(Ledger, "close"), new(Ledger, "open")]);

        Assert.Equal([$"{Payments} write: attestation", $"{Ledger} close: attestation", $"{Ledger} open: approval"], asked);
        Assert.Equal(["granted", "whole", null, null], results.Select(result => result.Token?.AccessToken));
        Assert.Empty(results[2].Refusal!.StepUp); // the second answer
        Assert.Equal(["approval"], results[3].Refusal!.StepUp); // the first
        Assert.Equal([4, 2], issuer.Calls.Where(call => call.IsToken).Select(call => call.Wanted!.Count));
        Assert.Equal("whole", (await client.GetTokenAsync(Payments, "write", "read")).AccessToken);
    }

    [Theory]
    [InlineData("""{"responses":[{"status":400,"error":"invalid_scope"}]}""", 200)]
    [InlineData("""{"error":"temporarily_unavailable"}""", 503)]
    public async Task A_token_that_was_granted_survives_a_second_request_that_fails(string again, int status)
    {
        using var client = Verifying(_ => true);
        issuer.Token = (_, _) => issuer.TokenHosts.Count == 1
            ? IssuerInMemory.Answers(
                Granted, """{"status":200,"access_token":"narrow","token_type":"Bearer","expires_in":300,"scope":"read","step_up":["attestation"]}""")
            : IssuerInMemory.Answer((HttpStatusCode)status, again);

        var results = await client.RequestTokensAsync([Read, Write]);

        Assert.Equal(["granted", "narrow"], results.Select(result => result.Token!.AccessToken));
        Assert.Equal(2, issuer.TokenHosts.Count);
    }

    [Fact]
    public async Task What_was_asked_for_before_tokens_were_let_go_of_is_asked_for_once_more()
    {
        using var cache = OneByOneNever();
        List<TokenResult[]> answers = [];
        async Task<TokenResult[]> Ask(TokenRequest[] requests, CancellationToken cancellationToken)
        {
            if (answers.Count == 0)
                cache.LetGo(null);
            answers.Add(await Grant(requests, cancellationToken));
            return answers[^1];
        }

        var results = await cache.RequestAllAsync(Ask, [Read, Write], CancellationToken.None);

        Assert.Equal(2, answers.Count);
        Assert.Same(answers[1], results);
        Assert.Same(results[1].Token, await cache.GetAsync(Payments, ["write", "read"], CancellationToken.None));
    }

    [Fact]
    public async Task A_cancelled_call_ends_as_cancelled_and_one_of_a_client_that_was_disposed_as_such()
    {
        using var cancel = new CancellationTokenSource();
        var client = issuer.Client(clock);
        issuer.Token = async (_, cancellationToken) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return null;
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.RequestTokensAsync([Read], cancel.Token));
        client.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.RequestTokensAsync([Read], CancellationToken.None));
    }

    private TokenCache OneByOneNever(int capacity = 100) => new((_, _) => throw new InvalidOperationException("One by one?"), capacity, clock);

    private static Task<TokenResult[]> Grant(TokenRequest[] requests, CancellationToken cancellationToken) =>
        Task.FromResult(Array.ConvertAll(requests, request => new TokenResult(request, new TokenResponse("granted", "Bearer", TimeSpan.FromMinutes(5), request.Scopes), null)));

    private AssayClient At(AssayCredential? credential, string first, string second) =>
        issuer.Client(clock, credential, options => options.Endpoints = [new Uri($"https://{first}"), new Uri($"https://{second}")]);

    private AssayClient Verifying(Func<VerificationRequired, bool> verify) =>
        issuer.Client(clock, configure: options => options.OnVerificationRequired = (required, _) => ValueTask.FromResult(verify(required)));

    private static Task<AssayTokenException> Thrown(AssayClient client) =>
        Assert.ThrowsAsync<AssayTokenException>(() => client.RequestTokensAsync([Read, Default]));

    private sealed class NoCredential : AssayCredential
    {
        public override ValueTask ProveAsync(ClientProof proof, CancellationToken cancellationToken) => throw new AssayCredentialUnavailableException("nothing here");
    }
}
