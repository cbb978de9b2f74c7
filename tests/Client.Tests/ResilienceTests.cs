using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Assay.Client.Tests;

public sealed class ResilienceTests
{
    private const string Payments = "https://payments.example";
    private const string Granted = "of id.example";

    private readonly Clock clock = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly IssuerInMemory issuer = new();

    [Fact]
    public async Task Five_hundred_clients_neither_storm_an_issuer_that_is_away_nor_one_that_comes_back()
    {
        var clients = Enumerable.Range(0, 500).Select(_ => new Member(clock)).ToArray();
        foreach (var client in clients)
            client.Issuer.Away.Add("id.example");

        // A minute in which each asks for two things every second, and has neither.
        for (var second = 0; second < 60; second++)
        {
            foreach (var client in clients)
                Assert.Equal(0, await client.AskTwice());
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        // 0, 1, 3, 7, 15, then every 10 s at the earliest: nine requests.
        Assert.All(clients, client => Assert.InRange(client.Requests, 5, 9));

        // Back: within the first second only those come whose time has come.
        foreach (var client in clients)
            client.Issuer.Away.Clear();
        var before = clients.Sum(client => client.Requests);
        for (var quarter = 0; quarter < 4; quarter++)
        {
            foreach (var client in clients)
                await client.AskTwice();
            clock.Advance(TimeSpan.FromSeconds(0.25));
        }

        var came = clients.Count(client => client.HasTokens);
        Assert.InRange(came, 1, 200); // about 115 are due: they all began to fail in the same moment
        Assert.Equal(3 * came, clients.Sum(client => client.Requests) - before); // metadata and two tokens, each once

        // And 15 s later all have what they want, for no more requests than that.
        for (var second = 0; second < 15; second++)
        {
            foreach (var client in clients)
                await client.AskTwice();
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.All(clients, client => Assert.True(client.HasTokens));
        Assert.Equal(3 * clients.Length, clients.Sum(client => client.Requests) - before);
    }

    [Fact]
    public async Task While_the_issuer_asks_to_wait_all_callers_are_told_so_and_nothing_is_sent()
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => IssuerInMemory.Unavailable(retryAfter: 7);

        var first = await Refused(client, Payments, "a");
        clock.Advance(TimeSpan.FromSeconds(6));
        var same = await Refused(client, Payments, "a");
        var other = await Refused(client, "https://ledger.example", "b");
        var now = await Assert.ThrowsAsync<AssayTokenException>(() => client.RequestTokenAsync(Payments, ["a"]));

        Assert.Equal(TimeSpan.FromSeconds(7), first.RetryAfter);
        Assert.All([same, other, now], told =>
        {
            Assert.Equal(
                (TokenFailure.Unavailable, "temporarily_unavailable", (HttpStatusCode?)HttpStatusCode.ServiceUnavailable),
                (told.Failure, told.Error, told.StatusCode));
            Assert.InRange(told.RetryAfter!.Value.TotalSeconds, 1, 4.5); // what is left of 7 s, spread by half
        });
        Assert.Single(issuer.TokenHosts);

        issuer.Token = (_, _) => Task.FromResult<HttpResponseMessage?>(null);
        clock.Advance(other.RetryAfter!.Value);
        Assert.Equal(Granted, (await client.GetTokenAsync("https://ledger.example", "b")).AccessToken);
    }

    [Fact]
    public async Task Whoever_waits_for_exactly_as_long_as_they_were_told_is_served()
    {
        for (var i = 0; i < 200; i++)
        {
            using var client = issuer.Client(clock);
            issuer.Token = (_, _) => IssuerInMemory.Unavailable(retryAfter: 7);
            await Refused(client, Payments, "a");
            clock.Advance(TimeSpan.FromSeconds(6));
            var told = await Refused(client, Payments, "b");

            issuer.Token = (_, _) => Task.FromResult<HttpResponseMessage?>(null);
            clock.Advance(told.RetryAfter!.Value);

            Assert.Equal(Granted, (await client.GetTokenAsync(Payments, "b")).AccessToken);
        }
    }

    [Fact]
    public async Task After_the_pause_one_request_finds_out_and_the_others_wait_for_what_it_finds()
    {
        using var client = issuer.Client(clock);
        await client.RequestTokenAsync(Payments, []);
        issuer.Away.Add("id.example");
        await Refused(client, Payments, "a");
        issuer.Away.Clear();
        clock.Advance(TimeSpan.FromSeconds(1.5));
        var (arrived, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        issuer.Token = async (_, _) =>
        {
            arrived.TrySetResult();
            await gate.Task;
            return null;
        };

        var calls = Enumerable.Range(0, 50).Select(i => client.GetTokenAsync(Payments, $"s{i}").AsTask()).ToArray();
        await arrived.Task;
        Assert.Equal(3, issuer.TokenHosts.Count); // one that was granted, one that failed, one that finds out
        gate.SetResult();

        Assert.All(await Task.WhenAll(calls), token => Assert.Equal(Granted, token.AccessToken));
        Assert.Equal(2 + 50, issuer.TokenHosts.Count);
    }

    [Fact]
    public async Task What_the_one_request_finds_is_told_to_all_who_waited_for_it()
    {
        using var client = issuer.Client(clock);
        await client.RequestTokenAsync(Payments, []);
        issuer.Away.Add("id.example");
        await Refused(client, Payments, "a");
        clock.Advance(TimeSpan.FromSeconds(1.5));

        var calls = Enumerable.Range(0, 50).Select(i => client.GetTokenAsync(Payments, $"s{i}").AsTask()).ToArray();

        foreach (var call in calls)
            Assert.Equal(TokenFailure.Unreachable, (await Assert.ThrowsAsync<AssayTokenException>(() => call)).Failure);
        Assert.Equal(3, issuer.TokenHosts.Count);
    }

    [Fact]
    public async Task Who_gives_up_finding_out_leaves_it_to_the_next()
    {
        using var client = issuer.Client(clock);
        using var cancel = new CancellationTokenSource();
        issuer.Token = async (_, cancellationToken) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return null;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.RequestTokenAsync(Payments, [], cancel.Token));

        issuer.Token = (_, _) => Task.FromResult<HttpResponseMessage?>(null);
        Assert.Equal(Granted, (await client.GetTokenAsync(Payments)).AccessToken);
    }

    [Fact]
    public async Task Requests_that_fail_together_count_as_one_failure()
    {
        using var client = issuer.Client(clock);
        await client.RequestTokenAsync(Payments, []);
        var (underWay, gate) = (new CountdownEvent(10), new TaskCompletionSource());
        issuer.Token = async (_, _) =>
        {
            underWay.Signal();
            await gate.Task;
            return await IssuerInMemory.Unavailable();
        };
        var calls = Enumerable.Range(0, 10).Select(i => client.GetTokenAsync(Payments, $"s{i}").AsTask()).ToArray();
        underWay.Wait(TestContext.Current.CancellationToken);
        gate.SetResult();
        foreach (var call in calls)
            await Assert.ThrowsAsync<AssayTokenException>(() => call);

        issuer.Token = (_, _) => Task.FromResult<HttpResponseMessage?>(null);
        clock.Advance(TimeSpan.FromSeconds(1.5)); // the pause after one

        Assert.Equal(Granted, (await client.GetTokenAsync(Payments, "a")).AccessToken);
    }

    [Fact]
    public async Task A_refusal_is_an_answer_and_keeps_nobody_from_asking()
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => IssuerInMemory.Answer(HttpStatusCode.BadRequest, """{"error":"invalid_scope"}""");

        await Refused(client, Payments, "a");
        await Refused(client, Payments, "a");

        Assert.Equal(2, issuer.TokenHosts.Count);
    }

    [Fact]
    public async Task A_token_that_is_held_is_given_out_while_the_issuer_is_away_and_renewed_when_it_is_back()
    {
        using var client = issuer.Client(clock);
        var held = await client.GetTokenAsync(Payments, "a");
        clock.Advance(TimeSpan.FromSeconds(226)); // renewal is due
        issuer.Away.Add("id.example");

        for (var second = 0; second < 60; second++)
        {
            Assert.Same(held, await client.GetTokenAsync(Payments, "a"));
            await Assert.ThrowsAsync<AssayTokenException>(() => client.RequestTokenAsync(Payments, ["b"])); // after the renewal, or in its place
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(issuer.TokenHosts.Count, 2, 1 + 9 + 1);
        issuer.Away.Clear();
        clock.Advance(TimeSpan.FromSeconds(3)); // 289 s: not over yet
        Assert.Same(held, await client.GetTokenAsync(Payments, "a"));
        clock.Advance(TimeSpan.FromSeconds(15)); // it is over, and so is the longest pause
        await Patience.Until(async () => await Renewed());

        // A renewal from before may only now find that the issuer was away, and whoever waits for it is told the same.
        async Task<bool> Renewed()
        {
            try
            {
                return !ReferenceEquals(held, await client.GetTokenAsync(Payments, "a"));
            }
            catch (AssayTokenException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task The_next_address_is_asked_when_one_is_away_and_kept_to_until_it_fails()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var client = At(AssayCredential.FromPrivateKey(key), "a.example", "b.example");
        issuer.Away.Add("a.example");

        Assert.Equal("of b.example", await Now(client));
        clock.Advance(TimeSpan.FromMinutes(1));
        issuer.Away.Clear();
        Assert.Equal("of b.example", await Now(client)); // it works: why go back
        Assert.Equal(["a.example", "b.example", "b.example", "b.example"], issuer.Calls.Select(call => call.Host)); // metadata of a, of b; tokens

        issuer.Away.Add("b.example");
        Assert.Equal("of a.example", await Now(client));

        var assertions = issuer.Calls.Where(call => call.IsToken).Select(call => new Assertion(call.Assertion).Claims).ToList();
        Assert.Equal(4, assertions.Select(claims => claims.GetProperty("jti").GetString()).Distinct().Count());
        Assert.All(assertions, claims => Assert.Equal(IssuerInMemory.Url, claims.GetProperty("aud").GetString()));
    }

    [Fact]
    public async Task An_address_that_is_away_is_not_asked_again_and_again()
    {
        using var client = At(null, "a.example", "b.example");
        issuer.Away.UnionWith(["a.example", "b.example"]);

        await Refused(client, Payments);
        for (var i = 0; i < 100; i++)
            await Refused(client, Payments, $"s{i}");
        Assert.Equal(["a.example", "b.example"], issuer.Calls.Select(call => call.Host));

        clock.Advance(TimeSpan.FromSeconds(1.5));
        issuer.Away.Remove("b.example");
        Assert.Equal("of b.example", await Now(client));
        for (var i = 0; i < 100; i++)
            await Now(client);
        Assert.Equal(2, issuer.Calls.Count(call => call.Host == "a.example"));
    }

    [Theory]
    [InlineData(503, """{"error":"temporarily_unavailable"}""")]
    [InlineData(502, "<html/>")]
    [InlineData(404, "default backend")]
    [InlineData(200, "{}")]
    public async Task What_is_no_answer_of_the_issuer_leads_to_the_next_address(int status, string body)
    {
        using var client = At(null, "a.example", "b.example");
        issuer.Token = (call, _) => call.Host == "a.example" ? IssuerInMemory.Answer((HttpStatusCode)status, body) : Task.FromResult<HttpResponseMessage?>(null);

        Assert.Equal("of b.example", await Now(client));
        Assert.Equal(["a.example", "b.example"], issuer.TokenHosts);
    }

    [Fact]
    public async Task An_address_that_does_not_answer_in_its_time_gives_way_to_the_next()
    {
        var timers = new ClockWithTimers(clock.GetUtcNow());
        using var client = issuer.Client(timers, configure: options =>
        {
            options.Endpoints = [new Uri("https://a.example"), new Uri("https://b.example")];
            options.AttemptTimeout = TimeSpan.FromSeconds(10);
        });
        var arrived = new TaskCompletionSource();
        issuer.Token = async (call, cancellationToken) =>
        {
            if (call.Host == "a.example")
            {
                arrived.SetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return null;
        };

        var call = Now(client);
        await arrived.Task;
        timers.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal("of b.example", await call);
    }

    [Theory]
    [InlineData(400, "invalid_scope", TokenFailure.Scopes)]
    [InlineData(401, "invalid_client", TokenFailure.Client)]
    public async Task A_refusal_is_not_taken_elsewhere(int status, string error, TokenFailure failure)
    {
        using var client = At(null, "a.example", "b.example");
        issuer.Token = (_, _) => IssuerInMemory.Answer((HttpStatusCode)status, $$"""{"error":"{{error}}"}""");

        Assert.Equal(failure, (await Refused(client, Payments)).Failure);
        Assert.Equal(["a.example"], issuer.TokenHosts);
    }

    [Fact]
    public async Task Who_asks_too_often_is_quiet_at_every_address()
    {
        using var client = At(null, "a.example", "b.example");
        issuer.Token = (_, _) => IssuerInMemory.Answer(
            HttpStatusCode.TooManyRequests, """{"error":"temporarily_unavailable"}""", response => response.Headers.RetryAfter = new(TimeSpan.FromSeconds(30)));

        await Refused(client, Payments, "a");
        clock.Advance(TimeSpan.FromSeconds(29));
        await Refused(client, Payments, "b");
        Assert.Equal(["a.example"], issuer.TokenHosts);

        issuer.Token = (_, _) => Task.FromResult<HttpResponseMessage?>(null);
        clock.Advance(TimeSpan.FromSeconds(16));
        Assert.Equal("of a.example", await Now(client));
    }

    [Fact]
    public async Task When_every_address_fails_the_last_failure_is_told()
    {
        using var client = At(null, "a.example", "b.example");
        issuer.Away.Add("a.example");
        issuer.Token = (_, _) => IssuerInMemory.Unavailable(retryAfter: 3);

        var told = await Refused(client, Payments);

        Assert.Equal((TokenFailure.Unavailable, TimeSpan.FromSeconds(3)), (told.Failure, told.RetryAfter));
    }

    [Fact]
    public async Task A_silo_that_dies_in_the_middle_of_an_answer_is_not_noticed()
    {
        await using var server = await Issuer.Start();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ids = new ConcurrentBag<string>();
        server.Token = async context =>
        {
            ids.Add(new Assertion(server.Last!.Form["client_assertion"]).Claims.GetProperty("jti").GetString()!);
            if (server.TokenRequests == 1)
                await BreakOff(context);
            else
                await Issuer.Json(context, Issuer.Granted);
        };
        using var client = server.Client(AssayCredential.FromPrivateKey(key), clock);

        Assert.Equal("token-1", (await client.GetTokenAsync(Payments)).AccessToken);
        Assert.Equal(2, ids.Distinct().Count()); // a fresh assertion: the first may be spent
    }

    [Theory]
    [InlineData(HttpStatusCode.BadGateway)]
    [InlineData(HttpStatusCode.GatewayTimeout)]
    public async Task A_gateway_whose_silo_is_gone_is_asked_once_more(HttpStatusCode status)
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => issuer.TokenHosts.Count == 1 ? IssuerInMemory.Answer(status, "<html/>") : Task.FromResult<HttpResponseMessage?>(null);

        Assert.Equal(Granted, await Now(client));
        Assert.Equal(2, issuer.TokenHosts.Count);
    }

    [Fact]
    public async Task An_issuer_that_always_breaks_off_is_asked_twice_and_then_told_as_unreachable()
    {
        await using var server = await Issuer.Start();
        server.Token = BreakOff;
        using var client = server.Client(AssayCredential.FromSecret("s"), clock);

        Assert.Equal(TokenFailure.Unreachable, (await Refused(client, Payments)).Failure);
        await Refused(client, Payments);
        Assert.Equal(2, server.TokenRequests);
    }

    [Theory]
    [InlineData(+30, 2)] // refused once, for it is from the future
    [InlineData(-30, 1)] // the issuer has patience with the past
    [InlineData(-150, 2)]
    [InlineData(+9, 1)]
    public async Task A_clock_that_is_wrong_is_put_right_by_the_issuers(int seconds, int requests)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var right = clock.GetUtcNow();
        issuer.Token = (call, _) => Timely(call, right);
        clock.Advance(TimeSpan.FromSeconds(seconds));
        using var client = issuer.Client(clock, AssayCredential.FromPrivateKey(key));

        Assert.Equal(Granted, await Now(client));
        Assert.Equal(requests, issuer.TokenHosts.Count);
        Assert.Equal(Granted, await Now(client)); // it has learnt
        Assert.Equal(requests + 1, issuer.TokenHosts.Count);

        clock.Advance(TimeSpan.FromSeconds(-seconds)); // somebody puts the machine's clock right
        Assert.Equal(Granted, await Now(client));
    }

    [Fact]
    public async Task A_clock_that_is_wrong_by_more_than_five_minutes_is_told_as_a_refusal()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var right = clock.GetUtcNow();
        issuer.Token = (call, _) => Timely(call, right);
        clock.Advance(TimeSpan.FromMinutes(6));
        using var client = issuer.Client(clock, AssayCredential.FromPrivateKey(key));

        Assert.Equal(TokenFailure.Client, (await Refused(client, Payments)).Failure);
        Assert.Single(issuer.TokenHosts);
    }

    [Fact]
    public async Task A_key_that_was_replaced_while_the_issuer_was_away_is_used_when_it_is_back()
    {
        var folder = Directory.CreateTempSubdirectory("assay-client-");
        try
        {
            var path = Path.Combine(folder.FullName, "key.pem");
            using var old = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            await File.WriteAllTextAsync(path, old.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
            using var client = issuer.Client(clock, AssayCredential.FromKeyFile(path));
            await Now(client);

            issuer.Away.Add("id.example");
            await Refused(client, Payments, "a");
            await File.WriteAllTextAsync(path, next.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
            issuer.Away.Clear();
            clock.Advance(TimeSpan.FromSeconds(1.5));

            await client.GetTokenAsync(Payments, "a");
            Assert.True(new Assertion(issuer.Calls[^1].Assertion).IsSignedBy(next));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_slow_answer_is_waited_for_and_nobody_else_asked_unless_that_is_wanted()
    {
        using var client = At(null, "a.example", "b.example");
        await Now(client);
        var (arrived, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        issuer.Token = async (_, _) =>
        {
            arrived.SetResult();
            await gate.Task;
            return null;
        };

        var call = Now(client);
        await arrived.Task;
        gate.SetResult();

        Assert.Equal("of a.example", await call);
        Assert.Equal(["a.example", "a.example"], issuer.TokenHosts);
    }

    [Fact]
    public async Task Beside_a_slow_request_another_is_sent_when_that_is_wanted_and_the_first_answer_counts()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var timers = new ClockWithTimers(clock.GetUtcNow());
        using var client = issuer.Client(timers, AssayCredential.FromPrivateKey(key), options => options.HedgeAfter = TimeSpan.FromMilliseconds(20));
        await Now(client);
        var (arrived, left) = (new TaskCompletionSource(), new TaskCompletionSource());
        issuer.Token = async (_, cancellationToken) =>
        {
            if (issuer.TokenHosts.Count == 2)
            {
                arrived.SetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(_ => left.SetResult(), TaskScheduler.Default);
            }

            return null;
        };

        var call = Now(client);
        await arrived.Task;
        await timers.PassOnceAwaited(TimeSpan.FromMilliseconds(20));

        Assert.Equal(Granted, await call);
        await left.Task; // the slow one is called off
        Assert.Equal(3, issuer.Calls.Where(call => call.IsToken).Select(call => call.Assertion).Distinct().Count());
        Assert.Equal(Granted, await Now(client)); // and what came of it is held against nobody
    }

    [Fact]
    public async Task One_of_two_requests_that_fails_leaves_the_say_to_the_other()
    {
        var timers = new ClockWithTimers(clock.GetUtcNow());
        using var client = issuer.Client(timers, configure: options => options.HedgeAfter = TimeSpan.FromMilliseconds(20));
        await Now(client);
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        issuer.Token = async (_, _) =>
        {
            if (issuer.TokenHosts.Count == 2)
            {
                first.SetResult();
                await second.Task;
                return null;
            }

            second.SetResult();
            return await IssuerInMemory.Unavailable();
        };

        var call = Now(client);
        await first.Task;
        await timers.PassOnceAwaited(TimeSpan.FromMilliseconds(20));

        Assert.Equal(Granted, await call);
    }

    /// <summary>What the issuer's rule for time is: up to 10 s ahead, up to 30 s over.</summary>
    private static Task<HttpResponseMessage?> Timely(IssuerInMemory.Call call, DateTimeOffset now)
    {
        var claims = new Assertion(call.Assertion).Claims;
        var seconds = now.ToUnixTimeSeconds();
        return claims.GetProperty("iat").GetInt64() <= seconds + 10 && seconds < claims.GetProperty("exp").GetInt64() + 30
            ? Task.FromResult<HttpResponseMessage?>(null)
            : IssuerInMemory.Answer(HttpStatusCode.Unauthorized, """{"error":"invalid_client"}""", response => response.Headers.Date = now);
    }

    private static async Task BreakOff(HttpContext context)
    {
        context.Response.ContentLength = 1000;
        await context.Response.WriteAsync("{");
        await context.Response.Body.FlushAsync();
        context.Abort();
    }

    private AssayClient At(AssayCredential? credential, string first, string second, Action<AssayClientOptions>? configure = null) =>
        issuer.Client(clock, credential, options =>
        {
            options.Endpoints = [new Uri($"https://{first}"), new Uri($"https://{second}")];
            configure?.Invoke(options);
        });

    private static async Task<string> Now(AssayClient client) => (await client.RequestTokenAsync(Payments, [])).AccessToken;

    private static Task<AssayTokenException> Refused(AssayClient client, string resource, params string[] scopes) =>
        Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync(resource, scopes).AsTask());

    /// <summary>One of many clients, with a line of its own to the issuer.</summary>
    private sealed class Member
    {
        private readonly AssayClient client;

        public Member(Clock clock) => client = Issuer.Client(clock);

        public IssuerInMemory Issuer { get; } = new();

        public int Requests => Issuer.Calls.Count;

        public bool HasTokens { get; private set; }

        /// <summary>How many of two things it got.</summary>
        public async Task<int> AskTwice()
        {
            var got = 0;
            foreach (var resource in (string[])[Payments, "https://ledger.example"])
            {
                var call = client.GetTokenAsync(resource).AsTask();
                if (!call.IsCompleted)
                    await Task.WhenAny(call); // without the cost of throwing
                if (call.IsCompletedSuccessfully)
                    got++;
                else
                    Assert.Equal(TokenFailure.Unreachable, Assert.IsType<AssayTokenException>(call.Exception!.InnerException).Failure);
            }

            HasTokens = got == 2;
            return got;
        }
    }
}
